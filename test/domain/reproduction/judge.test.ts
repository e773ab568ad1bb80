import { describe, expect, it } from 'vitest';
import type { FailureSignature, SandboxRun } from '../../../src/domain/reproduction/reproduction.ts';
import { judgeRuns } from '../../../src/domain/reproduction/judge.ts';
import type { ShownFailure, Tried } from '../../../src/domain/reproduction/tried.ts';

const command = ['npm', 'test'];
const revisions = ['r0', 'r1', 'r2', 'r3'].map((revision) => ({
  service: 'app',
  revision,
  digest: revision,
  bytes: 1,
}));
const request = { revisions, suspectIndex: 2, command };

function run(index: number, rest: Partial<SandboxRun> = {}, shown?: Partial<ShownFailure>): Tried {
  const base = {
    service: 'app',
    revision: `r${index}`,
    command,
    end: 'passed',
    exitCode: 0,
    durationMs: 100,
    outputTail: '',
  } as const;
  const failure = { failures: [], report: { failed: [] }, match: 'unknown', matchReason: 'no error' } as const;
  return {
    index,
    run: { ...base, ...rest },
    ...(rest.end && rest.end !== 'passed' ? { shown: { ...failure, ...shown } } : {}),
  };
}

const passes = (index: number, durationMs = 100) => run(index, { durationMs });
const fails = (index: number, shown: Partial<ShownFailure> = {}, durationMs = 100) =>
  run(index, { end: 'failed', exitCode: 1, durationMs, outputTail: 'boom' }, shown);
const error = (template: string, test?: string): FailureSignature => ({
  type: 'Error',
  template,
  frames: [],
  ...(test === undefined ? {} : { test }),
});

/** Asks the rule until it has judged; each answer is what `world` says for the revision and how often it ran. */
function judge(world: (index: number, nth: number) => Tried, maxRuns = Number.POSITIVE_INFINITY) {
  const tried: Tried[] = [];
  const order: string[] = [];
  for (;;) {
    const next = judgeRuns({ request, tried, hasTime: tried.length < maxRuns });
    if (next.kind === 'judged') return { ...next.judged, order: order.join(' ') };
    tried.push(world(next.index, tried.filter(({ index }) => index === next.index).length));
    order.push(`${next.index}${next.isRepeat ? '+' : ''}`);
  }
}

describe('judgeRuns', () => {
  it('repeats what is quick five times on the suspect and twice before it', () => {
    const result = judge((index) => (index >= 2 ? fails(index) : passes(index)));
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r2', before: 'r1', order: '2 1 2+ 1+ 2+ 2+ 2+' });
  });

  it('repeats what is slow twice on the suspect and once before it', () => {
    const result = judge((index) => (index >= 2 ? fails(index, {}, 9_000) : passes(index)));
    expect(result).toMatchObject({ verdict: 'reproduced', order: '2 1 2+ 1+ 2+' });
  });

  it('is flaky as soon as one repeat ends otherwise, on the suspect, before it, or when the suspect passed first', () => {
    expect(judge((index, nth) => (index === 2 && nth < 2 ? fails(index) : passes(index)))).toMatchObject({
      verdict: 'flaky',
      order: '2 1 2+ 1+ 2+',
      reason: expect.stringContaining('On r2 the command failed 2 of 3 times') as string,
    });
    expect(judge((index, nth) => (index === 2 || nth > 0 ? fails(index) : passes(index)))).toMatchObject({
      verdict: 'flaky',
    });
    expect(judge((index, nth) => (index === 2 && nth === 5 ? fails(index) : passes(index)))).toMatchObject({
      verdict: 'flaky',
    });
  });

  it.each([
    ['quick', 100, { flaky: 0.95, reproduced: 0.01, passed: 0.05 }],
    ['slow', 9_000, { flaky: 0.6, reproduced: 0.04, passed: 0.35 }],
  ])('calls a %s test that fails one time in three flaky, with these chances', (_how, durationMs, bounds) => {
    let seed = 7;
    const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const verdicts = Array.from(
      { length: 4_000 },
      () => judge((index) => (random() < 1 / 3 ? fails(index, {}, durationMs) : passes(index, durationMs))).verdict,
    );
    const share = (verdict: string) => verdicts.filter((one) => one === verdict).length / verdicts.length;
    expect(share('flaky')).toBeGreaterThan(bounds.flaky);
    expect(share('reproduced')).toBeLessThan(bounds.reproduced);
    expect(share('not-reproduced')).toBeLessThan(bounds.passed);
  });

  it('runs a suspect that passes three times where it is slow', () => {
    expect(judge((index) => passes(index, 9_000))).toMatchObject({ verdict: 'not-reproduced', order: '2 2+ 2+ 3' });
  });

  it('lets no result of an earlier incident decide alone', () => {
    const known = (one: Tried): Tried => ({ ...one, run: { ...one.run, known: 'kept from 2026-11-20 UTC' } });
    const luck = (nth: number, one: Tried) => (nth === 0 ? known(one) : one);
    expect(
      judge((index, nth) => luck(nth, index === 2 && nth > 0 ? fails(2, {}, 9_000) : passes(index, 9_000))),
    ).toMatchObject({ verdict: 'flaky' });
    expect(judge((index, nth) => luck(nth, passes(index)), 1)).toMatchObject({ verdict: 'cannot-run' });
    const otherwise = { match: 'different', matchReason: 'Another one.' } as const;
    expect(judge((index, nth) => luck(nth, fails(index, otherwise)))).toMatchObject({
      verdict: 'not-reproduced',
      order: '2 2+',
    });
  });

  it('does not take another failure before the suspect for the same one, and goes on to an older revision', () => {
    const ours = { failures: [error('token expired')] };
    const theirs = { failures: [{ type: 'SyntaxError', template: 'Unexpected token', frames: [] }] };
    const result = judge((index) => (index === 2 ? fails(2, ours) : index === 1 ? fails(1, theirs) : passes(index)));
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: 'r2', before: 'r0' });
  });

  it('says that nothing could be judged when every revision before fails in another way', () => {
    const ours = { failures: [error('token expired')] };
    const theirs = { failures: [{ type: 'SyntaxError', template: 'Unexpected token', frames: [] }] };
    const result = judge((index) => (index === 2 ? fails(2, ours) : fails(index, theirs)));
    expect(result).toMatchObject({ verdict: 'cannot-run' });
    expect(result.reason).toContain('fails in another way');
  });

  it('takes a revision for good when only other tests fail there and as many ran', () => {
    const report = (...failed: string[]) => ({ total: 9, failed });
    const old = error('label', 'shows a label');
    const ours = {
      failures: [old, error('expired', 'keeps a session')],
      report: report('shows a label', 'keeps a session'),
    };
    const theirs = { failures: [old], report: report('shows a label') };
    const named = { ...ours, failures: [...ours.failures].reverse(), match: 'same' } as const;
    expect(judge((index) => (index >= 2 ? fails(index, named) : fails(index, theirs)))).toMatchObject({
      verdict: 'reproduced',
      before: 'r1',
    });
    const fewer = { ...theirs, report: { total: 3, failed: ['shows a label'] } };
    expect(judge((index) => (index >= 2 ? fails(index, named) : fails(index, fewer)))).toMatchObject({
      verdict: 'cannot-run',
    });
  });

  it.each([
    ['a file that Node could not load', 'f.test.js'],
    ['a module that unittest could not import', 'tests.test_f (unittest.loader._FailedTest.tests.test_f)'],
    ['a class that unittest could not set up', 'setUpClass (tests.test_f.T)'],
    ['a file that pytest could not collect', 'ERROR collecting tests/test_f.py'],
    ['a test that pytest could not set up', 'ERROR at setup of test_adds'],
  ])(
    'skips a revision that names %s: the test of the suspect did not run there, though as many are counted',
    (_, name) => {
      const ours = { failures: [error('no sum', 'test_adds')], report: { total: 1, failed: ['test_adds'] } };
      const unread = { failures: [{ ...error('unexpected token', name), type: 'SyntaxError' }] };
      const theirs = { ...unread, report: { total: 1, failed: [name] } };
      const result = judge((index) => (index === 2 ? fails(2, ours) : index === 1 ? fails(1, theirs) : passes(index)));
      expect(result).toMatchObject({ verdict: 'reproduced', candidates: ['r1', 'r2'], before: 'r0' });
    },
  );

  it('is not reproduced when the same failure is there before the suspect', () => {
    const result = judge((index) => fails(index, { failures: [error('token expired')] }));
    expect(result).toMatchObject({ verdict: 'not-reproduced' });
    expect(result.reason).toMatch(/fails on both the suspect r2 and r1 before it, and on r0/);
  });

  it('concludes from a failure everywhere only where it is the one of production', () => {
    const everywhere = (match: ShownFailure['match']) => judge((index) => fails(index, { match })).reason;
    expect(everywhere('same')).toContain('the failure did not come with a change of this window');
    expect(everywhere('unknown')).toContain('it tells nothing about the changes of this window');
  });

  it('cannot tell where each end fails and its output tells of what the sandbox lacks', () => {
    const lack = 'the module pg is not installed.';
    const note = 'Its dependencies are not prepared: run `resident images build app`.';
    const everywhere = judge((index) => run(index, { end: 'failed', exitCode: 1, note }, { lack }));
    expect(everywhere).toMatchObject({ verdict: 'cannot-run', match: 'unknown' });
    expect(everywhere.reason).toContain(`both the suspect r2 and r1 before it, and each time the output tells`);
    expect(everywhere.reason).toContain(`${lack} ${note}`);
    const production = judge((index) => fails(index, { lack, match: 'same' }));
    expect(production).toMatchObject({ verdict: 'not-reproduced' });
    const before = judge((index) => fails(index, index === 0 ? {} : { lack }));
    expect(before).toMatchObject({ verdict: 'not-reproduced' });
  });

  it('cannot tell where the command reaches its time limit on every revision', () => {
    const result = judge((index) => run(index, { end: 'timed-out', exitCode: -1, durationMs: 15_000 }));
    expect(result).toMatchObject({ verdict: 'cannot-run' });
    expect(result.reason).toContain('Raise `sandbox.timeoutSeconds`');
  });

  it('is not reproduced when the suspect fails otherwise than production, and says so', () => {
    const shown = { match: 'different', matchReason: 'In the sandbox it is X; in production it is Y.' } as const;
    const result = judge((index) => fails(index, shown));
    expect(result).toMatchObject({ verdict: 'not-reproduced', match: 'different', order: '2' });
    expect(result.reason).toMatch(
      /another way than production: In the sandbox it is X; in production it is Y\. Failing/,
    );
  });

  it('cannot run for want of surroundings, of a program, of a set-up, or of an answer', () => {
    const trouble = { match: 'different', matchReason: 'no', trouble: 'the module pg is not installed.' } as const;
    expect(judge((index) => fails(index, trouble))).toMatchObject({ verdict: 'cannot-run', order: '2' });
    for (const exitCode of [125, 126, 127]) {
      expect(judge((index) => run(index, { end: 'failed', exitCode }))).toMatchObject({
        verdict: 'cannot-run',
        order: '2',
      });
    }
    const ended = judge((index) => run(index, { end: 'killed-itself', exitCode: -1 }));
    expect(ended).toMatchObject({ verdict: 'cannot-run', order: '2' });
    expect(ended.reason).toContain('the container ended though nobody had asked');
    const setup = judge((index) => run(index, { end: 'failed', exitCode: 1, command: ['make'] }));
    expect(setup.reason).toContain('set-up command `make`');
  });

  it('keeps the weaker proof apart: what could not be compared is reproduced, with why it could not', () => {
    const result = judge((index) => (index >= 2 ? fails(index) : passes(index)));
    expect(result).toMatchObject({ verdict: 'reproduced', match: 'unknown', matchReason: 'no error' });
  });

  it('proves nothing when the time ends before a repeat', () => {
    const world = (index: number) => (index >= 2 ? fails(index) : passes(index));
    expect(judge(world, 2)).toMatchObject({
      verdict: 'cannot-run',
      reason: expect.stringContaining('ended after 2 runs') as string,
    });
    expect(judge(world, 3)).toMatchObject({ verdict: 'reproduced' });
    expect(judge(world, 1)).toMatchObject({ verdict: 'cannot-run' });
  });
});
