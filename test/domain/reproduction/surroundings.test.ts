import { expect, test } from 'vitest';
import { readFailures } from '../../../src/domain/reproduction/signature.ts';
import { findTrouble } from '../../../src/domain/reproduction/surroundings.ts';

/** As unittest of Python 3.11 prints it when a test file imports what is not installed. */
const notLoaded = `
======================================================================
ERROR: test_price (unittest.loader._FailedTest.test_price)
----------------------------------------------------------------------
ImportError: Failed to import test module: test_price
Traceback (most recent call last):
  File "/usr/lib/python3.11/unittest/loader.py", line 419, in _find_test_path
    module = self._get_module_from_name(name)
  File "/sandbox/tickets/price.py", line 2, in <module>
    from tabulate import tabulate
ModuleNotFoundError: No module named 'tabulate'

----------------------------------------------------------------------
Ran 1 test in 0.000s

FAILED (errors=1)`.split('\n');

test('a module that is not installed is the trouble, although unittest wraps its error in another', () => {
  const failures = readFailures(notLoaded);
  expect(failures.map(({ type }) => type)).toEqual(['ModuleNotFoundError']);
  expect(findTrouble(failures, notLoaded)).toMatchObject({
    words: "the module tabulate is not installed in the sandbox's image.",
    isCertain: true,
  });
});

test('a module that is missing in one test explains nothing of another test that fails', () => {
  const failed = [
    'FAIL: test_total (test_price.Prices.test_total)',
    'Traceback (most recent call last):',
    '  File "/sandbox/tickets/test_price.py", line 9, in test_total',
    '    self.assertEqual(total(1), 2)',
    'AssertionError: 1 != 2',
  ];
  const lines = [...notLoaded, ...failed];
  expect(findTrouble(readFailures(lines), lines)).toBeUndefined();
});

test.each([
  '[ERROR] Plugin org.example:packer:1.0 or one of its dependencies could not be resolved: Cannot access central (https://repo.example) in offline mode and the artifact org.example:packer:jar:1.0 has not been downloaded from it before.',
  '[ERROR] Failed to execute goal on project app: Could not resolve dependencies for project org.example:app:jar:1',
])('a build tool that lacks an artifact tells of a missing dependency: %s', (line) => {
  expect(findTrouble([], [line])).toMatchObject({
    words: expect.stringMatching(/no network/) as string,
    isCertain: true,
  });
});
