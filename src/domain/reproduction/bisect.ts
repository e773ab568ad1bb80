/** What one revision showed: the command passed, failed, or could not be judged (it does not build, or it ended with 125). */
export type Trial = 'good' | 'bad' | 'skip';

/**
 * Revisions by their index, older ones first: for each the indexes of its parents. The first one is from before all that is in
 * doubt. A parent that is not listed is left out; it is older than the first.
 */
export type History = readonly (readonly number[])[];

export type BisectStep =
  | { readonly kind: 'try'; readonly index: number }
  | {
      readonly kind: 'found';
      /** Fails, and nothing older that can be judged does. */
      readonly firstBad: number;
      /** With `firstBad` at its end; more than one where revisions that cannot be judged stand before it. */
      readonly candidates: readonly number[];
      /** Passes; the nearest before the candidates. */
      readonly before: number;
    }
  | { readonly kind: 'all-good' | 'all-bad' | 'undecided' };

/** A history without branches: each revision stands on the one before it. */
export function chain(length: number): History {
  return Array.from({ length }, (_, index) => (index === 0 ? [] : [index - 1]));
}

/**
 * Which revision to try next, given what the tried ones showed. The rule is git-bisect's (git-bisect-lk2009, "Bisection
 * algorithm"): the candidates are the ancestors of a bad revision that are no ancestors of a good one, and the next to try
 * is the one that leaves the fewest in the worse case. Without branches that is log2(n) trials between two known ends; a merge
 * is first bad only when all its parents are good. Both ends are tried first where they are not known: without a good one
 * before a bad one there is nothing to bisect, and that is an answer.
 */
export function planBisect(history: History, trials: Readonly<Record<number, Trial>>): BisectStep {
  const judged = history.map((_, index) => index).filter((index) => trials[index] !== 'skip');
  const [oldest, newest] = [judged.at(0), judged.at(-1)];
  if (oldest === undefined || newest === undefined) return { kind: 'undecided' };

  const bad = judged.find((index) => trials[index] === 'bad');
  if (bad === undefined) return trials[newest] === 'good' ? { kind: 'all-good' } : { kind: 'try', index: newest };
  // A good revision above a bad one is a later repair, and says nothing about where the failure came from.
  const later = listDescendants(history, bad);
  const good = judged.filter((index) => trials[index] === 'good' && !later.has(index));
  if (good.length === 0) return trials[oldest] === 'bad' ? { kind: 'all-bad' } : { kind: 'try', index: oldest };

  const cleared = listAncestors(history, good);
  const candidates = [...listAncestors(history, [bad], cleared)].sort((a, b) => a - b);
  const open = candidates.filter((index) => index !== bad && trials[index] !== 'skip');
  const older = countOlder(history, candidates);
  const leaves = (index: number) => Math.max(older.get(index) ?? 0, candidates.length - (older.get(index) ?? 0));
  const next = findSmallest(open, leaves);
  if (next !== undefined) return { kind: 'try', index: next };
  return { kind: 'found', firstBad: bad, candidates, before: findBefore(history, candidates, good) };
}

/** A good parent of a candidate; where none is listed, the nearest good revision before it. */
function findBefore(history: History, candidates: readonly number[], good: readonly number[]): number {
  const parents = candidates.flatMap((index) => history[index] ?? []);
  const first = candidates[0] ?? 0;
  return parents.find((index) => good.includes(index)) ?? good.findLast((index) => index < first) ?? good[0]!;
}

/** The revisions and all that they stand on, except what is behind `border`. */
function listAncestors(history: History, from: readonly number[], border: ReadonlySet<number> = new Set()) {
  const reached = new Set(from.filter((index) => !border.has(index)));
  // A set is walked in the order of insertion, what is added on the way included.
  for (const index of reached) {
    for (const parent of history[index] ?? []) if (!border.has(parent)) reached.add(parent);
  }
  return reached;
}

function listDescendants(history: History, of: number): ReadonlySet<number> {
  const reached = new Set<number>();
  history.forEach((parents, index) => {
    if (parents.some((parent) => parent === of || reached.has(parent))) reached.add(index);
  });
  return reached;
}

/** For each candidate how many candidates it stands on, itself included: one more than its parent, but a merge must be walked. */
function countOlder(history: History, candidates: readonly number[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  const outside = new Set(history.map((_, index) => index));
  for (const index of candidates) outside.delete(index);
  for (const index of candidates) {
    const parents = (history[index] ?? []).filter((parent) => counts.has(parent));
    const [only] = parents;
    const count =
      parents.length > 1 ? listAncestors(history, [index], outside).size : 1 + (counts.get(only ?? -1) ?? 0);
    counts.set(index, count);
  }
  return counts;
}

function findSmallest(indexes: readonly number[], measure: (index: number) => number): number | undefined {
  let best: { readonly index: number; readonly size: number } | undefined;
  for (const index of indexes) {
    const size = measure(index);
    if (!best || size < best.size) best = { index, size };
  }
  return best?.index;
}
