import type { FailureSignature } from './reproduction.ts';
import { countWords, toTemplate } from './templates.ts';
import type { Tried } from './tried.ts';

/** Masking a text takes about ten microseconds, whoever wrote it. */
const mostTexts = 20_000;

/** Which of production's errors an output holds in words, in the order of its lines. One word alone would fit too much. */
export function listPrinted(
  lines: readonly string[],
  expected: readonly FailureSignature[],
): readonly FailureSignature[] {
  const missing = new Set(expected.filter(({ template }) => countWords(template) > 1));
  const printed: FailureSignature[] = [];
  let left = mostTexts;
  for (const line of lines) {
    for (const text of missing.size > 0 ? readTexts(line) : []) {
      if ((left -= 1) < 0) return printed;
      const template = toTemplate(text);
      for (const one of missing) {
        if (!template.includes(one.template)) continue;
        missing.delete(one);
        printed.push(one);
      }
    }
  }
  return printed;
}

/** A line and, where it is JSON, the texts in it: as a whole each would be one quoted value. */
function readTexts(line: string): readonly string[] {
  const start = line.indexOf('{"');
  if (start === -1) return [line];
  const values = [...line.slice(start).matchAll(/:"((?:[^"\\]|\\.){8,400})"/g)].map(([, value = '']) => value);
  return [line, ...values.slice(0, 20)];
}

const alsoWherePassed = 'Runs that pass print the words of production as well, so they are no sign of its failure.';

/**
 * The runs with what words told taken back where they tell nothing: what is printed by a run that passes is no sign of the failure,
 * for example by a test that writes production's words and asserts on something else.
 */
export function weighWords<T extends Tried>(tried: readonly T[]): readonly T[] {
  const passed = tried.filter(({ run }) => run.end === 'passed');
  const anyway = new Set(passed.flatMap(({ printed = [] }) => printed));
  return tried.map((one) => {
    const { printed = [], withoutWords } = one;
    if (!withoutWords || printed.some((template) => !anyway.has(template))) return one;
    const { run, shown } = withoutWords;
    const isToTell = shown && shown.match !== 'same';
    const told = isToTell ? { ...shown, matchReason: `${alsoWherePassed} ${shown.matchReason}` } : shown;
    return { ...one, run, ...(told ? { shown: told } : {}) };
  });
}
