import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createBundleSchema } from '../../../src/adapters/bundle/manifest.ts';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { writeBundle } from '../../../src/adapters/bundle/write.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { measureLogs } from '../../../src/domain/analysis/logs/measure-logs.ts';
import { at } from '../../domain/analysis/incident.ts';
import { folder, manifest, put } from './bundle-folder.ts';
import { brokenFleet, culprit, oddName } from './broken-fleet.ts';

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

  test('takes what other programs write: times as numbers, any level, null for absent, nested fields, Prometheus points', async () => {
    const ms = Date.parse(at(1));
    await put({
      'bundle.json': { ...manifest, note: null },
      'logs/cart.ndjson': [ms / 1000, ms, ms * 1e6].map((time) => ({
        at: time,
        level: 'CRITICAL',
        message: 'x',
        fields: { a: null, http: { status: 500 }, tags: ['b'] },
      })),
      'traces/cart.ndjson': [
        {
          traceId: 't',
          id: '1',
          parentId: null,
          name: 'GET',
          at: ms,
          durationMs: 1,
          fields: { a: null, http: { status: 500 }, tags: ['b'] },
        },
      ],
      'metrics/cart.ndjson': [
        {
          name: 'load',
          points: [
            [ms / 1000, '0.25'],
            [ms / 1000 + 15, 'NaN'],
            [at(2), '+Inf'],
            [at(3), null],
            [at(4), 1],
          ],
        },
      ],
    });
    const { input } = await readBundle(folder);
    const of = (id: string) => input.evidence.find(({ evidence }) => evidence.id === id);
    expect(of('cart/logs/1')?.measured?.timesMs).toEqual([ms, ms, ms]);
    expect(of('cart/traces/1')?.body).toMatchObject({
      spans: [{ at: at(1), fields: { 'http.status': 500, tags: '["b"]' } }],
    });
    expect(of('cart/metrics/1')?.body).toMatchObject({
      series: [
        {
          points: [
            [at(1), 0.25],
            [at(4), 1],
          ],
        },
      ],
    });
  });

  test('may leave out when the incident began, where an alert of the window tells it', async () => {
    const { incidentFrom: _left, ...rest } = manifest;
    const alerts = [
      { name: 'A', startsAt: at(45) },
      { name: 'B', startsAt: at(40) },
      { name: 'Old', startsAt: at(-300) },
    ];
    await put({ 'bundle.json': rest, 'alerts.ndjson': alerts });
    expect((await readBundle(folder)).incidentFrom).toBe(at(40));
  });

  test('has secrets of known forms taken out of text', async () => {
    const text = `${at(40)} ERROR login failed password=hunter2hunter2 for somebody\n`;
    await put({ 'bundle.json': manifest, 'logs/cart.log': text.repeat(3) });
    const { input } = await readBundle(folder);
    expect(JSON.stringify(input)).toContain('login failed');
    expect(JSON.stringify(input)).not.toContain('hunter2');
  });
});

test('docs/bundle.schema.json is the schema that the reader uses', async () => {
  const published = JSON.parse(await readFile('docs/bundle.schema.json', 'utf8')) as unknown;
  expect(published, 'run: npx tsx src/adapters/bundle/write-schema.ts').toEqual(
    JSON.parse(JSON.stringify(createBundleSchema())),
  );
});
