import { describe, expect, it } from 'vitest';
import type { FailureSignature } from '../../../src/domain/reproduction/reproduction.ts';
import { showFailure, type FailedRun } from '../../../src/domain/reproduction/show-failure.ts';

const production: FailureSignature = {
  type: 'TypeError',
  template: 'Cannot read properties of undefined (reading <*>)',
  frames: [{ service: 'app', file: '/srv/app/src/total.js', line: 12, symbol: 'total' }],
};
const logged: FailureSignature = { template: 'user-service answered 401 for <*>', frames: [], status: 401 };

const stack = (type: string, message: string, ...frames: string[]) =>
  [`${type}: ${message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n');
const inTest = 'TestContext.<anonymous> (file:///sandbox/app/test/a.test.js:3:27)';

function show(output: string, expected: readonly FailureSignature[] | undefined, rest: Partial<FailedRun> = {}) {
  const run = { output, end: 'failed', exitCode: 1, workService: 'app', services: ['app'], ...rest } as const;
  return showFailure({ ...run, ...(expected ? { expected } : {}) });
}

describe('the failure of the sandbox beside that of production', () => {
  it('is the same with the same type and message at the same place, in whatever folder', () => {
    const output = stack(
      'TypeError',
      "Cannot read properties of undefined (reading 'sum')",
      'total (/sandbox/app/src/total.js:14:3)',
    );
    expect(show(output, [production])).toMatchObject({ match: 'same' });
  });

  it('cannot be told when any error of the type has that message and the place is another', () => {
    const output = stack(
      'TypeError',
      "Cannot read properties of undefined (reading 'x')",
      'other (/sandbox/app/src/other.js:1:1)',
    );
    const shown = show(output, [production]);
    expect(shown.match).toBe('unknown');
    expect(shown.matchReason).toContain('not its place');
  });

  it('is the same when the service prints the error of production in the sandbox, as JSON or as text', () => {
    const assertion = stack('AssertionError [ERR_ASSERTION]', 'orders must succeed', inTest);
    const asJson = '{"level":"error","msg":"user-service answered 401 for /v1/users/9","requestId":"r1"}';
    expect(show(`${asJson}\n${assertion}`, [logged])).toMatchObject({ match: 'same' });
    expect(show(`12:00 ERROR user-service answered 401 for /v1/users/9\n${assertion}`, [logged])).toMatchObject({
      match: 'same',
    });
  });

  it('is the same with the HTTP status of production, or at its place', () => {
    const status = stack(
      'AssertionError [ERR_ASSERTION]',
      'Expected values to be strictly equal:\n\n502 !== 200\n',
      inTest,
    );
    expect(show(status, [{ template: 'request failed', frames: [], status: 502 }])).toMatchObject({
      match: 'same',
      matchReason: expect.stringContaining('502') as string,
    });
    const place = stack('TypeError', 'no such cart', 'total (/sandbox/app/src/total.js:12:3)');
    expect(show(place, [production])).toMatchObject({ match: 'same' });
    const otherType = stack('RangeError', 'no such cart', 'total (/sandbox/app/src/total.js:12:3)');
    expect(show(otherType, [production])).toMatchObject({ match: 'unknown' });
  });

  describe('behind an equal HTTP status', () => {
    const asserted = stack(
      'AssertionError [ERR_ASSERTION]',
      'Expected values to be strictly equal:\n\n500 !== 200\n',
      inTest,
    );
    const requestLine: FailureSignature = { template: 'GET /orders/<*> <*>', frames: [], status: 500 };
    const crash: FailureSignature = { ...production, status: 500 };

    it('is not told to be the same where production has an error that the output does not show', () => {
      const shown = show(asserted, [requestLine, crash]);
      expect(shown.match).toBe('unknown');
      expect(shown.matchReason).toMatch(/HTTP status 500.*no comparison.*TypeError.*does not show/);
      expect(show(asserted, [requestLine]).match).toBe('same');
      const restarted: FailureSignature = { template: 'upstream user-service gave no answer', frames: [] };
      expect(show(asserted, [requestLine, restarted]).match).toBe('same');
    });

    it('is another one where the service itself crashes otherwise', () => {
      const elsewhere = stack('RangeError', 'Invalid time value', 'format (/sandbox/app/src/dates.js:4:11)');
      expect(show(`${elsewhere}\n${asserted}`, [requestLine, crash]).match).toBe('different');
      const sameFile = stack('RangeError', 'Invalid time value', 'total (/sandbox/app/src/total.js:40:3)');
      expect(show(`${sameFile}\n${asserted}`, [requestLine, crash]).match).toBe('different');
      const unread = show('SyntaxError: Unexpected token\n    at wrap (node:internal:1:1)\n' + asserted, [requestLine]);
      expect(unread.match).toBe('different');
    });

    it.each([
      ['a refused connection', '{"level":"error","msg":"connect ECONNREFUSED 127.0.0.1:6379"}', 'nobody serves'],
      ['an unknown name', 'getaddrinfo EAI_AGAIN db.internal', 'wants a network'],
      ['a missing module', "could not load: Cannot find module 'redis'", 'module redis'],
    ])('cannot be told beside %s', (_what, line, words) => {
      for (const expected of [[requestLine], [requestLine, crash]]) {
        const shown = show(`${line}\n${asserted}`, expected);
        expect(shown.match).toBe('unknown');
        expect(shown.matchReason).toContain(words);
      }
    });
  });

  it('does not take a printed trace for the failure beside a real lack of the surroundings', () => {
    const refused = stack('Error', 'connect ECONNREFUSED 127.0.0.1:5432', 'node:net:1:1');
    const forged = stack(
      'TypeError',
      "Cannot read properties of undefined (reading 'sum')",
      'total (/sandbox/app/src/total.js:12:3)',
    );
    const shown = show(`${refused}\n${forged}`, [production]);
    expect(shown.match).toBe('unknown');
    expect(shown.matchReason).toContain('nobody serves 127.0.0.1:5432 there');
    expect(shown.lack).toBe('nobody serves 127.0.0.1:5432 there.');
    const alsoThere: FailureSignature = { template: 'connect ECONNREFUSED <*>', frames: [] };
    expect(show(`${refused}\n${forged}`, [production, alsoThere]).match).toBe('same');
  });

  it('puts the failure that is the one of production before the others', () => {
    const output = [
      stack('AssertionError', 'a label is missing', inTest),
      stack(
        'TypeError',
        "Cannot read properties of undefined (reading 'sum')",
        'total (/sandbox/app/src/total.js:14:3)',
      ),
    ].join('\n\n');
    expect(show(output, [production]).failures[0]).toMatchObject({ type: 'TypeError' });
  });

  it.each([
    [
      'a module',
      "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'pg' imported from /sandbox/app/db.js\n    at x (node:internal:1:1)",
    ],
    [
      'a module of Python',
      'Traceback (most recent call last):\n  File "app.py", line 1, in <module>\n    import flask\nModuleNotFoundError: No module named \'flask\'',
    ],
    ['a port', stack('Error', 'connect ECONNREFUSED 127.0.0.1:5432', 'node:net:1:1')],
    ['a test file', "Could not find '/sandbox/app/test/nothing.js'"],
    ['an option', 'pytest: error: unrecognized arguments: --bogus'],
    ['a program', 'sh: 1: jest: not found'],
  ])('is another one where the sandbox lacks %s, and that is trouble of the surroundings', (_what, output) => {
    const shown = show(output, [production]);
    expect(shown.match).toBe('different');
    expect(shown.trouble).toBeTruthy();
  });

  it('is not another one when production lacks the same', () => {
    const refused: FailureSignature = { type: 'Error', template: 'connect ECONNREFUSED <*>', frames: [] };
    expect(show(stack('Error', 'connect ECONNREFUSED 127.0.0.1:5432', 'node:net:1:1'), [refused])).toMatchObject({
      match: 'same',
    });
  });

  it('is no trouble of the surroundings while another failure stands beside it', () => {
    const output = [
      stack('Error', 'connect ECONNREFUSED 127.0.0.1:1', inTest),
      stack('AssertionError', 'no', inTest),
    ].join('\n');
    expect(show(output, [production])).toMatchObject({ match: 'unknown' });
  });

  it('blames an address on the sandbox only where production shows another error', () => {
    const output = stack('Error', 'connect ECONNREFUSED 127.0.0.1:5432', 'node:net:1:1');
    expect(show(output, undefined).match).toBe('unknown');
    expect(show("Cannot find package 'pg' imported from x", undefined).match).toBe('different');
  });

  it('is another one where the code does not load, or crashes elsewhere with another type', () => {
    const broken =
      '/sandbox/app/src/total.js:3\nconst = 1\n\nSyntaxError: Unexpected token\n    at wrap (node:internal:1:1)';
    expect(show(broken, [production])).toMatchObject({ match: 'different' });
    const elsewhere = show(stack('RangeError', 'too long', 'start (/sandbox/app/src/start.js:3:1)'), [production]);
    expect(elsewhere).toMatchObject({ match: 'different' });
    expect(elsewhere.matchReason).toMatch(/RangeError.*in production.*TypeError/s);
    expect(elsewhere.trouble).toBeUndefined();
  });

  it('cannot be told where a test asserts on something else, or production shows no error', () => {
    const output = stack('AssertionError', '1 == 24', inTest);
    expect(show(output, [production])).toMatchObject({ match: 'unknown' });
    const none = show(output, undefined);
    expect(none.match).toBe('unknown');
    expect(none.matchReason).toContain('hold no new error');
  });

  it('compares a hang and a lack of memory by what production says of them', () => {
    const timeout: FailureSignature = { template: 'upstream timed out after <*>', frames: [] };
    expect(show('', [timeout], { end: 'timed-out', exitCode: -1 })).toMatchObject({ match: 'same' });
    expect(show('', [production], { end: 'timed-out', exitCode: -1 })).toMatchObject({ match: 'unknown' });
    const heap: FailureSignature = { template: 'JavaScript heap out of memory', frames: [] };
    expect(show('', [heap], { end: 'out-of-memory', exitCode: 137 })).toMatchObject({ match: 'same' });
  });

  it('names the signal of a program that ends without a word', () => {
    expect(show('', undefined, { exitCode: 139 }).failures[0]).toMatchObject({ type: 'SIGSEGV' });
  });

  it('reads an output of many quoted texts in little time', () => {
    const startedAt = performance.now();
    show(`{"a":"${'user-service answered 402 '.repeat(10)}"}\n`.repeat(800), [logged]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});
