import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/activities/sandbox/finished-runs.ts';
import { createRunReproduction, type RunReproductionParts } from '../../../src/activities/sandbox/run-reproduction.ts';
import type { RunOrder, RunReport } from '../../../src/adapters/docker/sandbox.ts';
import { OutsideError } from '../../../src/adapters/outside-error.ts';
import type { SandboxRequest } from '../../../src/domain/reproduction/reproduction.ts';
import { createBodyStore } from '../../fakes/body-store.ts';
import { makeSandboxRequest } from '../../fakes/sandbox-request.ts';

type Outcome = 'good' | 'bad' | 'setup' | 'absent' | 'hidden' | Error;

const report = (rest: Partial<RunReport>): RunReport => ({
  end: 'passed',
  exitCode: 0,
  durationMs: 5,
  output: Buffer.from('all is well'),
  totalBytes: 11,
  ...rest,
});

const reports = {
  good: report({}),
  bad: report({
    end: 'failed',
    exitCode: 1,
    output: Buffer.from('one hunter2\n\u001b[31mAssertionError\u001b[0m \u202eevil'),
  }),
  setup: report({ end: 'failed', exitCode: 2, failedSetup: 0, output: Buffer.from('no network') }),
  hidden: report({
    end: 'failed',
    exitCode: 1,
    output: Buffer.from("<!-- page\nError: Cannot find module 'left-pad'\n    at x (node:internal:1:1)"),
  }),
  absent: report({ end: 'failed', exitCode: 127, output: Buffer.from('sh: jest: not found') }),
} as const;

/** A sandbox whose runs end as `script` says for the content of the suspect's archive; contents are revision numbers. */
function makeWorld(
  script: (content: string, nth: number) => Outcome,
  parts: Partial<RunReproductionParts['sandbox']> = {},
) {
  const tried: string[] = [];
  const seen: RunOrder[] = [];
  const beats: unknown[] = [];
  const reaped: unknown[] = [];
  const cancel = new AbortController();
  const clock: { remainingMs: number; lastDetails?: unknown } = { remainingMs: Number.POSITIVE_INFINITY };
  const runReproduction = createRunReproduction({
    redact: (text) => text.replaceAll('hunter2', '[[SECRET]]'),
    context: () => ({
      signal: cancel.signal,
      heartbeat: (details) => beats.push(details),
      remainingMs: () => clock.remainingMs,
      lastDetails: clock.lastDetails,
    }),
    store: createBodyStore(),
    sandbox: {
      preflight: async () => ({
        ok: true,
        warnings: [],
        engine: { version: '1', architecture: 'x86_64', cgroupDriver: 'cgroupfs', cpus: 2 },
      }),
      ensureImage: async () => ({ id: 'sha256:image', tag: 'node', source: 'present', durationMs: 1 }),
      packSource: async (service, tar) => ({
        service,
        treeDigest: tar.toString(),
        entries: tar,
        unpackedBytes: tar.length,
        files: 1,
      }),
      reap: async (filter) => {
        reaped.push(filter);
        return [];
      },
      run: async (order) => {
        const content = order.sources[0]!.treeDigest;
        tried.push(content);
        seen.push(order);
        const outcome = script(content, tried.filter((one) => one === content).length);
        if (outcome instanceof Error) throw outcome;
        return reports[outcome];
      },
      runGroup: () => Promise.reject(new Error('No request is replayed here.')),
      ...parts,
    },
  });
  return { runReproduction, tried, seen, beats, reaped, cancel, clock };
}

function makeRequest(contents: readonly string[], suspectIndex: number): SandboxRequest {
  return makeSandboxRequest({
    setup: [['make']],
    revisions: contents.map((digest, index) => ({ service: 'app', revision: `r${index}`, digest, bytes: 1 })),
    suspectIndex,
    neighbours: [{ service: 'db', revision: 'd', digest: 'db-source', bytes: 1 }],
    limits: { memoryMb: 256, cpus: 1, timeoutMs: 1_000, outputBytes: 1_000 },
  });
}

const eight = ['0', '1', '2', '3', '4', '5', '6', '7'];
const breaksAt = (firstBad: number) => (content: string) => (Number(content) < firstBad ? 'good' : 'bad');

describe('runReproduction', () => {
  it('calls it reproduced when the suspect fails each time and the one before passes each time', async () => {
    const { runReproduction, tried, reaped } = makeWorld(breaksAt(5));
    const result = await runReproduction(makeRequest(eight, 5));
    expect(result).toMatchObject({ verdict: 'reproduced', suspect: 'r5', before: 'r4', firstBad: 'r5', reason: '' });
    expect(tried).toEqual(['5', '4', '5', '4', '5', '5', '5']);
    expect(reaped).toEqual([{ runId: 'run-1' }]);
    expect(result.imageDigest).toBe('sha256:image');
  });

  it('reads what an output holds behind an opened comment, and shows it', async () => {
    const result = await makeWorld((content) => (content === '5' ? 'hidden' : 'good')).runReproduction(
      makeRequest(eight, 5),
    );
    expect(result).toMatchObject({ verdict: 'cannot-run', reason: expect.stringContaining('left-pad') as string });
    expect(result.runs[0]?.outputTail).toContain("‹!-- page\nError: Cannot find module 'left-pad'");
  });

  it('finds the first bad revision when the one before the suspect fails too', async () => {
    const { runReproduction } = makeWorld(breaksAt(2));
    const result = await runReproduction(makeRequest(eight, 7));
    expect(result).toMatchObject({ verdict: 'reproduced', suspect: 'r7', before: 'r1', firstBad: 'r2' });
  });

  it('is not reproduced when every revision fails, and says so', async () => {
    const { runReproduction, tried } = makeWorld(() => 'bad');
    const result = await runReproduction(makeRequest(eight, 5));
    expect(result).toMatchObject({ verdict: 'not-reproduced' });
    expect(result.reason).toMatch(/fails on both the suspect r5 and r4 before it, and on r0/);
    expect(tried).toEqual(['5', '4', '0', '5', '5', '5', '5']);
  });

  it('is not reproduced when the suspect passes; a later revision that fails is named', async () => {
    const passes = makeWorld(() => 'good');
    expect(await passes.runReproduction(makeRequest(eight, 5))).toMatchObject({ verdict: 'not-reproduced' });
    const later = await makeWorld(breaksAt(6)).runReproduction(makeRequest(eight, 3));
    expect(later).toMatchObject({ verdict: 'not-reproduced', firstBad: 'r6' });
    expect(later.reason).toContain('it fails from r6 on');
  });

  it('is flaky when the failing revision passes on the second run', async () => {
    const { runReproduction } = makeWorld((content, nth) => (content === '5' && nth === 1 ? 'bad' : 'good'));
    const result = await runReproduction(makeRequest(eight, 5));
    expect(result).toMatchObject({ verdict: 'flaky' });
    expect(result.runs.map(({ end }) => end)).toEqual(['failed', 'passed', 'passed']);
  });

  it('runs revisions with the same files once', async () => {
    const { runReproduction, tried } = makeWorld(breaksAt(2));
    const contents = ['1', '1', '1', '1', '1', '2', '2', '2'];
    const result = await runReproduction(makeRequest(contents, 7));
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r5' });
    expect(tried).toEqual(['2', '1', '2', '1', '2', '2', '2']);
    expect(result.runs.map(({ known }) => known).filter((known) => known !== undefined)).toContain('same files as r7');
  });

  it('tells of a run for which a kept result stands', async () => {
    const run = async () => ({ ...reports.bad, keptFrom: '2026-11-21T09:00:00.000Z' });
    const result = await makeWorld(breaksAt(5), { run }).runReproduction(makeRequest(eight, 5));
    expect(result.runs[0]).toMatchObject({ end: 'failed', known: 'kept from 2026-11-21 09:00 UTC' });
  });

  it('cannot run when set-up fails on the suspect or the program is absent, and shows the last line', async () => {
    const setup = await makeWorld(() => 'setup').runReproduction(makeRequest(eight, 5));
    expect(setup).toMatchObject({ verdict: 'cannot-run', runs: [{ command: ['make'], exitCode: 2 }] });
    expect(setup.reason).toMatch(/`make` did not work on r5 .*no network/);
    const absent = await makeWorld(() => 'absent').runReproduction(makeRequest(eight, 5));
    expect(absent).toMatchObject({ verdict: 'cannot-run' });
    expect(absent.reason).toContain('jest: not found');
  });

  it('goes around older revisions whose set-up fails', async () => {
    const script = (content: string): Outcome => (Number(content) > 2 ? 'bad' : content === '2' ? 'setup' : 'good');
    const result = await makeWorld(script).runReproduction(makeRequest(eight, 7));
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r3', before: 'r1' });
  });

  it('cleans what is shown of the output, secrets included', async () => {
    const result = await makeWorld(breaksAt(5)).runReproduction(makeRequest(eight, 5));
    expect(result.runs[0]!.outputTail).toBe('one [[SECRET]]\nAssertionError evil');
    expect(result.runs[0]!.outputDigest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('turns trouble that a person must mend into cannot-run, and throws what a retry can mend', async () => {
    const down = makeWorld(() => 'good', { preflight: async () => ({ ok: false, reason: 'No engine. Start one.' }) });
    expect(await down.runReproduction(makeRequest(eight, 5))).toMatchObject({
      verdict: 'cannot-run',
      reason: 'No engine. Start one.',
    });
    const large = new OutsideError('too large', { system: 'Sandbox', kind: 'SourcesTooLarge', retryable: false });
    expect(await makeWorld(() => large).runReproduction(makeRequest(eight, 5))).toMatchObject({
      verdict: 'cannot-run',
    });
    const lost = new OutsideError('lost', { system: 'Docker', kind: 'EngineLost', retryable: true });
    await expect(makeWorld(() => lost).runReproduction(makeRequest(eight, 5))).rejects.toBe(lost);
  });

  it('stays cancelled when it is cancelled in mid-run', async () => {
    const world = makeWorld(() => {
      world.cancel.abort(new Error('cancelled'));
      return new OutsideError('removed', { system: 'Docker', kind: 'Refused', retryable: false });
    });
    await expect(world.runReproduction(makeRequest(eight, 5))).rejects.toThrow('cancelled');
  });

  it('gives each run a fifth of the time of the activity at most, and stops bisecting when it ends', async () => {
    const world = makeWorld((content) => {
      world.clock.remainingMs -= 20_000;
      return breaksAt(1)(content);
    });
    world.clock.remainingMs = 65_000;
    const request = makeRequest(eight, 7);
    const result = await world.runReproduction({ ...request, limits: { ...request.limits, timeoutMs: 600_000 } });
    expect(world.seen[0]!.limits.timeoutMs).toBe(12_000);
    expect(result).toMatchObject({ verdict: 'cannot-run' });
    expect(result.reason).toMatch(/time for the reproduction ended after 3 runs/);
  });

  it('goes on after the runs that a killed attempt finished, and keeps them for the attempt after', async () => {
    const killed = new OutsideError('lost', { system: 'Docker', kind: 'EngineLost', retryable: true });
    let dies = 4;
    const world = makeWorld((content) => (world.tried.length === dies ? killed : breaksAt(5)(content)));
    await expect(world.runReproduction(makeRequest(eight, 5))).rejects.toBe(killed);
    expect(world.tried).toEqual(['5', '4', '5', '4']);
    const left = world.beats.at(-1) as { finished: unknown[] };
    expect(left.finished).toHaveLength(3);
    expect(JSON.stringify(left).length).toBeLessThan(3 * 400);

    world.clock.lastDetails = left;
    world.tried.length = dies = 0;
    const beforeSecond = world.beats.length;
    const result = await world.runReproduction(makeRequest(eight, 5));
    expect(world.tried).toEqual(['4', '5', '5', '5']);
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r5' });
    expect(result.runs.map(({ revision }) => revision).join(' ')).toBe('r5 r4 r5 r4 r5 r5 r5');
    expect(result.runs[0]!.outputTail).toContain('AssertionError');
    const kept = world.beats.slice(beforeSecond).map((beat) => (beat as { finished: unknown[] }).finished.length);
    expect(Math.min(...kept)).toBe(3);
  });

  it('runs everything again when the image has changed in between', async () => {
    const world = makeWorld(breaksAt(5));
    await world.runReproduction(makeRequest(eight, 5));
    const { finished, ...rest } = world.beats.at(-1) as Progress;
    world.clock.lastDetails = { ...rest, finished: finished.map((run) => ({ ...run, imageId: 'sha256:other' })) };
    world.tried.length = 0;
    await world.runReproduction(makeRequest(eight, 5));
    expect(world.tried).toHaveLength(7);
  });

  it('runs nothing when there is no time: a run cut short would look like a failure', async () => {
    const world = makeWorld(breaksAt(5));
    world.clock.remainingMs = 6_000;
    expect(await world.runReproduction(makeRequest(eight, 5))).toMatchObject({ verdict: 'cannot-run', runs: [] });
  });

  it('needs a revision before the suspect', async () => {
    const result = await makeWorld(() => 'good').runReproduction(makeRequest(eight, 0));
    expect(result).toMatchObject({ verdict: 'cannot-run', runs: [] });
  });
});
