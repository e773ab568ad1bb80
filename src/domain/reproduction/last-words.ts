import type { Place } from './frames.ts';
import { describeSignature, readFailures, toLines, toShown } from './signature.ts';

const longestLine = 300;
/** Node's own last line below an error that nobody caught. */
const version = /^Node\.js v\d[\w.-]*$/;

/**
 * What a service that ended said of it, in one line: the last error that its output tells, one with a stack before bare ones,
 * or else its last line. Empty where it wrote nothing.
 */
export function readLastWords(output: string, place: Place): string {
  const failures = readFailures(toLines(output), place);
  const failure = failures.findLast(({ frames }) => frames.length > 0) ?? failures.at(-1);
  if (failure) return describeSignature(toShown(failure)).slice(0, longestLine);
  const lines = output.split('\n').map((line) => line.trim());
  return lines.findLast((line) => line !== '' && !version.test(line))?.slice(0, longestLine) ?? '';
}
