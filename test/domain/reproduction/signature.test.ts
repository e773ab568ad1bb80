import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findTellingFrame, isSameFile } from '../../../src/domain/reproduction/frames.ts';
import { describeSignature, readFailures, toLines } from '../../../src/domain/reproduction/signature.ts';
import { readTestReport } from '../../../src/domain/reproduction/test-report.ts';
import { readStatus, toTemplate } from '../../../src/domain/reproduction/templates.ts';

/** Outputs of the real programs, with the folder of the run put in place of ours. */
const readLines = (name: string) =>
  toLines(readFileSync(new URL(`../../fixtures/outputs/${name}.txt`, import.meta.url), 'utf8'));
const place = { workService: 'app', services: ['app', 'user-service'] };
const read = (name: string) => readFailures(readLines(name), place);
const top = ({ frames: [frame] }: ReturnType<typeof read>[number]) => frame && `${frame.file}:${frame.line}`;

const nodeFailures = [
  ['a session lasts a day', 'AssertionError', '<*> == <*>', 'test/a.test.js:2'],
  ['it totals', 'TypeError', 'Cannot read properties of undefined (reading <*>)', 'src.js:1'],
  ['status', 'AssertionError', 'Expected values to be strictly equal: <*> !== <*>', 'test/a.test.js:4'],
  ['deep', 'AssertionError', 'Expected values to be loosely deep-equal: { a: <*>, b: [', 'test/a.test.js:5'],
  ['inner', 'AssertionError', 'orders fail with status 502', 'test/a.test.js:7'],
];

describe('readFailures', () => {
  it.each(['node-tap', 'node-spec'])('reads each failed test of Node once, from %s', (name) => {
    const found = read(name).map((one) => [one.test, one.type, one.template, top(one)]);
    expect(found).toEqual(nodeFailures);
    expect(read(name)[2]).toMatchObject({ status: 502 });
  });

  it('reads crashes of Node: the place of a syntax error, the code of a missing module, a cause', () => {
    expect(read('node-crashes').map((one) => [one.type, one.template, top(one)])).toEqual([
      ['TypeError', 'Cannot read properties of undefined (reading <*>)', 'src.js:1'],
      ['SyntaxError', 'Unexpected token <*>', 'syn.js:1'],
      ['Error', 'bad port', 'conn.js:1'],
      ['ERR_MODULE_NOT_FOUND', 'Cannot find package <*> imported from <*>', undefined],
      ['ERR_MODULE_NOT_FOUND', 'Cannot find module <*> imported from <*>', undefined],
      ['TypeError', 'fetch failed', undefined],
    ]);
  });

  it.each([
    [
      'py-unittest',
      ['test_err (test_app.T.test_err)', 'test_value (test_app.T.test_value)', 'test_work (test_app.T.test_work)'],
    ],
    ['py-pytest', ['T.test_err', 'T.test_value', 'T.test_work']],
    ['py-short', ['T.test_err', 'T.test_value', 'T.test_work']],
  ])('reads traces of Python, innermost frame first, from %s', (name, tests) => {
    const found = read(name).slice(0, 3);
    expect(found.map((one) => [one.type, one.template, top(one)])).toEqual([
      ['KeyError', '<*>', 'app.py:2'],
      ['ValueError', 'bad order <*> of <*>', 'app.py:4'],
      ['AssertionError', '<*> != <*>', 'test_app.py:3'],
    ]);
    expect(found.map(({ test }) => test)).toEqual(tests);
  });

  it('tells what an exception was raised from apart, in pytest', () => {
    expect(
      read('py-pytest')
        .filter(({ test }) => test === 'test_chain')
        .map(({ type }) => type),
    ).toEqual(['KeyError', 'RuntimeError']);
  });

  it('reads the JVM, with the folder of the package', () => {
    expect(read('java').map((one) => [one.type, one.template, top(one)])).toEqual([
      ['java.lang.IllegalStateException', 'order <*> failed', 'Foo.java:2'],
      ['java.lang.NullPointerException', 'Cannot invoke <*> because <*> is null', 'Foo.java:1'],
    ]);
    const surefire = [
      'org.opentest4j.AssertionFailedError: expected: <200> but was: <502>',
      '\tat org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)',
      '\tat com.example.shop.OrdersTest.places(OrdersTest.java:31)',
      '\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)',
    ];
    const [failure] = readFailures(surefire, place);
    expect(failure).toMatchObject({ type: 'org.opentest4j.AssertionFailedError', status: 502 });
    expect(failure!.frames).toEqual([
      {
        service: 'app',
        file: 'com/example/shop/OrdersTest.java',
        line: 31,
        symbol: 'com.example.shop.OrdersTest.places',
      },
    ]);
  });

  it('reads Go, C and C++: failed tests, panics, assertions, sanitizers, uncaught exceptions', () => {
    expect(read('go').map((one) => [one.test, one.type, one.template, top(one)])).toEqual([
      ['TestGet', 'test failure', 'got <*>, want <*>', 'a_test.go:3'],
      ['TestPanic', 'panic', 'runtime error: index out of range [<*>] with length <*>', 'a.go:2'],
    ]);
    expect(read('c-assert').map((one) => [one.type, one.template, top(one)])).toEqual([
      ['assert', 'Assertion x > <*> failed', 'f.c:3'],
    ]);
    expect(read('asan').map((one) => [one.type, one.template, top(one)])).toEqual([
      ['AddressSanitizer', 'heap-buffer-overflow', 'f.c:4'],
    ]);
    expect(read('cpp')[0]).toMatchObject({ type: 'std::out_of_range' });
  });

  it('leaves the frames of runtimes, packages and other folders out', () => {
    const stack = [
      'TypeError: x is not a function',
      '    at call (/sandbox/app/node_modules/left-pad/index.js:1:1)',
      '    at read (/etc/passwd:1:1)',
      '    at find (file:///sandbox/user-service/src/find.js:7:3)',
      '    at node:internal/main:1:1',
    ];
    expect(readFailures(stack, place)[0]?.frames).toEqual([
      { service: 'user-service', file: 'src/find.js', line: 7, symbol: 'find' },
    ]);
  });

  it('says what failed in a few words', () => {
    expect(describeSignature(read('node-tap')[1]!)).toBe(
      'TypeError: Cannot read properties of undefined (reading <*>) in the test "it totals" at src.js:1',
    );
  });
});

describe('a hostile output', () => {
  const size = 200_000;
  const texts: Readonly<Record<string, string>> = {
    'one line without an end': 'A'.repeat(size),
    'heads without stacks': 'TypeError: x\n'.repeat(size / 13),
    'dots of a type': `${'a.'.repeat(size / 2)}Error: x`,
    'stacks without heads': '    at x (y:1:1)\n'.repeat(size / 17),
    'failed tests without blocks': 'not ok 1 - x\n  ---\n'.repeat(size / 19),
    'traces without an exception': 'Traceback (most recent call last):\n  File "x", line 1, in f\n'.repeat(size / 62),
    parentheses: `    at ${'('.repeat(400)}\n`.repeat(size / 408),
    quotes: `{"a":"${'\\"'.repeat(200)}\n`.repeat(size / 407),
    sections: `${'_'.repeat(80)} x ${'_'.repeat(80)}\nE   assert x\n`.repeat(size / 180),
    colons: `${'a:1:'.repeat(120)}\n`.repeat(size / 481),
  };

  it.each(Object.keys(texts))('is read in little time, and little is kept: %s', (name) => {
    const startedAt = performance.now();
    const failures = readFailures(toLines(texts[name]!), place);
    readTestReport(toLines(texts[name]!));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(JSON.stringify(failures).length).toBeLessThan(20_000);
  });
});

describe('a template', () => {
  it('masks what varies and keeps what tells', () => {
    expect(toTemplate('order 17 of "mug" at 10.0.0.1:80 took 12ms')).toBe('order <*> of <*> at <*> took <*>');
    expect(toTemplate('user-service answered 401 for /v1/users/7')).toBe('user-service answered 401 for <*>');
  });

  it('finds the HTTP status that a message names or compares', () => {
    expect(readStatus('upstream answered 503')).toBe(503);
    expect(readStatus('expected: <200> but was: <502>')).toBe(502);
    expect(readStatus('first hour 2: 502 {"error":"upstream_failed"}; hour 3: 502 {"error')).toBe(502);
    expect(readStatus('got an answer: 503 Service Unavailable')).toBe(503);
    expect(readStatus('1 of 500 orders')).toBeUndefined();
  });
});

describe('frames', () => {
  it('knows a file in another folder by its end', () => {
    expect(isSameFile('src/orders/place.js', '/srv/shop/src/orders/place.js')).toBe(true);
    expect(isSameFile('src/orders/index.js', '/srv/shop/src/users/index.js')).toBe(false);
    expect(isSameFile('app.py', '/srv/app.py')).toBe(true);
  });

  it('points at the code rather than at the test that saw it fail', () => {
    const [failure] = readFailures(
      toLines('KeyError: 1\n    at a (/sandbox/app/test/x.test.js:1:1)\n    at b (/sandbox/app/src/b.js:2:1)'),
      place,
    );
    expect(findTellingFrame(failure!.frames)).toMatchObject({ file: 'src/b.js' });
  });
});

describe('the count of a test runner', () => {
  it.each([
    ['node-tap', 7],
    ['node-spec', 7],
    ['py-unittest', 3],
    ['py-pytest', 5],
    ['py-short', 5],
  ])('is read from %s, with the names of the failed', (name, total) => {
    const report = readTestReport(readLines(name));
    expect(report.total).toBe(total);
    expect(report.failed.length).toBeGreaterThanOrEqual(3);
  });
});
