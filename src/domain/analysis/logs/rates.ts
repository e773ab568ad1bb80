/** Times of events in bounded memory: each entry is the first time of a run and the number of events in it. */
export interface TimeTally {
  add(atMs: number): void;
  /** Takes over what another tally has counted. */
  absorb(other: TimeTally): void;
  /** The runs, oldest first; `lastMs` is the exact time of the last event. */
  read(): { readonly firstMs: readonly number[]; readonly counts: readonly number[]; readonly lastMs: number };
}

const mostRuns = 512;

/**
 * Counts events over time. Up to 512 events keep their exact times; from then on neighbours share a run whose width doubles as needed, so
 * memory is O(1) and a run is never wider than 1/128 of the whole span. Amortised O(1) an event for events in order.
 */
export function createTimeTally(): TimeTally {
  let firstMs: number[] = [];
  let counts: number[] = [];
  let widthMs = 0;
  let isSorted = true;
  let lastMs = -Infinity;

  function sort() {
    if (isSorted) return;
    const order = firstMs.map((_, i) => i).sort((a, b) => (firstMs[a] ?? 0) - (firstMs[b] ?? 0));
    [firstMs, counts] = [order.map((i) => firstMs[i] ?? 0), order.map((i) => counts[i] ?? 0)];
    isSorted = true;
  }

  function widen() {
    sort();
    while (firstMs.length > mostRuns / 2) {
      widthMs = widthMs === 0 ? Math.max(1, Math.ceil((lastMs - (firstMs[0] ?? 0)) / mostRuns)) : 2 * widthMs;
      const times: number[] = [];
      const sums: number[] = [];
      for (let i = 0; i < firstMs.length; i++) {
        const atMs = firstMs[i] ?? 0;
        const last = times.length - 1;
        if (last >= 0 && sameRun(times[last] ?? 0, atMs)) sums[last] = (sums[last] ?? 0) + (counts[i] ?? 0);
        else {
          times.push(atMs);
          sums.push(counts[i] ?? 0);
        }
      }
      [firstMs, counts] = [times, sums];
    }
  }

  function sameRun(one: number, other: number): boolean {
    return widthMs > 0 && Math.floor(one / widthMs) === Math.floor(other / widthMs);
  }

  return {
    add(atMs) {
      const last = firstMs.length - 1;
      const previousMs = firstMs[last];
      if (previousMs !== undefined && atMs >= previousMs && sameRun(previousMs, atMs)) {
        counts[last] = (counts[last] ?? 0) + 1;
      } else {
        if (previousMs !== undefined && atMs < previousMs) isSorted = false;
        firstMs.push(atMs);
        counts.push(1);
      }
      if (atMs > lastMs) lastMs = atMs;
      if (firstMs.length > mostRuns) widen();
    },
    absorb(other) {
      const { firstMs: times, counts: sums, lastMs: otherLastMs } = other.read();
      times.forEach((atMs, i) => {
        firstMs.push(atMs);
        counts.push(sums[i] ?? 0);
      });
      isSorted = false;
      lastMs = Math.max(lastMs, otherLastMs);
      if (firstMs.length > mostRuns) widen();
    },
    read() {
      sort();
      return { firstMs, counts, lastMs };
    },
  };
}

/** A split of a window into two rates. */
export interface RateChange {
  readonly before: number;
  readonly after: number;
  /** The first event after the split; for a fall to nothing the split itself. */
  readonly firstMs: number;
  /** Poisson log-likelihood ratio of two rates against one, corrected for bursts. */
  readonly likelihood: number;
  /** Upper bound of the chance that a steady rate looks so anywhere in the window. */
  readonly chance: number;
  /** Rate after over rate before; Infinity for events that were never seen before. */
  readonly ratio: number;
}

export const binCount = 60;
/** The first tenth of the window is history that a change must be measured against. */
export const firstSplit = binCount / 10;

/** Bursts are seen in finer bins, while every event keeps its exact time. */
const finePerBin = 10;

/**
 * Best split of a window into a lower and a higher rate, by Poisson log-likelihood ratio (Kulldorff, "A spatial scan statistic", 1997, in
 * one dimension), divided by the dispersion of the counts, since bursts are no sign (quasi-likelihood; McCullagh and Nelder,
 * "Generalized Linear Models", 1989); none where nothing rose, or where the events ended before the incident. Its chance is Chernoff's
 * bound for the events behind one split (Hoeffding, "Probability inequalities for sums of bounded random variables", 1963), times the
 * splits that were tried (Bonferroni). O(runs + 60 log runs).
 */
export function findRise(
  tally: TimeTally,
  fromMs: number,
  toMs: number,
  incidentFromMs: number,
): RateChange | undefined {
  const widthMs = (toMs - fromMs) / binCount;
  const { firstMs: times, counts, lastMs } = tally.read();
  if (!(widthMs > 0) || lastMs < incidentFromMs) return undefined;
  const sums = [0];
  for (const count of counts) sums.push((sums.at(-1) ?? 0) + count);
  const total = sums.at(-1) ?? 0;
  const bursts = measureBursts(tally, fromMs, widthMs, total === times.length);
  let best: RateChange | undefined;
  for (let bin = firstSplit; bin < binCount; bin++) {
    const splitMs = fromMs + bin * widthMs;
    const firstIndex = lowerBound(times, splitMs);
    const before = sums[firstIndex] ?? 0;
    const after = total - before;
    if (after === 0) break;
    const spanBefore = splitMs - fromMs;
    // A service may have fallen silent since.
    const spanAfter = Math.min(toMs, lastMs + widthMs) - splitMs;
    if (spanAfter <= 0) break;
    const rateBefore = before / spanBefore;
    const rateAfter = after / spanAfter;
    if (rateAfter <= rateBefore) continue;
    const spread = bursts.dispersionAt(bin);
    const likelihood = compareRates(before, spanBefore, after, spanAfter) / spread;
    if (best && likelihood <= best.likelihood) continue;
    const firstMs = times[firstIndex] ?? splitMs;
    const ratio = before === 0 ? Infinity : rateAfter / rateBefore;
    // Where the last event stands is chance too, so here the whole window counts.
    const surprise = compareRates(before, spanBefore, after, toMs - splitMs) / spread;
    const isRise = after / (toMs - splitMs) > rateBefore;
    const chance = isRise ? Math.min(1, (binCount - firstSplit) * Math.exp(-surprise)) : 1;
    best = { before, after, firstMs, likelihood, chance, ratio };
  }
  return best;
}

/** Dispersion of the counts before and behind a split, the greater of the two: variance over mean, at least 1, that of Poisson's distribution. */
function measureBursts(tally: TimeTally, fromMs: number, widthMs: number, isExact: boolean) {
  const perBin = isExact ? finePerBin : 1;
  const bins = countBins(tally, fromMs, widthMs / perBin, binCount * perBin);
  const sums = [0];
  const squares = [0];
  for (const count of bins) {
    sums.push((sums.at(-1) ?? 0) + count);
    squares.push((squares.at(-1) ?? 0) + count * count);
  }
  const disperse = (from: number, to: number) => {
    const sum = (sums[to] ?? 0) - (sums[from] ?? 0);
    const square = (squares[to] ?? 0) - (squares[from] ?? 0);
    const size = to - from;
    return sum === 0 || size < 2 ? 1 : ((square * size) / sum - sum) / (size - 1);
  };
  return {
    dispersionAt(bin: number): number {
      // Runs of many events are too coarse to tell a burst from the rise itself.
      const after = isExact ? disperse(bin * perBin, bins.length) : 1;
      return Math.max(1, disperse(0, bin * perBin), after);
    },
  };
}

/** Events in each bin of a window; what lies behind its end counts in the last. */
export function countBins(tally: TimeTally, fromMs: number, widthMs: number, count = binCount): readonly number[] {
  const bins = Array<number>(count).fill(0);
  const { firstMs, counts } = tally.read();
  firstMs.forEach((atMs, i) => {
    const bin = Math.min(count - 1, Math.floor((atMs - fromMs) / widthMs));
    if (bin >= 0) bins[bin] = (bins[bin] ?? 0) + (counts[i] ?? 0);
  });
  return bins;
}

/** Log-likelihood ratio of two Poisson rates against one common rate; twice it is the G statistic with one degree of freedom. */
export function compareRates(before: number, spanBefore: number, after: number, spanAfter: number): number {
  const rate = (before + after) / (spanBefore + spanAfter);
  return xlog(before, before / spanBefore) + xlog(after, after / spanAfter) - xlog(before + after, rate);
}

function lowerBound(times: readonly number[], wanted: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

function xlog(count: number, rate: number): number {
  return count === 0 ? 0 : count * Math.log(rate);
}
