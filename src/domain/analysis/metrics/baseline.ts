import { median, quantile, type Point } from './points.ts';

/** What a series was expected to be, had nothing happened. */
export interface Baseline {
  readonly shape: 'constant' | 'daily' | 'trend';
  /** How many points it was read from. */
  readonly count: number;
  /** Expected value at a time. */
  readonly expect: (atMs: number) => number;
  /** Usual distance above what is expected; never zero. */
  readonly up: number;
  /** Usual distance below it; never zero. */
  readonly down: number;
}

const dayMs = 86_400_000;
/** Points of the same time of day lie within this distance of it, on either side. */
const sameHourMs = 5_400_000;
const fewestOfSameHour = 6;
/** A daily season or a trend must take away this part of the deviation to be believed. */
const worthwhile = 0.25;
/** Theil and Sen's slope compares every pair; more points than this are thinned out. */
const mostForSlope = 120;

/**
 * Fits the normal course of a series to points that lie before an incident: the median; the median of the same hour of earlier
 * days where a day or more is known and the hours differ; or a straight line (Theil 1950, Sen 1968) where the series rose or fell all
 * along and a line says so better than a step. All of them withstand up to a quarter of bad points. O(n log n), the line O(1).
 */
export function fitBaseline(points: readonly Point[]): Baseline {
  const values = points.map(([, value]) => value);
  const center = median(values);
  const constant = build('constant', points, () => center, center);
  return fitDaily(points, constant) ?? fitTrend(points, constant) ?? constant;
}

/**
 * Usual distance from the centre, in units of a standard deviation: the median absolute deviation × 1.4826 (Hampel 1974), or the
 * upper 5 % of deviations where the tail is heavier than a normal one's. MAD = 0 means that more than half of the values are the same
 * (ties): then the mean absolute deviation speaks, and for a constant 2 % of the level; a constant zero counts any departure.
 */
export function scaleOf(deviations: readonly number[], level: number): number {
  const sizes = deviations.map(Math.abs);
  const mad = 1.4826 * median(sizes);
  const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
  const tail = sizes.length >= 20 ? quantile(sizes, 0.95) / 1.96 : 0;
  return Math.max(mad, mad === 0 ? 1.2533 * mean : 0, tail, 0.02 * Math.abs(level), 1e-9);
}

function build(
  shape: Baseline['shape'],
  points: readonly Point[],
  expect: (atMs: number) => number,
  level: number,
): Baseline {
  const rest = points.map(([at, value]) => value - expect(at));
  const scale = scaleOf(rest, level);
  // The side on which the values scatter more decides for itself; the other keeps the common scale.
  const above = scaleOf(
    rest.filter((value) => value >= 0),
    level,
  );
  const below = scaleOf(
    rest.filter((value) => value <= 0),
    level,
  );
  return { shape, count: points.length, expect, up: Math.max(scale, above), down: Math.max(scale, below) };
}

function fitDaily(points: readonly Point[], constant: Baseline): Baseline | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || last[0] - first[0] < 0.95 * dayMs) return undefined;
  const bins = 48;
  const profile = Array.from({ length: bins }, (_, bin) => {
    const middle = ((bin + 0.5) * dayMs) / bins;
    const near = points.filter(([at]) => distanceInDay(at, middle) <= sameHourMs).map(([, value]) => value);
    return near.length >= fewestOfSameHour ? median(near) : undefined;
  });
  const fallback = constant.expect(first[0]);
  const expect = (atMs: number) => profile[Math.floor((modulo(atMs, dayMs) / dayMs) * bins)] ?? fallback;
  const daily = build('daily', points, expect, fallback);
  return spreadOf(points, expect) < (1 - worthwhile) * spreadOf(points, constant.expect) ? daily : undefined;
}

function fitTrend(points: readonly Point[], constant: Baseline): Baseline | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 12) return undefined;
  const third = Math.floor(points.length / 3);
  const [early, late] = [points.slice(0, third), points.slice(-third)].map((part) =>
    median(part.map(([, value]) => value)),
  );
  if (Math.abs((late ?? 0) - (early ?? 0)) < spreadOf(points, constant.expect)) return undefined;
  const stride = Math.ceil(points.length / mostForSlope);
  const thin = points.filter((_, i) => i % stride === 0);
  const slopes = thin.flatMap(([at, value], i) =>
    thin.slice(i + 1).map(([later, other]) => (other - value) / Math.max(1, later - at)),
  );
  const slope = median(slopes);
  const start = median(points.map(([at, value]) => value - slope * (at - first[0])));
  // Nobody knows how long a line goes on: it is drawn on for half of the time that it was seen.
  const latest = last[0] + 0.5 * (last[0] - first[0]);
  const expect = (atMs: number) => start + slope * (Math.min(atMs, latest) - first[0]);
  const cost = spreadOf(points, expect);
  if (cost >= (1 - worthwhile) * spreadOf(points, constant.expect) || cost >= costOfBestStep(points)) return undefined;
  return build('trend', points, expect, constant.expect(first[0]));
}

/** The least that two levels leave over: a step within the baseline is an incident that was reported late, and no trend. */
function costOfBestStep(points: readonly Point[]): number {
  const values = points.map(([, value]) => value);
  let least = Infinity;
  for (let part = 1; part < 20; part++) {
    const cut = Math.round((part / 20) * values.length);
    const [left, right] = [values.slice(0, cut), values.slice(cut)];
    if (left.length < 3 || right.length < 3) continue;
    const [a, b] = [median(left), median(right)];
    const cost = [...left.map((value) => Math.abs(value - a)), ...right.map((value) => Math.abs(value - b))];
    least = Math.min(least, cost.reduce((sum, size) => sum + size, 0) / values.length);
  }
  return least;
}

function spreadOf(points: readonly Point[], expect: (atMs: number) => number): number {
  return points.reduce((sum, [at, value]) => sum + Math.abs(value - expect(at)), 0) / Math.max(1, points.length);
}

function distanceInDay(atMs: number, middle: number): number {
  const distance = Math.abs(modulo(atMs, dayMs) - middle);
  return Math.min(distance, dayMs - distance);
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
