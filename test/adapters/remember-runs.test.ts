import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunOrder, RunReport } from '../../src/adapters/docker/sandbox.ts';
import { rememberRuns } from '../../src/adapters/remember-runs.ts';
import { createRunCache } from '../../src/adapters/run-cache.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-remember-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const order: RunOrder = {
  incidentId: 'incident/app',
  runId: 'run-1',
  imageId: 'sha256:image',
  sources: [{ service: 'app', treeDigest: 'tree', entries: Buffer.alloc(0), files: 1, unpackedBytes: 0 }],
  workService: 'app',
  setup: [],
  command: ['npm', 'test'],
  limits: { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
  signal: new AbortController().signal,
};
const passed: RunReport = { end: 'passed', exitCode: 0, durationMs: 5, output: Buffer.from('well'), totalBytes: 4 };
const failed: RunReport = { ...passed, end: 'failed', exitCode: 1, output: Buffer.from('ill') };

/** A sandbox whose runs end as told, one after the other. */
function makeWorld(...reports: RunReport[]) {
  const bodies = new Map<string, Buffer>();
  const warned: string[] = [];
  const world = { ran: 0, warned, bodies };
  const sandbox = {
    run: async (_order: RunOrder) => {
      world.ran += 1;
      return reports.shift()!;
    },
  };
  const remembering = rememberRuns(sandbox, {
    cache: createRunCache({ folder: path.join(folder, 'runs') }),
    logger: { warn: (_, message) => warned.push(message) },
    now: () => new Date('2026-11-21T09:00:00Z'),
    store: {
      async put(content) {
        const digest = createHash('sha256').update(content).digest('hex');
        bodies.set(digest, Buffer.from(content));
        return { digest };
      },
      async get(digest) {
        const body = bodies.get(digest);
        if (!body) throw new Error('no such body');
        return body;
      },
    },
  });
  return Object.assign(world, { run: (more: Partial<RunOrder> = {}) => remembering.run({ ...order, ...more }) });
}

describe('a sandbox that remembers', () => {
  it('runs once what two incidents ask for, and says when it ran', async () => {
    const world = makeWorld(failed, passed);
    expect(await world.run()).toEqual(failed);
    expect(await world.run({ incidentId: 'incident/other' })).toEqual({
      ...failed,
      keptFrom: '2026-11-21T09:00:00.000Z',
    });
    expect(world.ran).toBe(1);
  });

  it('tells of a kept run all that was told of it the first time', async () => {
    const lacking = { ...failed, failedSetup: 0, notice: 'It was slow.', note: 'Its dependencies are not prepared.' };
    const world = makeWorld(lacking);
    await world.run();
    expect(await world.run()).toEqual({ ...lacking, keptFrom: '2026-11-21T09:00:00.000Z' });
  });

  it('answers no repeat from memory, and forgets a result that a repeat contradicts', async () => {
    const world = makeWorld(failed, failed, passed, passed);
    await world.run();
    await world.run({ isRepeat: true });
    expect(await world.run()).toMatchObject({ end: 'failed', keptFrom: '2026-11-21T09:00:00.000Z' });
    expect(await world.run({ isRepeat: true })).toEqual(passed);
    expect(await world.run()).toEqual(passed);
    expect(world.ran).toBe(4);
  });

  it('does not let a repeat stand for the first run', async () => {
    const world = makeWorld(passed, failed);
    await world.run({ isRepeat: true });
    expect(await world.run()).toEqual(failed);
  });

  it.each(['killed-itself', 'timed-out', 'out-of-memory'] as const)(
    'does not believe later what one bad moment of the machine did: %s',
    async (end) => {
      const world = makeWorld({ ...failed, end, exitCode: -1 }, passed);
      await world.run();
      expect(await world.run()).toEqual(passed);
    },
  );

  it('runs again where the output is gone', async () => {
    const world = makeWorld(failed, failed);
    await world.run();
    world.bodies.clear();
    expect(await world.run()).toEqual(failed);
  });

  it('runs, and says so, where an entry is damaged or the folder cannot be used', async () => {
    const world = makeWorld(failed, failed, passed);
    await world.run();
    const runs = path.join(folder, 'runs');
    await writeFile(path.join(runs, (await readdir(runs))[0]!), '{');
    expect(await world.run()).toEqual(failed);
    await rm(runs, { recursive: true });
    await writeFile(runs, 'a file in its place');
    expect(await world.run()).toEqual(passed);
    expect(world.warned).toEqual([
      expect.stringContaining('cannot be used and was removed'),
      expect.stringContaining('could not be used'),
      expect.stringContaining('could not be used'),
    ]);
  });
});
