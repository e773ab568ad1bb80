import { expect, test } from 'vitest';
import { judgeFix, type FixRuns, type TalliedRun } from '../../../src/domain/reproduction/candidate-fix.ts';

const command = ['npm', 'test'];

function run(end: 'passed' | 'failed', passed: readonly string[], failed: readonly string[] = []): TalliedRun {
  const shown = { failures: [], report: { failed }, match: 'same', matchReason: '' } as const;
  return {
    index: 0,
    run: {
      service: 'app',
      revision: 'r',
      command,
      end,
      exitCode: end === 'passed' ? 0 : 1,
      durationMs: 1,
      outputTail: '',
    },
    ...(end === 'failed' ? { shown } : {}),
    tally: { ran: passed.length + failed.length, passed, failed },
  };
}

const judgeTests = (source: FixRuns['source'], fixed: TalliedRun) =>
  judgeFix({
    source,
    way: 'test',
    command,
    deployed: run('failed', [], ['it totals']),
    fixed: [run('passed', ['it totals']), run('passed', ['it totals'])],
    tests: { command, deployed: run('passed', ['it totals', 'a session lasts an hour']), fixed },
  });

test('a revert may take back the tests that its commit brought; a fix that an engine wrote may lose none', () => {
  const renamed = run('passed', ['it totals', 'a session lasts a day']);
  expect(judgeTests('revert', renamed)).toMatchObject({ verdict: 'fixes', reason: '' });
  expect(judgeTests('engine', renamed)).toMatchObject({
    verdict: 'unknown',
    reason: expect.stringContaining('"a session lasts an hour" is not among those that run with it') as string,
  });
});

test('a revert with which no test runs, or one fails that did not, is not believed either', () => {
  expect(judgeTests('revert', run('passed', []))).toMatchObject({ verdict: 'unknown' });
  const broken = judgeTests('revert', run('failed', ['it totals'], ['it rounds']));
  expect(broken).toMatchObject({ verdict: 'breaks-tests', newlyBroken: ['it rounds'] });
});
