/** Two samples of one quantity, taken under the same circumstances (the same operation, the same pair of services). */
export interface Samples {
  readonly before: readonly number[];
  readonly during: readonly number[];
}

/**
 * How far the second samples lie above the first ones, over several strata: the Mann–Whitney test in van Elteren's form (Bull. Int. Stat.
 * Inst. 37, 1960), as a standard normal score. Only ranks within a stratum count, so that neither a few very slow requests nor another mix
 * of operations moves it. 0 where nothing can be compared. O(n log n).
 */
export function stratifiedRankScore(strata: readonly Samples[]): number {
  let sum = 0;
  let variance = 0;
  for (const { before, during } of strata) {
    const [m, n] = [before.length, during.length];
    if (m === 0 || n === 0) continue;
    const weight = 1 / (m + n + 1);
    sum += weight * (countAbove(before, during) - (m * n) / 2);
    variance += weight ** 2 * ((m * n * (m + n + 1)) / 12);
  }
  return variance === 0 ? 0 : sum / Math.sqrt(variance);
}

/** Pairs in which the second value is greater; ties count half. */
function countAbove(first: readonly number[], second: readonly number[]): number {
  const sorted = [...first].sort((a, b) => a - b);
  let pairs = 0;
  for (const value of second) pairs += (lowerBound(sorted, value) + upperBound(sorted, value)) / 2;
  return pairs;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Dunning's G² of two binomials: how much better two rates explain the counts than one. 0 where nothing was counted. O(1). */
export function likelihoodRatio(hitsA: number, totalA: number, hitsB: number, totalB: number): number {
  const common = part(hitsA + hitsB, totalA + totalB);
  const fit = (hits: number, total: number, rate: number) =>
    (hits === 0 ? 0 : hits * Math.log(rate)) + (hits === total ? 0 : (total - hits) * Math.log(1 - rate));
  return (
    2 *
    (fit(hitsA, totalA, part(hitsA, totalA)) +
      fit(hitsB, totalB, part(hitsB, totalB)) -
      fit(hitsA, totalA, common) -
      fit(hitsB, totalB, common))
  );
}

function part(count: number, total: number): number {
  return total === 0 ? 0 : count / total;
}
