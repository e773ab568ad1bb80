import type { Hunk } from './diffs.ts';
import { behaviourOnly, isRun } from './diffs.ts';
import { findNumberChanges } from './numbers-in-diffs.ts';

/** A diff laid out for the mechanisms. */
export interface DiffView {
  readonly hunks: readonly Hunk[];
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly numbers: ReturnType<typeof findNumberChanges>;
}

/** Documents and tests that a commit touches besides do not run, so they make no failure. */
export function viewDiff(all: readonly Hunk[]): DiffView {
  const hunks = all.filter(({ path }) => isRun(path));
  return {
    hunks,
    removed: hunks.flatMap((hunk) => behaviourOnly(hunk.removed)),
    added: hunks.flatMap((hunk) => behaviourOnly(hunk.added)),
    numbers: findNumberChanges(hunks),
  };
}

/** How many of the lines match. */
export const count = (lines: readonly string[], pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
