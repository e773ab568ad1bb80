import { describe, expect, it } from 'vitest';
import type { RunOrder } from '../../../src/adapters/docker/sandbox.ts';
import { OutsideError } from '../../../src/adapters/outside-error.ts';
import { toProof } from '../../../src/domain/reproduction/tabulate-runs.ts';
import type { ReplayAnswer } from '../../../src/domain/reproduction/replay.ts';
import { breaksAt, makeWorld, plan, status } from './ways-world.ts';

describe('tryWays', () => {
  it('bisects by a replayed request as it does by a command', async () => {
    const world = makeWorld(breaksAt(2));
    const result = await world.run(['request']);
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r2', before: 'r1', imageDigest: 'sha256:node' });
    expect(result.runs[0]).toMatchObject({
      command: ['GET', '/orders/7'],
      end: 'failed',
      way: 'request',
      match: 'same',
      outputTail: expect.stringMatching(
        /\[body\] what happened\nGET \/orders\/7 to order: answered 500 in 5 ms; in production 500\n?$/,
      ) as string,
    });
    expect(world.orders).toEqual([]);
  });

  it('starts each service from its own image and source, within a limit that is the sum of theirs', async () => {
    const world = makeWorld(breaksAt(3));
    await world.run(['request']);
    expect(world.groups[0]).toMatchObject({
      driverImageId: 'sha256:node',
      limits: { memoryMb: 296, cpus: 1, timeoutMs: 9_000 },
      members: [
        {
          service: 'order',
          imageId: 'sha256:node',
          limits: { memoryMb: 100, cpus: 1 },
          sources: [{ treeDigest: 'order' }],
        },
        { service: 'app', imageId: 'sha256:python', sources: [{ treeDigest: '3' }] },
      ],
    });
  });

  it('tells which services ran in an image with their dependencies, and whose were not prepared', async () => {
    const world = makeWorld(breaksAt(3));
    world.lacks = { note: 'The dependencies of app are not prepared.', layeredImageIds: { order: 'sha256:layered' } };
    const { runs, ...rest } = await world.run(['request']);
    expect(runs).toHaveLength(7);
    for (const run of runs) {
      expect(run).toMatchObject({ note: world.lacks.note, imageDigests: world.lacks.layeredImageIds });
    }
    expect(toProof({ ...rest, runs }).notes).toContain(world.lacks.note);
  });

  it("does not take another failure for production's", async () => {
    const result = await makeWorld(() => status(503)).run(['request']);
    expect(result).toMatchObject({ verdict: 'not-reproduced' });
    expect(result.reason).toContain('answered 503 in 5 ms; in production 500');
  });

  it('is flaky when a revision answers now so, now so', async () => {
    const result = await makeWorld((content, nth) => status(content === '3' && nth !== 2 ? 500 : 200)).run(['request']);
    expect(result).toMatchObject({ verdict: 'flaky' });
  });

  it('cannot run, and names the service, when one never gets ready or its set-up fails', async () => {
    const never = await makeWorld(() => ({
      kind: 'not-ready',
      service: 'app',
      detail: 'not ready on port 8081 after 9 ms',
    })).run(['request']);
    expect(never).toMatchObject({
      verdict: 'cannot-run',
      reason: expect.stringContaining('app was not ready on port 8081') as string,
    });
    const failed = makeWorld(() => ({
      kind: 'set-up-failed',
      service: 'app',
      command: plan.services[1]!.setup[0]!,
      exitCode: 2,
    }));
    expect((await failed.run(['request'])).reason).toMatch(/`make app` did not work on r3/);
    const unread = await makeWorld(() => ({ kind: 'unreadable', detail: 'it told 2 answers' })).run(['request']);
    expect(unread).toMatchObject({
      verdict: 'cannot-run',
      reason: expect.stringContaining('could not be read: it told 2 answers') as string,
    });
  });

  it('names a hang by its time limit and a lack of memory by what the kernel counted', async () => {
    const silent: ReplayAnswer = { kind: 'silent', durationMs: 900, detail: '' };
    const request = { ...plan.request, status: 504 };
    const hang = await makeWorld((content) => (content === '3' ? { kind: 'answer', answer: silent } : status(200))).run(
      ['request'],
      { replay: { ...plan, request } },
    );
    expect(hang).toMatchObject({
      verdict: 'reproduced',
      runs: [{ end: 'timed-out', exitCode: -1 }, {}, {}, {}, {}, {}, {}],
    });
  });

  it('goes on to the next way when one shows no failure, and tells the runs of both', async () => {
    const world = makeWorld(breaksAt(3));
    const result = await world.run(['test', 'request']);
    expect(result).toMatchObject({ verdict: 'reproduced', reason: '' });
    expect(new Set(result.runs.map(({ way }) => way))).toEqual(new Set(['test', 'request']));
    const neither = await makeWorld(() => status(200)).run(['test', 'request']);
    expect(neither).toMatchObject({ verdict: 'not-reproduced' });
    expect(neither.reason).toMatch(/^The command: .* A replayed GET \/orders\/7: /);
  });

  it('tries no other way once one has shown the failure, nor without time', async () => {
    const fails = (order: RunOrder) =>
      order.sources[0]?.treeDigest === '3' ? { end: 'failed' as const, exitCode: 1 } : {};
    const world = makeWorld(breaksAt(3), fails);
    expect(await world.run(['test', 'request'])).toMatchObject({ verdict: 'reproduced' });
    expect(world.groups).toEqual([]);
    const late = makeWorld(breaksAt(3));
    late.hasTime = false;
    await late.run(['test', 'request']);
    expect(late.groups).toEqual([]);
  });

  it('goes on to the next way when one cannot run for want of something, and throws what a retry can mend', async () => {
    const trouble = (retryable: boolean) => () => {
      throw new OutsideError('no image', { system: 'Docker', kind: 'Trouble', retryable });
    };
    const result = await makeWorld(trouble(false)).run(['request', 'test']);
    expect(result).toMatchObject({ verdict: 'not-reproduced', reason: expect.stringContaining('no image') as string });
    await expect(makeWorld(trouble(true)).run(['request', 'test'])).rejects.toThrow('no image');
  });

  it('runs a written script beside the source, as nothing but a file of it, and labels it', async () => {
    const fails = (order: RunOrder) =>
      order.sources[0]?.treeDigest === '3' ? { end: 'failed' as const, exitCode: 1 } : {};
    const world = makeWorld(breaksAt(3), fails);
    const script = {
      path: 'shows-it.js',
      digest: 'text of the script',
      command: ['node', 'shows-it.js'],
      by: 'claude/x',
    };
    const result = await world.run(['script'], { script });
    expect(result).toMatchObject({
      verdict: 'reproduced',
      runs: [{ way: 'script', command: script.command }, {}, {}, {}, {}, {}, {}],
    });
    expect(world.orders[0]).toMatchObject({ workService: 'app', command: script.command });
    const [, , added] = world.orders[0]?.sources ?? [];
    expect(added).toMatchObject({ service: 'app' });
    expect(added?.entries.toString()).toContain('text of the script');
  });
});
