import { describe, expect, it } from 'vitest';
import type { Hunk } from '../../../src/domain/analysis/changes/diffs.ts';
import { readFrames } from '../../../src/domain/analysis/symptoms.ts';
import { isRenaming } from '../../../src/domain/analysis/changes/renames.ts';
import { withoutFrames } from '../../../src/domain/analysis/traces.ts';
import { findUnitChange } from '../../../src/domain/analysis/changes/units-in-diffs.ts';

const python = `GET /rates failed
Traceback (most recent call last):
  File "/srv/rates/web.py", line 84, in _answer
    return route(query)
           ^^^^^^^^^^^^
  File "/srv/rates/calendar.py", line 8, in read_day
    return datetime.strptime(text, "%d.%m.%Y")
  File "/usr/local/lib/python3.11/_strptime.py", line 349, in _strptime
    raise ValueError("time data %r does not match format %r" %
ValueError: time data '2026-12-01' does not match format '%d.%m.%Y'`;

describe('traces', () => {
  it("keep what was said and the exception, which Python's tell last", () => {
    expect(withoutFrames(python)).toBe(
      "GET /rates failed\nValueError: time data '2026-12-01' does not match format '%d.%m.%Y'",
    );
    expect(withoutFrames('Error: no seat\n    at find (/app/seats.js:3:1)')).toBe('Error: no seat');
    expect(withoutFrames('boom\n\tat a.B.c(B.java:1)\nCaused by: a.Gone: x\n\t... 3 more')).toBe(
      'boom\nCaused by: a.Gone: x',
    );
    expect(withoutFrames('answer:\n  {\n    "code": 4 }')).toBe('answer:\n  {\n    "code": 4 }');
  });

  it("tell the innermost own frame first, also of Python's, without its standard library", () => {
    const files = readFrames(python, 'e').map((frame) => `${frame.file}:${frame.line ?? 0} ${frame.symbol}`);
    expect(files).toEqual(['srv/rates/calendar.py:8 read_day', 'srv/rates/web.py:84 _answer']);
  });

  it('tell the first of two chained exceptions first: it is the root', () => {
    const trace = (file: string) =>
      `Traceback (most recent call last):\n  File "/srv/${file}", line 1, in f\nKeyError: 1`;
    const chained = `${trace('first.py')}\n\nThe above exception was the direct cause of this one:\n\n${trace('second.py')}`;
    expect(readFrames(chained, 'e').map((frame) => frame.file)).toEqual(['srv/first.py', 'srv/second.py']);
  });
});

describe('the unit of a duration', () => {
  it.each([
    ['cls(int(value) / 1000)', 'timedelta(microseconds=int(value))', { from: 'ms', to: 'us' }],
    ['TimeUnit.SECONDS.sleep(n)', 'TimeUnit.MILLISECONDS.sleep(n)', { from: 's', to: 'ms' }],
    ['ttl: minutes * 60', 'ttl: hours * 3600', { from: 'min', to: 'h' }],
    ['timeout: waitMs', 'timeout: waitSeconds', { from: 'ms', to: 's' }],
  ])('changed from `%s` to `%s`', (removed, added, change) => {
    expect(findUnitChange([removed], [added])).toEqual(change);
  });

  it.each([
    ['int(value) / 1000', 'timedelta(milliseconds=int(value)).total_seconds()'],
    ['timeout_ms = 5', 'timeoutMs: 7'],
    ['price * 1000 + fee', 'price + fee'],
    ['total = a + b', 'total_seconds = a + b'],
  ])('did not change from `%s` to `%s`', (removed, added) => {
    expect(findUnitChange([removed], [added])).toBeUndefined();
  });
});

describe('a diff that only calls things by other names', () => {
  const hunk = (removed: string[], added: string[]): Hunk => ({
    path: 'a.py',
    header: '',
    addedAt: [],
    removedAt: [],
    removed,
    added,
    context: [],
    lines: [],
  });

  it('is known where each name has one other', () => {
    expect(isRenaming([hunk(['a = pool', 'use(pool)'], ['a = readers', 'use(readers)'])])).toBe(true);
  });

  it.each([
    [
      ['use(pool)', 'free(pool)'],
      ['use(readers)', 'free(writers)'],
    ],
    [['size = 8'], ['size = 2']],
    [["get('price')"], ["get('unit_price')"]],
    [['a = b + c'], ['a = b - c']],
    [['a = b'], ['a = b', 'c = d']],
    [['limit = wait'], ['limit = wait / 1000']],
  ])('is not taken for %j to %j', (removed, added) => {
    expect(isRenaming([hunk(removed, added)])).toBe(false);
  });
});
