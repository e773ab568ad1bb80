import { describe, expect, test } from 'vitest';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { at, window } from '../../domain/analysis/incident.ts';
import { folder, manifest, put } from './bundle-folder.ts';

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
      /outside of the window, and were used all the same: 1 of 1 commit of cart\/changes\/1, 1 of 2 deploys of cart\/deploys\/1, 1 of 2 events of cart\/events\/1, 1 of 1 flag of cart\/flags\/1$/,
      /alerts began outside of the window \(Errors at 2026-02-28T12:00:00\.000Z\)/,
    ];
    for (const pattern of expected) expect(missing).toContainEqual(expect.stringMatching(pattern));
  });
});

describe('what tells nothing', () => {
  test('is no sign of health: files without a record, or with all of them outside of the window', async () => {
    await put({
      'bundle.json': manifest,
      'logs/cart.ndjson': '',
      'metrics/cart.ndjson': [{ name: 'load', points: [] }],
    });
    expect(analyseBundle(await readBundle(folder)).diagnosis.verdict).toBe('inconclusive');
    await put({ 'logs/cart.log': `${at(900)} INFO fine\n` });
    expect(analyseBundle(await readBundle(folder)).diagnosis.verdict).toBe('inconclusive');
  });

  test('is told of the services that the alerting one calls', async () => {
    await put({
      'bundle.json': { ...manifest, dependencies: { cart: ['stock', 'payment'] } },
      'logs/stock.ndjson': '',
    });
    const { missing } = analyseBundle(await readBundle(folder));
    expect(missing).toContain('any evidence of payment, which cart calls');
  });
});
