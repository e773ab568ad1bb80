import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { at, window } from '../../domain/analysis/incident.ts';
import { manifest, put, readFaults } from './bundle-folder.ts';

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

  test('name files that hold records and lie where nothing is read', async () => {
    await put({
      'bundle.json': manifest,
      'alerts.json': [],
      'alerts.ndjson': [],
      'alerts.ndjson.gz': gzipSync(''),
      'cart.log': 'x',
      'extra/deep/cart.log': 'x',
      'incident.json': {},
      'logs/team/cart.log': 'x',
    });
    expect((await readFaults()).map((fault) => fault.split(' ')[0])).toEqual([
      'alerts.ndjson.gz',
      'alerts.json',
      'cart.log',
      'extra/',
      'logs/team',
    ]);
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
    [
      'a beginning outside of the window',
      { 'bundle.json': { ...manifest, incidentFrom: at(600) } },
      /^bundle\.json incidentFrom: lies outside of the window/,
    ],
    [
      'no beginning and no alert',
      { 'bundle.json': { bundle: 1, service: 'cart', window } },
      /^bundle\.json incidentFrom: is missing, and no alert/,
    ],
    [
      'NaN',
      { 'bundle.json': manifest, 'metrics/a.ndjson': '{"name":"m","points":[["x",NaN]]}' },
      /:1 is not JSON: it holds NaN/,
    ],
    [
      'UTF-16',
      { 'bundle.json': manifest, 'logs/a.log': Buffer.from('\ufeffhello', 'utf16le') },
      /is written in UTF-16; write it in UTF-8/,
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

  test('of a file that is wrong throughout are counted after the first five', async () => {
    await put({ 'bundle.json': manifest, 'logs/cart.ndjson': Array.from({ length: 150 }, () => ({})) });
    const faults = await readFaults();
    expect(faults).toHaveLength(6);
    expect(faults.at(-1)).toBe('logs/cart.ndjson has 295 more faults like these');
  });

  test('beside a key of the manifest that is not known are told too', async () => {
    await put({
      'bundle.json': { ...manifest, dependancies: {} },
      'logs/cart.ndjson': [{ at: 'yesterday', message: 'x' }],
    });
    expect(await readFaults()).toEqual([
      expect.stringMatching(/^bundle\.json dependancies: is not known; did you mean `dependencies`/),
      expect.stringMatching(/^logs\/cart\.ndjson:1 at: is "yesterday"/),
    ]);
  });
});

function entry(id: string) {
  return { id, service: 'cart', kind: 'logs', source: 's', query: 'q', window, outcome: 'empty', summary: '' };
}

function swap() {
  return { from: window.to, to: window.from };
}
