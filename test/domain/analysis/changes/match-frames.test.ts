import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import { withoutTrailingComment } from '../../../../src/domain/analysis/changes/code-lines.ts';
import { explainHarmless, readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { matchFrames } from '../../../../src/domain/analysis/changes/match-frames.ts';
import { chatter, commit, deploy, incident, repeat } from '../incident.ts';

const of = (...lines: string[]) => commit('tolls', 39, 'tidy', 'tolls/fee.py', lines.join('\n'));
const matchAt = (line: number, ...lines: string[]) =>
  matchFrames(readHunks(of(...lines)), [{ file: '/srv/tolls/fee.py', line, symbol: 'fee', evidenceId: 'e' }]);

const head = '@@ -6,3 +6,3 @@ def fee(car):';
const context = ['     weight = car["weight"]', '     lane = car["lane"]'];
const extended = [head, ...context, '-    total = rates[lane] * weight', '+    total = rates[lane] * int(weight)'];
const commented = [head, ...context, '-    total = rates[lane]', '+    total = rates[lane]  # in cents, "gross"'];

describe('a stack frame', () => {
  it('lies in a change on the very line that was added, and right after lines that were taken away', () => {
    const onAdded = matchAt(8, ...extended);
    expect(onAdded.strength).toBe(0.92);
    expect(onAdded.because).toContain('changed lines');
    const afterRemoved = matchAt(7, '@@ -6,3 +6,2 @@ def fee(car):', context[0]!, '-    check(car)', context[1]!);
    expect(afterRemoved.strength).toBe(0.92);
    expect(afterRemoved.because).toContain('takes away');
  });

  it('on a line that stayed is only near the change, and hardly fails at what comes after it', () => {
    const above = matchAt(7, ...extended);
    expect(above.because).toContain('near its changed lines');
    expect(above.strength).toBeLessThan(0.3);
    const below = matchAt(8, '@@ -6,2 +6,3 @@ def fee(car):', '+    car = load(car)', ...context);
    expect(below.because).toContain('near its changed lines');
    expect(below.strength).toBeGreaterThan(above.strength);
    expect(below.strength).toBeLessThan(0.7);
  });

  it('above a handler that changed is near what became of its failure', () => {
    const handled = matchAt(
      6,
      '@@ -6,3 +6,3 @@',
      '     go(car)',
      ' except TollError:',
      '-    give_up()',
      '+    go(car)',
    );
    expect(handled.because).toContain('handle what fails there');
    expect(handled.strength).toBeGreaterThan(0.5);
  });

  it('is not on a line of which only the comment changed', () => {
    expect(matchAt(8, ...commented).strength).toBeLessThan(0.5);
    expect(readHunks(of(...commented))[0]).toMatchObject({ added: [], removed: [], addedAt: [], removedAt: [] });
  });
});

describe('a comment at the end of a line', () => {
  it.each([
    ['a.py', 'x = 1  # one', 'x = 1'],
    ['a.py', "x = '# one'", "x = '# one'"],
    ['a.py', 'x = "a#b" # c', 'x = "a#b"'],
    ['a.ts', "get('http://a'); // why", "get('http://a');"],
    ['a.ts', 'const a = b // c', 'const a = b'],
    ['a.java', 'int a = 1; /* one */', 'int a = 1;'],
    ['a.sql', 'select a -- b', 'select a'],
    ['a.ts', 'text that stays `open // here', 'text that stays `open // here'],
    ['a.properties', 'password=a #b', 'password=a #b'],
    ['a.go', 'a := b / c', 'a := b / c'],
  ])('in %s is taken off `%s`', (path, line, code) => {
    expect(withoutTrailingComment(line, path)).toBe(code);
  });

  it('is no change of code', () => {
    const change = of(...commented);
    expect(explainHarmless(change, readHunks(change))).toContain('comments');
  });
});

/** `tolls` throws at line 7 from minute 40 on; what it reads comes from `gates`, of which no change is known. */
function thrown(diff: readonly string[], deployedAt: number) {
  const change = of(...diff);
  return incident(
    {
      tolls: {
        lines: [
          ...chatter(),
          ...repeat(40, 60, 5, () => ({
            level: 'error',
            message: `cannot charge\nTraceback (most recent call last):\n  File "/srv/tolls/fee.py", line 7, in fee\n    lane = car["lane"]\nKeyError: 'lane'`,
            fields: {},
          })),
        ],
        changes: [change],
        deploys: [deploy(change, deployedAt)],
      },
      gates: { lines: chatter() },
    },
    { tolls: ['gates'], gates: [] },
  );
}

describe('a change beside the line that throws', () => {
  it.each([
    ['a comment', commented],
    ['a refactoring of the line below', extended],
    [
      'an import at the head of the file',
      ['@@ -1,2 +1,3 @@', '+import math', ' def fee(car):', '     """In cents."""'],
    ],
  ])('that is %s is not accused', (_, diff) => {
    expect(analyse(thrown(diff, 39)).change).toBe('none');
  });

  const frameOnly = ['@@ -7,1 +7,1 @@', '-    pass', '+    consult_oracle()'];

  it('is not accused surely for its place on the stack alone', () => {
    const { verdict, confidence } = analyse(thrown(frameOnly, 39.9));
    expect(verdict).toBe('cause');
    expect(confidence).toBeLessThan(0.8);
  });

  it('is accused less surely where it had served well for long', () => {
    const just = analyse(thrown(frameOnly, 39.9)).confidence;
    expect(analyse(thrown(frameOnly, 0)).confidence).toBeLessThan(just);
  });
});
