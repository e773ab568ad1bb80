/** What one revision showed: the command passed, failed, or could not be judged (its set-up failed, for example). */
export type Trial = 'good' | 'bad' | 'skip';

export type BisectStep =
  | { readonly kind: 'try'; readonly index: number }
  /** `candidates` holds more than one index when skipped revisions stand between the last good and the first bad one. */
  | { readonly kind: 'found'; readonly firstBad: number; readonly candidates: readonly number[] }
  | { readonly kind: 'all-good' | 'all-bad' | 'undecided' };

/**
 * Which revision of an ordered list (oldest first) to try next, given what the tried ones showed; git-bisect's rule,
 * so about log2(n) trials when both ends are known, and two more when they are not.
 * The ends are tried first: without a good end below a bad one there is nothing to bisect, and that is an answer.
 */
export function planBisect(length: number, trials: Readonly<Record<number, Trial>>): BisectStep {
  const indexes = Array.from({ length }, (_, index) => index);
  const judged = indexes.filter((index) => trials[index] !== 'skip');
  const oldest = judged[0];
  const newest = judged.at(-1);
  if (oldest === undefined || newest === undefined) return { kind: 'undecided' };

  const bad = judged.find((index) => trials[index] === 'bad');
  if (bad === undefined) return trials[newest] === 'good' ? { kind: 'all-good' } : { kind: 'try', index: newest };
  const good = judged.findLast((index) => index < bad && trials[index] === 'good');
  if (good === undefined) return trials[oldest] === 'bad' ? { kind: 'all-bad' } : { kind: 'try', index: oldest };

  const open = judged.filter((index) => index > good && index < bad);
  const middle = findNearest(open, (good + bad) / 2);
  if (middle !== undefined) return { kind: 'try', index: middle };
  return { kind: 'found', firstBad: bad, candidates: indexes.filter((index) => index > good && index <= bad) };
}

function findNearest(indexes: readonly number[], target: number): number | undefined {
  return indexes.reduce<number | undefined>(
    (best, index) => (best === undefined || Math.abs(index - target) < Math.abs(best - target) ? index : best),
    undefined,
  );
}
