import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunOrder } from '../../src/adapters/docker/sandbox.ts';
import { createRunCache, type KnownRun, type RunCache } from '../../src/adapters/run-cache.ts';

let folder: string;
let cache: RunCache;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-runs-'));
  cache = createRunCache({ folder: path.join(folder, 'runs') });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = (service: string, treeDigest: string) => ({
  service,
  treeDigest,
  entries: Buffer.alloc(0),
  files: 1,
  unpackedBytes: 0,
});
const order: RunOrder = {
  incidentId: 'incident/app',
  runId: 'run-1',
  imageId: 'sha256:image',
  sources: [source('app', 'tree-1'), source('db', 'tree-2')],
  workService: 'app',
  setup: [['make']],
  command: ['npm', 'test'],
  limits: { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
  signal: new AbortController().signal,
};
const run: KnownRun = {
  end: 'failed',
  exitCode: 1,
  durationMs: 400,
  totalBytes: 20,
  outputDigest: 'o'.repeat(64),
  timeoutMs: 1_000,
  at: '2026-11-21T09:00:00.000Z',
};
const within = (timeoutMs: number): RunOrder => ({ ...order, limits: { ...order.limits, timeoutMs } });
const onlyFile = async () => path.join(folder, 'runs', (await readdir(path.join(folder, 'runs')))[0]!);

describe('the cache of runs', () => {
  it('holds a run under one OCI runtime for nothing under another', async () => {
    await cache.write(order, run);
    const other = createRunCache({ folder: path.join(folder, 'runs'), runtime: 'runsc' });
    expect(await other.read(order)).toEqual({});
    expect(await cache.read(order)).toEqual({ run });
  });

  it('gives a result to another incident that asks for the same run', async () => {
    expect(await cache.read(order)).toEqual({});
    await cache.write(order, run);
    const other = { ...order, incidentId: 'incident/other', runId: 'run-2', sources: order.sources.toReversed() };
    expect(await createRunCache({ folder: path.join(folder, 'runs') }).read(other)).toEqual({ run });
  });

  it.each<[string, Partial<RunOrder>]>([
    ['tree', { sources: [source('app', 'tree-9'), source('db', 'tree-2')] }],
    ['neighbour', { sources: [source('app', 'tree-1'), source('db', 'tree-9')] }],
    ['neighbours swapped', { sources: [source('app', 'tree-2'), source('db', 'tree-1')] }],
    ['image', { imageId: 'sha256:other' }],
    ['command', { command: ['npm test'] }],
    ['set-up', { setup: [] }],
    ['work folder', { workService: 'db' }],
    ['memory', { limits: { ...order.limits, memoryMb: 128 } }],
    ['processors', { limits: { ...order.limits, cpus: 2 } }],
  ])('is not fooled by another %s', async (_, change) => {
    await cache.write(order, run);
    expect(await cache.read({ ...order, ...change })).toEqual({});
  });

  it('uses a result only where the time limit would not have changed it', async () => {
    await cache.write(order, run);
    expect(await cache.read(within(399))).toEqual({});
    expect(await cache.read(within(90_000))).toEqual({ run });
  });

  it('forgets a result that turned out flaky', async () => {
    await cache.write(order, run);
    await cache.forget(order);
    await cache.forget(order);
    expect(await cache.read(order)).toEqual({});
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    ['changed', (text: string) => text.replace('"failed"', '"passed"')],
    ['of another shape', () => '{"run":{},"sha256":""}'],
  ])('takes an entry that is %s for a miss, says so, and removes it', async (_, damage) => {
    await cache.write(order, run);
    const file = await onlyFile();
    await writeFile(file, damage(await readFile(file, 'utf8')));
    expect(await cache.read(order)).toEqual({ damage: expect.stringContaining(file) as string });
    expect(await cache.read(order)).toEqual({});
  });

  it('throws out the oldest beyond its bound', async () => {
    const small = createRunCache({ folder, maxEntries: 10 });
    const orders = Array.from({ length: 11 }, (_, index) => ({ ...order, command: [`${index}`] }));
    for (const one of orders.slice(0, 10)) await small.write(one, run);
    for (const name of await readdir(folder)) await utimes(path.join(folder, name), 1_000, 1_000);
    await small.write(orders[10]!, run);
    expect(await readdir(folder)).toHaveLength(9);
    expect(await small.read(orders[10]!)).toEqual({ run });
  });
});
