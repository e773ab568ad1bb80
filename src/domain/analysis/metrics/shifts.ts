import type { Evidence, MetricsBody, MetricSeries } from '../../evidence/evidence.ts';
import { fitBaseline, type Baseline } from './baseline.ts';
import { findClimb, findDeadline } from './climbs.ts';
import { isTurned, readMeaning, weighMeaning, type MetricMeaning } from './meaning.ts';
import { findBeginning, findCut } from './onset.ts';
import { isCounter, median, readPoints, toRate, typicalStepMs, type Point } from './points.ts';

export type { MetricMeaning } from './meaning.ts';

/** A series that left its normal range. */
export interface MetricShift {
  readonly service: string;
  readonly evidenceId: string;
  readonly name: string;
  readonly meaning: MetricMeaning;
  /** `step` left its band; `climb` grew steadily since `firstAt`; `deadline` counted down by the clock and passed zero. */
  readonly kind: 'step' | 'climb' | 'deadline';
  readonly direction: 'up' | 'down';
  /** True in the direction that means trouble: more failures, more time, fuller; less availability. */
  readonly isAdverse: boolean;
  readonly firstAt: string;
  readonly before: number;
  readonly after: number;
  /** 0 to 1. */
  readonly weight: number;
}

/** Robust distance from what is expected, in scaled MADs, that counts as outside of the band. */
const bandWidth = 6;
/** Behind a gap the level may have drifted by this much more. */
const driftWidth = 3;
const fewestBaselinePoints = 5;
/** A change of level that is this sure by ranks, and nearly complete, dates the incident whatever was reported. */
const sureScore = 5;
const sureDelta = 0.9;

type Found = Pick<MetricShift, 'kind' | 'direction' | 'firstAt' | 'before' | 'after' | 'weight'>;

/**
 * Shifts of every series in a metrics body, heaviest first. O(n log n) a series.
 * A point is outside by its distance in scaled MADs (Hampel, "The influence curve and its role in robust estimation", JASA 69, 1974);
 * a change of level is dated by Pettitt's test (onset.ts).
 */
export function findMetricShifts(evidence: Evidence, body: MetricsBody): readonly MetricShift[] {
  const incidentFromMs = Date.parse(body.incidentFrom);
  const shifts: MetricShift[] = [];
  for (const series of body.series) {
    const raw = readPoints(series);
    const found = isTurned(series) ? findTurnedStep(raw, incidentFromMs) : findShift(series, raw, incidentFromMs);
    if (!found) continue;
    const meaning = readMeaning(series);
    const isAdverse = found.kind === 'deadline' || found.direction === (isTurned(series) ? 'down' : 'up');
    shifts.push({
      service: body.service,
      evidenceId: evidence.id,
      name: series.name,
      meaning,
      ...found,
      isAdverse,
      weight: Math.round(found.weight * weighMeaning(meaning, isAdverse) * 1000) / 1000,
    });
  }
  return shifts.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
}

function findShift(series: MetricSeries, raw: readonly Point[], incidentFromMs: number): Found | undefined {
  const points = isCounter(series, raw, incidentFromMs) ? toRate(raw) : raw;
  return findDeadline(raw, incidentFromMs) ?? findClimb(points) ?? findStep(points, incidentFromMs);
}

/** Availability is held against its baseline as what is missing of it: of 99.9 %, the tenth is what moves, and not the level. */
function findTurnedStep(raw: readonly Point[], incidentFromMs: number): Found | undefined {
  const full = raw.some(([, value]) => value > 1.5) ? 100 : 1;
  const found = findStep(
    raw.map(([at, value]): Point => [at, full - value]),
    incidentFromMs,
  );
  return (
    found && {
      ...found,
      direction: found.direction === 'up' ? 'down' : 'up',
      before: full - found.before,
      after: full - found.after,
    }
  );
}

/**
 * A lasting departure from the baseline (Hampel's identifier, around the level, season or trend that `fitBaseline` found). Two of three
 * consecutive points must lie outside, so that a lone spike is no shift; a gap between them does not matter.
 */
function findStep(points: readonly Point[], incidentFromMs: number): Found | undefined {
  const count = countBaseline(points, incidentFromMs);
  if (count < fewestBaselinePoints) return findStepOfFew(points, count);
  const baseline = fitBaseline(points.slice(0, count));
  const distances = points.map(([at, value]) => distanceFrom(baseline, at, value));
  const width = bandWidth + (isBehindGap(points, count) ? driftWidth : 0);
  const [up, down] = [1, -1].map((sign) => findEpisode(distances, count, (distance) => distance * sign > width));
  const episode = (up?.length ?? 0) >= (down?.length ?? 0) ? up : down;
  const [clear] = episode ?? [];
  return clear === undefined ? undefined : describeStep(points, distances, baseline, clear);
}

/**
 * Indices of the outside points that belong to the incident: the last ones, back to where a normal stretch as long as the incident
 * itself lies before them. What ended as long ago is another matter. The search starts where the baseline has had its say, since the
 * fault may begin before the alert's lookback does.
 */
function findEpisode(
  distances: readonly number[],
  count: number,
  isOutside: (distance: number) => boolean,
): readonly number[] {
  const start = Math.min(count >> 1, distances.length - 1);
  const longestPause = Math.max(8, distances.length - count);
  const outside = distances.flatMap((distance, i) => (i >= start && isOutside(distance) ? [i] : []));
  const last = outside.at(-1);
  if (last === undefined || last < count - longestPause) return [];
  const breakAt = outside.findLastIndex((index, i) => i > 0 && index - (outside[i - 1] ?? 0) > longestPause);
  const episode = outside.slice(Math.max(0, breakAt));
  const begin = episode.findIndex((index) => {
    const near = distances.slice(index, index + 3);
    return near.filter(isOutside).length >= Math.min(2, near.length);
  });
  const found = begin < 0 ? [] : episode.slice(begin);
  const isBrief = distances.length - count <= 2;
  return found.length >= 2 || isBrief ? found : [];
}

function describeStep(
  points: readonly Point[],
  distances: readonly number[],
  baseline: Baseline,
  clear: number,
): Found {
  const sign = Math.sign(distances[clear] ?? 0);
  const [onsetMs] = points[findBeginning(distances, clear)] ?? [0];
  const rest = points.slice(clear).map(([, value]) => value);
  const size = Math.min(50, Math.max(...distances.slice(clear).map((distance) => distance * sign)));
  return {
    kind: 'step',
    direction: sign > 0 ? 'up' : 'down',
    firstAt: new Date(onsetMs).toISOString(),
    before: baseline.expect(onsetMs),
    after: sign > 0 ? Math.max(...rest) : Math.min(...rest),
    weight: Math.min(1, 0.4 + 0.15 * Math.log2(size / bandWidth + 1)),
  };
}

function distanceFrom(baseline: Baseline, at: number, value: number): number {
  const rest = value - baseline.expect(at);
  return rest / (rest > 0 ? baseline.up : baseline.down);
}

/**
 * How many points are baseline: those before the reported beginning, unless the series changed its level for good before that, or nothing
 * lies before it. A change in the first half of the baseline is not this incident's.
 */
function countBaseline(points: readonly Point[], incidentFromMs: number): number {
  const reported = points.findIndex(([at]) => at >= incidentFromMs);
  const count = reported < 0 ? points.length : reported;
  const cut = findCut(points);
  if (!cut || Math.abs(cut.score) < sureScore || Math.abs(cut.delta) < sureDelta) return count;
  const isNeeded = count < fewestBaselinePoints || (cut.index < count && cut.index > count / 2);
  // What a season or a straight line tells better than two levels is no change.
  return isNeeded && fitBaseline(points).shape === 'constant' ? cut.index : count;
}

/** Three or four points of baseline: every later point must lie beyond them by thrice their range, and by half of their level. */
function findStepOfFew(points: readonly Point[], count: number): Found | undefined {
  const before = points.slice(0, count).map(([, value]) => value);
  const after = points.slice(count).map(([, value]) => value);
  if (before.length < 3 || after.length < 2) return undefined;
  const [low, high, level] = [Math.min(...before), Math.max(...before), median(before)];
  const least = Math.max(3 * (high - low), 0.5 * Math.abs(level), 1e-9);
  const isUp = after.every((value) => value > high + least);
  if (!isUp && !after.every((value) => value < low - least)) return undefined;
  return {
    kind: 'step',
    direction: isUp ? 'up' : 'down',
    firstAt: new Date(points[count]?.[0] ?? 0).toISOString(),
    before: level,
    after: isUp ? Math.max(...after) : Math.min(...after),
    weight: 0.45,
  };
}

function isBehindGap(points: readonly Point[], count: number): boolean {
  const [last, next] = [points[count - 1], points[count]];
  return last !== undefined && next !== undefined && next[0] - last[0] > 12 * typicalStepMs(points);
}
