import { afterEach, describe, expect, it } from 'vitest';
import { createRunReproduction } from '../../src/activities/sandbox/run-reproduction.ts';
import type { RunOrder } from '../../src/adapters/docker/sandbox.ts';
import { OutsideError } from '../../src/adapters/outside-error.ts';
import type { SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';
import { expectNothingLeft, isEngineThere, limits, makeRequest } from './sandbox-harness.ts';
import { makeSandbox, makeStore, packRevisions } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;
const context = () => ({
  signal: new AbortController().signal,
  heartbeat: () => undefined,
  remainingMs: () => Number.POSITIVE_INFINITY,
});

/** Eight revisions of a small service; from `firstBad` on a session lasts one hour instead of 24. */
function makeHistory(firstBad: number): Record<string, string>[] {
  const test = `
    import test from 'node:test'; import assert from 'node:assert'; import { sessionHours } from '../session.js';
    test('a session lasts a day', () => assert.equal(sessionHours, 24));`;
  return Array.from({ length: 8 }, (_, index) => ({
    'package.json': '{"type":"module"}',
    'session.js': `export const sessionHours = ${index < firstBad ? 24 : 1};\n`,
    'notes.txt': `revision ${index}`,
    'test/session.test.js': test,
  }));
}

async function reproduce(
  trees: Record<string, string>[],
  rest: Partial<SandboxRequest>,
  { sandbox }: Pick<typeof parts, 'sandbox'> = parts,
) {
  const store = makeStore();
  const revisions = await packRevisions(store, 'app', trees);
  const runReproduction = createRunReproduction({ sandbox, store, context });
  const request = makeRequest(revisions, { command: ['node', '--test'], ...rest });
  return { result: await runReproduction(request), revisions, store };
}

describe.skipIf(!isEngineThere)('a reproduction in the real sandbox', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('fails on the suspect, passes on the one before, and keeps the output', async () => {
    const { result, revisions, store } = await reproduce(makeHistory(4), { suspectIndex: 4 });
    expect(result).toMatchObject({ verdict: 'reproduced', reason: '', firstBad: revisions[4]!.revision });
    expect(result.before).toBe(revisions[3]!.revision);
    expect(result.runs.map(({ end }) => end)).toEqual([...'fpfpfff'].map((end) => (end === 'f' ? 'failed' : 'passed')));
    expect(result.runs.map(({ repeat }) => repeat)).toEqual([undefined, undefined, 1, 1, 2, 3, 4]);
    expect(result).toMatchObject({
      match: 'unknown',
      signature: {
        type: 'AssertionError',
        test: 'a session lasts a day',
        frames: [{ file: 'test/session.test.js', line: 3 }],
      },
    });
    expect(result.runs[0]!.outputTail).toContain('1 == 24');
    expect(store.bodies.get(result.runs[0]!.outputDigest!)?.toString()).toContain('a session lasts a day');
    expect(result.imageDigest).toMatch(/^sha256:/);
  });

  it('bisects eight revisions from a suspect that came later', async () => {
    for (const firstBad of [1, 3, 6]) {
      const { result, revisions } = await reproduce(makeHistory(firstBad), { suspectIndex: 7 });
      expect(result).toMatchObject({ verdict: 'reproduced', firstBad: revisions[firstBad]!.revision });
      // log2(8) and the two ends; the one before the suspect may be tried for nothing.
      expect(result.runs.filter(({ repeat }) => repeat === undefined).length).toBeLessThanOrEqual(3 + 2 + 1);
    }
  });

  it('runs the neighbour that shows the failure against the suspect of another service', async () => {
    const store = makeStore();
    const users = await packRevisions(store, 'user-service', makeHistory(2).slice(0, 4));
    const contract = `
      import test from 'node:test'; import assert from 'node:assert';
      import { sessionHours } from '../../user-service/session.js';
      test('our cached token outlives its use', () => assert.ok(sessionHours > 20));`;
    const [orders] = await packRevisions(store, 'order-service', [
      { 'package.json': '{"type":"module"}', 'test/contract.test.js': contract },
    ]);
    const runReproduction = createRunReproduction({ sandbox: parts.sandbox, store, context });
    const result = await runReproduction({
      ...makeRequest(users, { command: ['node', '--test', 'test/contract.test.js'], suspectIndex: 2 }),
      workService: 'order-service',
      suspectService: 'user-service',
      neighbours: [orders!],
    });
    expect(result).toMatchObject({ verdict: 'reproduced', suspectService: 'user-service' });
  });

  it('reproduces a hang by the time limit, in Python', async () => {
    const trees = [1, 2, 3].map((version) => ({
      'app.py': version < 3 ? 'def work(): return 1\n' : 'def work():\n  while True: pass\n',
      'test_app.py':
        'import unittest, app\nclass T(unittest.TestCase):\n  def test_work(self): self.assertEqual(app.work(), 1)\n',
    }));
    const { result } = await reproduce(trees, {
      image: 'python',
      command: ['python3', '-m', 'unittest'],
      limits: { ...limits, timeoutMs: 2_500 },
    });
    expect(result.runs.map(({ end }) => end)).toEqual(['timed-out', 'passed', 'timed-out', 'passed', 'timed-out']);
    expect(result.verdict).toBe('reproduced');
  });

  it('says that it cannot run where the command is not in the image or no engine answers', async () => {
    const absent = await reproduce(makeHistory(4), { command: ['no-such-program'], suspectIndex: 4 });
    expect(absent.result).toMatchObject({ verdict: 'cannot-run' });
    expect(absent.result.reason).toMatch(/no-such-program.*sandbox\.reproduce/s);
    const image = await reproduce(makeHistory(4), { image: 'example/absent:1', suspectIndex: 4 });
    expect(image.result).toMatchObject({ verdict: 'cannot-run', runs: [] });
  });

  it('calls a test that fails one time in three flaky', async () => {
    const dice = `
      import test from 'node:test'; import assert from 'node:assert';
      test('is told by the run', () => assert.notEqual(process.env.RUN % 3, 0, 'the third one'));`;
    const trees = [1, 2, 3].map((version) => ({
      'package.json': '{"type":"module"}',
      'v.txt': `${version}`,
      'test/a.test.js': dice,
    }));
    // The test is the same each time, and a sandbox keeps nothing: the number of the run comes from outside.
    for (const seed of [0, 1, 2]) {
      let nth = seed;
      const sandbox = {
        ...parts.sandbox,
        run: (order: RunOrder) => parts.sandbox.run({ ...order, command: ['env', `RUN=${nth++}`, ...order.command] }),
      };
      const { result } = await reproduce(trees, {}, { sandbox });
      expect(result.verdict).toBe('flaky');
      expect(result.reason).toMatch(/failed \d of \d times/);
      expect(result.runs.length).toBeLessThanOrEqual(5);
    }
  });

  it('holds the failure against production: the same, another one, or nothing to run it with', async () => {
    const expected = [{ type: 'RangeError', template: 'session <*> expired', frames: [], status: 401 }];
    const trees = (broken: string) => {
      const source = (text: string) => `export function open() { ${text} }\n`;
      const test = `
        import test from 'node:test'; import assert from 'node:assert'; import { open } from '../open.js';
        test('opens', () => assert.ok(open()));`;
      const files = { 'package.json': '{"type":"module"}', 'test/a.test.js': test };
      return [
        { ...files, 'open.js': source('return true') },
        { ...files, 'open.js': broken.startsWith('import') ? broken : source(broken) },
      ];
    };
    const same = await reproduce(trees(`throw new RangeError('session 17 expired')`), { expected });
    expect(same.result).toMatchObject({
      verdict: 'reproduced',
      match: 'same',
      signature: { frames: [{ file: 'open.js', line: 1 }, {}] },
    });
    const broken = await reproduce(trees('return ='), { expected });
    expect(broken.result).toMatchObject({ verdict: 'not-reproduced', match: 'different' });
    expect(broken.result.reason).toMatch(/another way than production.*SyntaxError.*RangeError/s);
    const lacks = await reproduce(trees(`import 'pg'; export function open() { return true }`), { expected });
    expect(lacks.result).toMatchObject({ verdict: 'cannot-run', match: 'different' });
    expect(lacks.result.reason).toContain('the module pg is not installed');
  });

  it('is not told that a failure is that of production by a test that only writes its words', async () => {
    const printing = makeHistory(4).map((files) => ({
      ...files,
      'test/words.test.js': `
        import test from 'node:test';
        test('a lost session is logged', () => console.log('user-service lost the session of ana'));`,
    }));
    const expected = [{ template: 'user-service lost the session of ana', frames: [] }];
    const { result } = await reproduce(printing, { suspectIndex: 4, expected });
    expect(result).toMatchObject({ verdict: 'reproduced', match: 'unknown' });
    expect(result.matchReason).toMatch(/^Runs that pass print the words of production as well/);
    expect(result.runs[0]?.outputTail).toContain('user-service lost the session of ana');
  });

  it('takes the finished runs of a lost attempt over, and runs the rest', async () => {
    const beats: unknown[] = [];
    let left = 3;
    const lost = new OutsideError('lost', { system: 'Docker', kind: 'EngineLost', retryable: true });
    const counted: string[] = [];
    const sandbox = {
      ...parts.sandbox,
      run: async (order: RunOrder) => {
        if ((left -= 1) < 0) throw lost;
        const report = await parts.sandbox.run(order);
        counted.push(report.end);
        return report;
      },
    };
    const store = makeStore();
    const revisions = await packRevisions(store, 'app', makeHistory(4));
    const request = makeRequest(revisions, { command: ['node', '--test'], suspectIndex: 4 });
    const attempt = (lastDetails?: unknown) =>
      createRunReproduction({
        sandbox,
        store,
        context: () => ({ ...context(), heartbeat: (details) => beats.push(details), lastDetails }),
      })(request);
    await expect(attempt()).rejects.toBe(lost);
    left = 100;
    const result = await attempt(beats.at(-1));
    expect(counted).toHaveLength(result.runs.length);
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: revisions[4]!.revision });
    expect(result.runs[0]!.outputTail).toContain('1 == 24');
  });
});
