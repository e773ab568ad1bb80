/** Share of the told changes that may be chance. */
const falseShare = 0.05;

/**
 * Which of many tests are told: of the p-values in order, all up to the last that is at most its rank's share of 5 %. Where nothing
 * happened, the chance to tell anything is 5 % for all tests together; where much did, each needs less (Benjamini and Hochberg, "Controlling
 * the false discovery rate", J. R. Stat. Soc. B 57, 1995). Valid for independent tests and those that rise together. O(n log n).
 * @returns the greatest p-value that is told; 0 where none is
 */
export function findThreshold(pValues: readonly number[]): number {
  const sorted = [...pValues].sort((a, b) => a - b);
  return sorted.findLast((p, i) => p <= (falseShare * (i + 1)) / sorted.length) ?? 0;
}
