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
  /** Poisson log-likelihood ratio of two rates against one. */
  readonly likelihood: number;
  /** Rate after over rate before; Infinity for events that were never seen before. */
  readonly ratio: number;
}

const binCount = 60;

/**
 * Best split of a window into a lower and a higher rate, by Poisson log-likelihood ratio (Kulldorff, "A spatial scan statistic", 1997, in
 * one dimension); none where nothing rose, or where the events ended before the incident. O(runs + 60 log runs).
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
  let best: RateChange | undefined;
  // The first tenth of the window is history that a rise must be measured against.
  for (let bin = binCount / 10; bin < binCount; bin++) {
    const splitMs = fromMs + bin * widthMs;
    const firstIndex = lowerBound(times, splitMs);
    const before = sums[firstIndex] ?? 0;
    const after = total - before;
    if (after === 0) break;
    const spanBefore = splitMs - fromMs;
    const spanAfter = Math.min(toMs, lastMs + widthMs) - splitMs;
    if (spanAfter <= 0) break;
    const rateBefore = before / spanBefore;
    const rateAfter = after / spanAfter;
    if (rateAfter <= rateBefore) continue;
    const likelihood = compareRates(before, spanBefore, after, spanAfter);
    const firstMs = times[firstIndex] ?? splitMs;
    const ratio = before === 0 ? Infinity : rateAfter / rateBefore;
    if (!best || likelihood > best.likelihood) best = { before, after, firstMs, likelihood, ratio };
  }
  return best;
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
