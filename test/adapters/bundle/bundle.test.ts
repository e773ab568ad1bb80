import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BundleError } from '../../../src/adapters/bundle/faults.ts';
import { createBundleSchema } from '../../../src/adapters/bundle/manifest.ts';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { writeBundle } from '../../../src/adapters/bundle/write.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { measureLogs } from '../../../src/domain/analysis/logs/measure-logs.ts';
import { at, incidentFrom, window } from '../../domain/analysis/incident.ts';
import { brokenFleet, culprit, oddName } from './broken-fleet.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bundle-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const manifest = { bundle: 1, service: 'cart', window, incidentFrom };

/** Writes files below the folder; objects become JSON, lists of objects NDJSON. */
async function put(files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const text = Array.isArray(content)
      ? content.map((record) => `${JSON.stringify(record)}\n`).join('')
      : JSON.stringify(content);
    await writeFile(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : text);
  }
}

async function readFaults(): Promise<readonly string[]> {
  const error: unknown = await readBundle(folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BundleError)) throw new Error(`The bundle was read, or failed otherwise: ${String(error)}`);
  return error.message.split('\n');
}

describe('a bundle that was written', () => {
  test('is read as the same bundle, with logs measured in place of their lines', async () => {
    const bundle = brokenFleet();
    await writeBundle(folder, bundle);
    const read = await readBundle(folder);
    const expected = bundle.input.evidence.map(({ evidence, body }) =>
      body?.kind === 'logs'
        ? { evidence, measured: measureLogs(evidence, body) }
        : { evidence, ...(body ? { body } : {}) },
    );
    expect(read).toEqual({ ...bundle, input: { ...bundle.input, evidence: expected } });
  });

  test('has the same analysis, to the last word', async () => {
    const bundle = brokenFleet();
    await writeBundle(folder, bundle);
    const analysis = analyseBundle(await readBundle(folder));
    expect(analysis).toEqual(analyseBundle(bundle));
    expect(analysis.diagnosis).toMatchObject({ verdict: 'cause', service: 'payment', change: culprit.id });
    expect(analysis.missing.join()).toContain('Prometheus did not answer');
  });

  test('keeps the names of services whatever they are, in files below it', async () => {
    await writeBundle(folder, brokenFleet());
    const names = await readdir(path.join(folder, 'logs'));
    expect(names).toHaveLength(3);
    // Without the index the names alone tell whose the files are.
    const { evidence: _index, ...rest } = JSON.parse(await readFile(path.join(folder, 'bundle.json'), 'utf8')) as {
      evidence: unknown;
    };
    await put({ 'bundle.json': rest });
    const read = await readBundle(folder);
    expect(new Set(read.input.evidence.map(({ evidence }) => evidence.service))).toEqual(
      new Set(['web', 'payment', oddName]),
    );
  });
});

describe('a bundle made by hand', () => {
  test('needs a manifest and one file of text, and finds the level of each line', async () => {
    const lines = Array.from({ length: 90 }, (_, i) => `${at(i - 30)} INFO cart request ${i} answered 200`);
    const errors = Array.from({ length: 30 }, (_, i) => `${at(31 + i / 2)} ERROR stock has no item ${i}`);
    await put({ 'bundle.json': manifest, 'logs/cart.log': [...lines, ...errors].sort().join('\n') });
    const { input } = await readBundle(folder);
    expect(input.evidence).toHaveLength(1);
    expect(input.evidence[0]?.evidence).toMatchObject({ id: 'cart/logs/1', outcome: 'found', query: 'logs/cart.log' });
    expect(input.evidence[0]?.measured?.lines).toBe(120);
    const grave = input.evidence[0]?.measured?.patterns.find(({ level }) => level === 'error');
    expect(grave).toMatchObject({ kind: 'new', after: 30 });
  });

  test('takes packed files, several files of a service, and records that leave out what the file name tells', async () => {
    const line = { at: at(1), message: 'it failed: Error: no' };
    await put({
      'bundle.json': manifest,
      'logs/cart.ndjson.gz': gzipSync(`${JSON.stringify(line)}\n`),
      'logs/cart~2.ndjson': [{ ...line, level: 'info' }, line],
      'deploys/cart.ndjson': [{ revision: 'v2', at: at(2) }],
      'flags/cart.ndjson': [{ flag: 'dark', at: '2026-03-01T13:30:00+01:00' }],
      'changes/cart.ndjson': [],
    });
    const { input } = await readBundle(folder);
    const of = (id: string) => input.evidence.find(({ evidence }) => evidence.id === id);
    expect(of('cart/logs/1')?.measured?.lines).toBe(1);
    expect(of('cart/logs/2')?.measured?.lines).toBe(2);
    expect(of('cart/deploys/1')?.body).toMatchObject({
      deploys: [{ id: 'cart/deploy/1', service: 'cart', status: 'succeeded' }],
    });
    expect(of('cart/flags/1')?.body).toMatchObject({ flags: [{ at: '2026-03-01T12:30:00.000Z', service: 'cart' }] });
    expect(of('cart/changes/1')?.evidence.outcome).toBe('empty');
  });

  test('has secrets of known forms taken out of text', async () => {
    const text = `${at(40)} ERROR login failed password=hunter2hunter2 for somebody\n`;
    await put({ 'bundle.json': manifest, 'logs/cart.log': text.repeat(3) });
    const { input } = await readBundle(folder);
    expect(JSON.stringify(input)).toContain('login failed');
    expect(JSON.stringify(input)).not.toContain('hunter2');
  });
});

describe('what lies outside of the window', () => {
  const early = '2026-02-28T12:00:00.000Z';
  const files = {
    'bundle.json': manifest,
    'alerts.ndjson': [{ name: 'Errors', startsAt: early }],
    'logs/cart.ndjson': [
      ...[early, window.from, at(59), window.to, at(90)].map((time) => ({ at: time, message: 'x' })),
    ],
    'logs/stock.log': `${early} INFO old\n${at(1)} INFO new\n`,
    'metrics/cart.ndjson': [
      {
        name: 'load',
        points: [
          [early, 9],
          [at(1), 1],
          [at(600), 9],
        ],
      },
    ],
    'traces/cart.ndjson': [early, at(1)].map((time, id) => ({
      traceId: 't',
      id: `${id}`,
      name: 'GET',
      at: time,
      durationMs: 1,
    })),
    'changes/cart.ndjson': [{ id: 'abcdef0', at: early, subject: 's' }],
    'deploys/cart.ndjson': [early, at(1)].map((time) => ({ revision: time, at: time })),
    'flags/cart.ndjson': [{ flag: 'f', at: early }],
    'events/cart.ndjson': [
      { at: early, object: 'Pod/a', message: 'old' },
      { at: early, lastAt: at(1), object: 'Pod/a', message: 'again and again' },
    ],
  };

  test('is left out where it was measured, and used where it happened', async () => {
    await put(files);
    const { input } = await readBundle(folder);
    const of = (id: string) => input.evidence.find(({ evidence }) => evidence.id === id);
    expect(of('cart/logs/1')?.measured?.lines, 'the end of the window and a minute more are inside').toBe(3);
    expect(of('stock/logs/1')?.measured?.lines).toBe(1);
    expect(of('cart/metrics/1')?.body).toMatchObject({ series: [{ points: [[at(1), 1]] }] });
    expect(of('cart/traces/1')?.body).toMatchObject({ spans: [{ id: '1' }] });
    expect(of('cart/changes/1')?.body).toMatchObject({ changes: [{ id: 'abcdef0' }] });
    expect(of('cart/deploys/1')?.body).toMatchObject({ deploys: [{ at: early }, { at: at(1) }] });
  });

  test('is told as missing, with how many records of which file', async () => {
    await put(files);
    const { missing } = analyseBundle(await readBundle(folder));
    const expected = [
      /^cart: logs .*: 2 of 5 log lines in logs\/cart\.ndjson lie outside of the window \(1 before, 1 after it\) and were left out/,
      /^stock: logs .*: 1 of 2 log lines in logs\/stock\.log lie outside/,
      /^cart: metrics .*: 2 of 3 points in metrics\/cart\.ndjson lie outside/,
      /^cart: traces .*: 1 of 2 spans in traces\/cart\.ndjson lie outside/,
      /outside of the window, and was used all the same: 1 of 1 commit of cart\/changes\/1, 1 of 2 deploys of cart\/deploys\/1, 1 of 2 events of cart\/events\/1, 1 of 1 flag of cart\/flags\/1$/,
      /alerts began outside of the window \(Errors at 2026-02-28T12:00:00\.000Z\)/,
    ];
    for (const pattern of expected) expect(missing).toContainEqual(expect.stringMatching(pattern));
  });
});

describe('faults of a bundle', () => {
  test('are all told at once, each with file, line and what to write', async () => {
    await put({
      'bundle.json': { ...manifest, evidence: [{ ...entry('cart/logs/9'), file: '../logs.ndjson' }] },
      'alerts.ndjson': [{ name: 'A' }],
      'logs/cart.ndjson': [
        { at: 'yesterday', message: 'x' },
        { at: at(1), mesage: 'x' },
      ],
      'logs/stock.txt': 'x',
      'metrics/cart.ndjson': '{"name": "m", "points": [[1, 2]]}\n{"name":',
      'log/cart.ndjson': [],
    });
    const faults = await readFaults();
    const expected = [
      /^bundle\.json evidence\[0\]\.file: lies outside of the bundle; write/,
      /^alerts\.ndjson:1 startsAt: is missing; write an ISO 8601 time/,
      /^logs\/cart\.ndjson:1 at: is "yesterday"; write an ISO 8601 time with its zone/,
      /^logs\/cart\.ndjson:2 message: is missing; write text/,
      /^logs\/cart\.ndjson:2 mesage: is not known; did you mean `message`/,
      /^logs\/stock\.txt is no file of records; name it <service>\.ndjson or <service>\.log/,
      /^metrics\/cart\.ndjson:1 points\[0\]\[0\]: is 1; write an ISO 8601 time/,
      /^metrics\/cart\.ndjson:2 is not JSON .*; write one whole JSON object a line/,
      /^log\/ is no folder of a bundle; did you mean `logs`/,
    ];
    for (const pattern of expected) expect(faults).toContainEqual(expect.stringMatching(pattern));
    expect(faults, faults.join('\n')).toHaveLength(expected.length);
  });

  test.each([
    ['no manifest', {}, /^bundle\.json is missing; write one/],
    ['a newer version', { 'bundle.json': { ...manifest, bundle: 2 } }, /is no version that this program reads/],
    [
      'a window that ends before it begins',
      { 'bundle.json': { ...manifest, window: swap() } },
      /^bundle\.json window:/,
    ],
    [
      'a packed file that is cut',
      { 'bundle.json': manifest, 'logs/a.ndjson.gz': gzipSync('{}').subarray(0, 9) },
      /no whole gzip/,
    ],
    ['text without a time', { 'bundle.json': manifest, 'logs/a.log': 'hello\nworld\n' }, /^logs\/a\.log tells no time/],
    [
      'an id that is there twice',
      { 'bundle.json': { ...manifest, evidence: [entry('a'), entry('a')] } },
      /is there twice/,
    ],
    [
      'found evidence without a file',
      { 'bundle.json': { ...manifest, evidence: [{ ...entry('a'), outcome: 'found' }] } },
      /names no file/,
    ],
    [
      'a file that is not there',
      { 'bundle.json': { ...manifest, evidence: [{ ...entry('a'), file: 'logs/x.ndjson' }] } },
      /^logs\/x\.ndjson is not there/,
    ],
  ])('%s is one', async (_what, files, pattern) => {
    await put(files);
    expect(await readFaults()).toEqual([expect.stringMatching(pattern)]);
  });

  test('of a file that is wrong throughout are counted after the first hundred', async () => {
    await put({ 'bundle.json': manifest, 'logs/cart.ndjson': Array.from({ length: 150 }, () => ({})) });
    const faults = await readFaults();
    expect(faults.at(-1)).toBe('logs/cart.ndjson has 200 more faults like these');
  });
});

test('docs/bundle.schema.json is the schema that the reader uses', async () => {
  const published = JSON.parse(await readFile('docs/bundle.schema.json', 'utf8')) as unknown;
  expect(published, 'run: npx tsx src/adapters/bundle/write-schema.ts').toEqual(
    JSON.parse(JSON.stringify(createBundleSchema())),
  );
});

function entry(id: string) {
  return { id, service: 'cart', kind: 'logs', source: 's', query: 'q', window, outcome: 'empty', summary: '' };
}

function swap() {
  return { from: window.to, to: window.from };
}
