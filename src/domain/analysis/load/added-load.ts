import { fitBaseline, scaleOf } from '../metrics/baseline.ts';
import { lastBlockStart, median, quantile, type Point } from '../metrics/points.ts';
import type { ServiceFlow, ServiceFlows } from './service-flows.ts';

/** Time that calls took, in milliseconds per second of the clock; or failed calls per second. */
export type Currency = 'time' | 'failures';

/** What one service has in one currency around the incident, cell by cell. */
export interface LoadTrack {
  readonly service: string;
  readonly evidenceId: string;
  /** Times of the cells around the incident, common to all tracks of a table. */
  readonly times: readonly number[];
  /** Distance from what was expected, per call; NaN where nothing was measured. */
  readonly residual: readonly number[];
  /** What was measured, per call. */
  readonly value: readonly number[];
  /** Calls per second; 1 throughout where calls are not counted. */
  readonly weight: readonly number[];
  /** Usual distance per call. */
  readonly scale: number;
  /** How far the level before a gap may be off, per call; 0 where no gap lies between baseline and incident. */
  readonly drift: number;
  /** Distances of the baseline × calls: what a calm time adds by chance. */
  readonly calm: readonly number[];
}

/** A baseline from before a gap tells how far values scatter, and its level only within this many scales. */
const driftInScales = 3;
const fewestBaseline = 8;
/** Scales below these are finer than what is worth to be told: a part of the level, and failed calls. */
const floors: Readonly<Record<Currency, number>> = { time: 0.02, failures: 0.002 };

/**
 * Lays the flows of all services over the cells around the incident: as long before its reported beginning as after, within the block
 * of data that holds it. The cells before are the baseline. O(n log n).
 */
export function trackLoads(flows: ServiceFlows, currency: Currency): readonly LoadTrack[] {
  const quantity = (flow: ServiceFlow) => (currency === 'time' ? flow.latency : flow.failing);
  const measured = flows.services.filter((flow) => (quantity(flow)?.length ?? 0) >= 3);
  const counted = measured.filter((flow) => flow.requests !== undefined).length;
  const isCounted = counted > 0 && counted >= 0.7 * measured.length;
  const times = cellsAround(
    flows,
    measured.flatMap((flow) => quantity(flow) ?? []),
  );
  return measured.flatMap((flow) => {
    if (isCounted && flow.requests === undefined) return [];
    const track = trackOne(flow, quantity(flow) ?? [], times, flows.stepMs, currency, isCounted);
    return track ? [track] : [];
  });
}

function cellsAround(flows: ServiceFlows, points: readonly Point[]): readonly number[] {
  const all = [...new Set(points.map(([at]) => at))].sort((a, b) => a - b);
  const block = all.slice(lastBlockStart(all.map((at) => [at, 0])));
  const last = block.at(-1) ?? 0;
  const reported = Number.isFinite(flows.incidentFromMs) ? Math.min(flows.incidentFromMs, last) : last;
  const from = reported - Math.max(last - reported, 3 * flows.stepMs);
  return block.filter((at) => at >= from);
}

function trackOne(
  flow: ServiceFlow,
  points: readonly Point[],
  times: readonly number[],
  stepMs: number,
  currency: Currency,
  isCounted: boolean,
): LoadTrack | undefined {
  const first = times[0] ?? 0;
  const before = points.filter(([at]) => at < first);
  const near = new Map(points);
  const hasBaseline = before.length >= fewestBaseline;
  const baseline = fitBaseline(hasBaseline ? before : points);
  const level = baseline.expect(first);
  const floor = currency === 'time' ? floors.time * Math.abs(level) : floors.failures;
  const rates = new Map(flow.requests ?? []);
  const usualRate = median([...rates.values()]);
  const weightAt = (at: number) => (isCounted ? (rates.get(at) ?? usualRate) : 1);
  const residual = times.map((at) => (near.get(at) ?? NaN) - baseline.expect(at));
  const gap = first - (before.at(-1)?.[0] ?? first);
  const scale = Math.max(
    baseline.up,
    floor,
    hasBaseline ? 0 : scaleOf(residual.filter(Number.isFinite), level),
    currency === 'failures' && isCounted ? countingError(level, (median(times.map(weightAt)) * stepMs) / 1000) : 0,
  );
  return {
    service: flow.service,
    evidenceId: flow.evidenceId,
    times,
    residual,
    value: times.map((at) => near.get(at) ?? NaN),
    weight: times.map(weightAt),
    scale,
    drift: !hasBaseline || gap > 12 * stepMs ? driftInScales * scale : 0,
    calm: hasBaseline ? before.map(([at, value]) => (value - baseline.expect(at)) * weightAt(at)) : [],
  };
}

/** Standard error of a part of so many calls, with Agresti and Coull's two calls more: of three calls one that fails says little. */
function countingError(part: number, calls: number): number {
  const likely = (Math.max(0, part) * calls + 1) / (calls + 2);
  return Math.sqrt((likely * (1 - likely)) / Math.max(1, calls));
}

/** What a track gained within cells [from, to), against the cells around them. */
export interface Gain {
  /** Sum over the cells of distance × calls: may be negative. */
  readonly raw: number;
  /** What chance may add or hide. */
  readonly doubt: number;
  /** Contrast of the cells with those around them, in standard errors. */
  readonly contrast: number;
  /** What a call has more: milliseconds, or a part of 1. */
  readonly lift: number;
}

/**
 * Measures gains of one track: the contrast of an interval with its surroundings (the statistic of circular binary segmentation,
 * Olshen et al. 2004, with a scale that is known from the baseline) and the load that it added. Where all of the cells lie inside, the
 * baseline is the surroundings, with its drift. O(cells) once, O(1) an interval.
 */
export function createGauge(track: LoadTrack): (from: number, to: number) => Gain {
  const sums = [{ count: 0, rest: 0, weight: 0 }];
  track.residual.forEach((rest, i) => {
    const last = sums[i] ?? { count: 0, rest: 0, weight: 0 };
    const isKnown = Number.isFinite(rest);
    sums.push({
      count: last.count + Number(isKnown),
      rest: last.rest + (isKnown ? rest : 0),
      weight: last.weight + (isKnown ? (track.weight[i] ?? 0) : 0),
    });
  });
  const all = sums.at(-1) ?? { count: 0, rest: 0, weight: 0 };
  return (from, to) => {
    const [start, end] = [sums[from] ?? all, sums[to] ?? all];
    const inside = end.count - start.count;
    const outside = all.count - inside;
    if (inside === 0) return { raw: 0, doubt: Infinity, contrast: 0, lift: 0 };
    const isLocal = outside >= 2;
    const reference = isLocal ? (all.rest - end.rest + start.rest) / outside : 0;
    const error = Math.sqrt(track.scale ** 2 / inside + (isLocal ? track.scale ** 2 / outside : track.drift ** 2));
    const lift = (end.rest - start.rest) / inside - reference;
    const weight = end.weight - start.weight;
    return { raw: lift * weight, doubt: 2 * error * weight, contrast: lift / error, lift };
  };
}

/**
 * What only one of twenty calm intervals of this many cells adds: a placebo in time (Abadie et al. 2015), so that heavy tails and slow
 * waves of the baseline need no model. 0 where the baseline is too short to tell. O(n log n).
 */
export function placebo(track: LoadTrack, length: number): number {
  const { calm } = track;
  if (calm.length < 20 * Math.max(1, Math.min(length, 3))) return 0;
  let sum = calm.slice(0, length).reduce((total, value) => total + value, 0);
  const sums = [sum];
  for (let i = length; i < calm.length; i++) {
    sum += (calm[i] ?? 0) - (calm[i - length] ?? 0);
    sums.push(sum);
  }
  return Math.max(0, quantile(sums, 0.95));
}
