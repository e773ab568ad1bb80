import { describe, expect, it } from 'vitest';
import { findTallyFault, readTestTally } from '../../../src/domain/reproduction/test-tally.ts';

const read = (...lines: readonly string[]) => readTestTally(lines);

describe('the tally of a run', () => {
  it.each([
    ["Node's TAP", read('ok 1 - a', 'not ok 2 - b', 'ok 3 - c # SKIP', '# tests 3', '# skipped 1'), 2, ['a'], ['b']],
    [
      "Node's spec",
      read('✔ a (1.2ms)', '✖ b (3ms)', '﹣ c (0.1ms) # SKIP', 'ℹ tests 3', 'ℹ skipped 1'),
      2,
      ['a'],
      ['b'],
    ],
    [
      'unittest',
      read(
        'test_a (m.T.test_a) ... ok',
        'FAIL: test_b (m.T.test_b)',
        'Ran 3 tests in 0.1s',
        'FAILED (failures=1, skipped=1)',
      ),
      2,
      ['test_a (m.T.test_a)'],
      ['test_b (m.T.test_b)'],
    ],
    [
      'pytest',
      read(
        't.py::T::test_a PASSED [ 50%]',
        '____ T.test_b ____',
        '== 1 failed, 1 passed, 1 skipped, 4 warnings in 0.10s ==',
      ),
      2,
      ['T.test_a'],
      ['T.test_b'],
    ],
    ['go test -v', read('--- PASS: TestA (0.00s)', '--- FAIL: TestB (0.00s)'), 2, ['TestA'], ['TestB']],
    ['Jest', read('Tests:       1 failed, 1 skipped, 1 passed, 3 total'), 2, [], []],
    [
      'Maven',
      read(
        'Tests run: 2, Failures: 0, Errors: 0, Skipped: 0',
        '[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1',
      ),
      4,
      [],
      [],
    ],
  ])('is read from %s', (_name, tally, ran, passed, failed) => {
    expect(tally).toEqual({ ran, passed, failed });
  });

  it('tells no count where the runner tells none', () => {
    expect(read('ok  \tshop\t0.01s', 'all good')).not.toHaveProperty('ran');
  });

  it('takes the last total: what a test prints stands before it', () => {
    expect(read('# tests 99', 'ok 1 - a', '# tests 1').ran).toBe(1);
  });
});

describe('two tallies', () => {
  const before = { ran: 2, passed: ['a'], failed: ['b'] };

  it('agree where each test that ran before runs again', () => {
    expect(findTallyFault(before, { ran: 3, passed: ['a', 'b', 'new'], failed: [] })).toBeUndefined();
  });

  it('are compared by numbers alone where the runner names none that pass', () => {
    expect(findTallyFault({ ...before, passed: [] }, { ran: 2, passed: [], failed: [] })).toBeUndefined();
    expect(findTallyFault({ ...before, passed: [] }, { ran: 1, passed: [], failed: [] })).toContain('only 1 of the 2');
  });

  it('do not take a file that could not be read before for a test, nor one that runs no test for a pass', () => {
    const crashed = { ran: 1, passed: [], failed: ['test/a.test.js'] };
    expect(findTallyFault(crashed, { ran: 2, passed: ['a', 'b'], failed: [] })).toBeUndefined();
    expect(findTallyFault(crashed, { ran: 1, passed: ['test/a.test.js'], failed: [] })).toContain('names no test');
  });
});
