import { describe, expect, it } from 'vitest';
import { showFailure } from '../../../src/domain/reproduction/show-failure.ts';

const output = `
=================================== FAILURES ===================================
______________________________ test_total[1-1] _________________________________

    def test_total(count, expected):
>       assert total(count) == expected
E       assert [[1]] == [[1], [1, 1]]

tests/test_total.py:15: AssertionError
______________________________ test_total[2-2] _________________________________

    def test_total(count, expected):
>       assert total(count) == expected

tests/test_total.py:15:
_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _

    def total(count):
>       return rows[count]
E       IndexError: list index out of range

app/total.py:9: IndexError
=========================== short test summary info ============================
FAILED tests/test_total.py::test_total[1-1] - assert [[1]] == [[1], [1, 1]]
FAILED tests/test_total.py::test_total[2-2] - IndexError: list index out of range
2 failed in 0.05s
`;
const run = { output, end: 'failed', exitCode: 1, workService: 'app', services: ['app'] } as const;

describe('showFailure', () => {
  it('tells first of a crash within the code, where an assertion of a test failed before it', () => {
    const [first, second] = showFailure(run).failures;
    expect(first).toMatchObject({ type: 'IndexError', frames: [{ file: 'app/total.py', line: 9 }, {}] });
    expect(second).toMatchObject({ type: 'AssertionError', printed: 'assert [[1]] == [[1], [1, 1]]' });
    expect(second?.template).not.toContain('1');
  });

  it('tells first of what production shows, whatever else fails', () => {
    const [, assertion] = showFailure(run).failures;
    const [first] = showFailure({ ...run, expected: [assertion!] }).failures;
    expect(first).toMatchObject({ type: 'AssertionError' });
  });
});
