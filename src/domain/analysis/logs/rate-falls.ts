import { binCount, compareRates, countBins, firstSplit, type TimeTally } from './rates.ts';

/** Events that became rarer, or stopped. */
export interface RateFall {
  readonly before: number;
  readonly after: number;
  /** Events that were to be expected since, by their share of all that happened. */
  readonly expected: number;
  /** The last event before the fall. */
  readonly lastMs: number;
  /** Log-likelihood ratio, corrected for bursts. */
  readonly likelihood: number;
}

const fewestExpected = 10;
/** As for chatter that rises: about one chance in ten million for a single split, much more for 54 splits of thousands of templates. */
const fewestLikelihood = 16;
const mostRemaining = 0.5;

/**
 * The split of a window behind which events are rarer than before and rarer than all others are by then; a service that has less to do
 * writes less of everything, and that is no fall. By the lesser of two log-likelihood ratios, of Poisson rates and of the share of all
 * (Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993), both divided by the variance-to-mean ratio of the
 * time before, since bursts are no sign (quasi-likelihood; McCullagh and Nelder, "Generalized Linear Models", 1989). O(runs + 60 log runs).
 */
export function findFall(tally: TimeTally, all: TimeTally, fromMs: number, toMs: number): RateFall | undefined {
  const widthMs = (toMs - fromMs) / binCount;
  if (!(widthMs > 0)) return undefined;
  const own = countBins(tally, fromMs, widthMs);
  const total = countBins(all, fromMs, widthMs);
  const ownSum = own.reduce((sum, count) => sum + count, 0);
  const totalSum = total.reduce((sum, count) => sum + count, 0);
  let best: { readonly bin: number; readonly fall: Omit<RateFall, 'lastMs'> } | undefined;
  let before = 0;
  let totalBefore = 0;
  for (let bin = 1; bin < binCount; bin++) {
    before += own[bin - 1] ?? 0;
    totalBefore += total[bin - 1] ?? 0;
    if (bin < firstSplit) continue;
    const after = ownSum - before;
    const totalAfter = totalSum - totalBefore;
    const expected = (before / Math.max(1, totalBefore)) * totalAfter;
    const isRarer = after <= mostRemaining * expected && after / (binCount - bin) <= (mostRemaining * before) / bin;
    if (expected < fewestExpected || !isRarer) continue;
    const byRate = compareRates(before, bin, after, binCount - bin);
    const byShare = compareRates(before, totalBefore, after, totalAfter);
    const likelihood = Math.min(byRate, byShare) / dispersion(own.slice(0, bin));
    if (!best || likelihood > best.fall.likelihood) best = { bin, fall: { before, after, expected, likelihood } };
  }
  if (!best || best.fall.likelihood < fewestLikelihood) return undefined;
  const splitMs = fromMs + best.bin * widthMs;
  const lastMs = tally.read().firstMs.findLast((atMs) => atMs < splitMs) ?? splitMs;
  return { ...best.fall, lastMs };
}

/** Variance over mean, at least 1: that of Poisson's distribution. */
function dispersion(bins: readonly number[]): number {
  const mean = bins.reduce((sum, count) => sum + count, 0) / bins.length;
  const variance = bins.reduce((sum, count) => sum + (count - mean) ** 2, 0) / Math.max(1, bins.length - 1);
  return Math.max(1, mean === 0 ? 1 : variance / mean);
}
