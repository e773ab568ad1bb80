import type { MetricSeries } from '../../evidence/evidence.ts';

/** Milliseconds since the epoch, and a finite value. */
export type Point = readonly [atMs: number, value: number];

/** A hole this many times as long as the usual step is a gap: what lies before it may have had another level. */
const gapInSteps = 12;
/** A counter grows at nearly every step; a gauge that grows as steadily is a climb, and is named otherwise. */
const fewestCounterPoints = 8;

/** Points in order of time, without holes that are written as NaN, and one a time: of two, the later one. O(n), or O(n log n) to sort. */
export function readPoints(series: Pick<MetricSeries, 'points'>): readonly Point[] {
  const points: Point[] = [];
  let lastMs = -Infinity;
  let isSorted = true;
  for (const [at, value] of series.points) {
    const atMs = Date.parse(at);
    if (!Number.isFinite(atMs) || !Number.isFinite(value)) continue;
    points.push([atMs, value]);
    isSorted &&= atMs > lastMs;
    lastMs = atMs;
  }
  if (isSorted) return points;
  points.sort((a, b) => a[0] - b[0]);
  return points.filter(([at], i) => points[i + 1]?.[0] !== at);
}

/** The usual distance of two points: the median, which neither gaps nor a doubled scrape move. 0 for fewer than two points. */
export function typicalStepMs(points: readonly Point[]): number {
  const steps = points.slice(1).map(([at], i) => at - (points[i]?.[0] ?? at));
  return median(steps);
}

/** Index of the first point after the last gap; 0 for a series without one. O(n log n). */
export function lastBlockStart(points: readonly Point[]): number {
  const longest = gapInSteps * typicalStepMs(points);
  for (let i = points.length - 1; i > 0; i--) {
    if ((points[i]?.[0] ?? 0) - (points[i - 1]?.[0] ?? 0) > longest) return i;
  }
  return 0;
}

/**
 * True for a total that was handed over as it is: its name says so (Prometheus' naming: `_total`, `_count`, `_sum`) and no function over
 * it does, it never falls but for resets, and it grew before `untilMs` too. A total that stood still until then is left as it is: its
 * first increments are the event, and as a rate they would be a lone spike.
 */
export function isCounter(
  series: Pick<MetricSeries, 'name' | 'expression'>,
  points: readonly Point[],
  untilMs: number,
) {
  const text = `${series.name} ${series.expression}`.toLowerCase();
  if (!/(_total|_count|_sum|_bucket|counter|cumulative)\b/.test(text) || /rate\(|increase\(|delta\(|deriv\(/.test(text))
    return false;
  if (points.length < fewestCounterPoints) return false;
  const steps = points.slice(1).map(([at, value], i) => ({ at, rise: value - (points[i]?.[1] ?? value), value }));
  const resets = steps.filter(({ rise }) => rise < 0);
  const isReset = resets.every(({ value, rise }) => value < -rise);
  const grewBefore = steps.filter(({ at, rise }) => at < untilMs && rise > 0).length;
  const before = steps.filter(({ at }) => at < untilMs).length;
  return isReset && resets.length <= 0.1 * steps.length && grewBefore > 0.2 * before;
}

/**
 * Increments of a counter, per second, at the time of the later point. After a reset the counter began at zero, so its value is the
 * increment (as Prometheus' `rate` has it); a gap gives one mean rate over it. O(n).
 * Source: Prometheus' manual, `rate()`.
 */
export function toRate(points: readonly Point[]): readonly Point[] {
  return points.slice(1).map(([at, value], i): Point => {
    const [before, known] = points[i] ?? [at - 1000, value];
    return [at, (value >= known ? value - known : value) / (Math.max(1, at - before) / 1000)];
  });
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Value below which this part of the values lies, between neighbours by proportion (type 7 of Hyndman and Fan, 1996); 0 for none. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = new Float64Array(values).sort();
  const place = part * (sorted.length - 1);
  const low = sorted[Math.floor(place)] ?? 0;
  return low + (place - Math.floor(place)) * ((sorted[Math.ceil(place)] ?? low) - low);
}
