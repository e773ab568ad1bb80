import type { Point } from './points.ts';

/** The two sides of the best cut of a series. */
export interface Cut {
  /** Index of the first point after it. */
  readonly index: number;
  /** Standard normal score of the difference of ranks; its sign tells up from down. */
  readonly score: number;
  /** Cliff's delta, -1 to 1: of all pairs across the cut, the part that rises less the part that falls. */
  readonly delta: number;
}

/** Fewer points on a side are no level. */
const fewestOnASide = 4;

/**
 * The point where a series changed its level, by ranks alone: Pettitt's test (Applied Statistics 28, 1979), standardised for every cut so
 * that one near the end is found as well. Neither outliers nor units nor the spacing of points matter. Undefined for a series too short
 * for two levels. O(n log n).
 */
export function findCut(points: readonly Point[]): Cut | undefined {
  const n = points.length;
  if (n < 2 * fewestOnASide) return undefined;
  const ranks = rank(points.map(([, value]) => value));
  let sum = 0;
  let best: Cut | undefined;
  for (let index = 1; index < n; index++) {
    sum += ranks[index - 1] ?? 0;
    if (index < fewestOnASide || n - index < fewestOnASide) continue;
    const surplus = (index * (n + 1)) / 2 - sum;
    const score = surplus / Math.sqrt((index * (n - index) * (n + 1)) / 12);
    if (Math.abs(score) > Math.abs(best?.score ?? 0))
      best = { index, score, delta: (2 * surplus) / (index * (n - index)) };
  }
  return best;
}

/** Ranks from 1; ties share the mean of theirs. */
function rank(values: readonly number[]): readonly number[] {
  const order = values.map((value, i) => ({ value, i })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  for (let start = 0; start < order.length;) {
    let end = start;
    while (end + 1 < order.length && order[end + 1]?.value === order[start]?.value) end += 1;
    for (let i = start; i <= end; i++) ranks[order[i]?.i ?? 0] = (start + end) / 2 + 1;
    start = end + 1;
  }
  return ranks;
}

/**
 * Goes back from the first point that is clearly outside to where the departure began: as long as each point before lies more than
 * `usual` distances away on the same side. O(n).
 */
export function findBeginning(distances: readonly number[], clear: number, usual = 2.5): number {
  const sign = Math.sign(distances[clear] ?? 0);
  let index = clear;
  while (index > 0 && (distances[index - 1] ?? 0) * sign > usual) index -= 1;
  return index;
}
