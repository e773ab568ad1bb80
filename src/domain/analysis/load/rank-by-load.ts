import { createGauge, placebo, trackLoads, type Currency, type Gain, type LoadTrack } from './added-load.ts';
import type { ServiceFlows } from './service-flows.ts';

/** A service's gain with what it was read from. */
export interface ServiceGain extends Gain {
  /** The gain less what chance may have added; above zero. */
  readonly amount: number;
  /** What a call had in that time: milliseconds, or a part of 1. */
  readonly perCall: number;
  readonly evidenceId: string;
}

/** Where the load that the alerting service gained came from. */
export interface LoadFlow {
  readonly currency: Currency;
  /** Estimated beginning and end, whatever beginning was reported. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Service to what it gained in that time, for those that gained beyond chance. */
  readonly gains: Readonly<Record<string, ServiceGain>>;
  /** The most that each measured service can have gained, chance included; what it calls can have added no more through it. */
  readonly bounds: Readonly<Record<string, number>>;
  /** The greatest gain of a service below the alerting one as a part of all that it did: of its time, or of its calls. */
  readonly materiality: number;
}

/** Contrasts above this count by their logarithm: one glaring series must not choose the interval alone. */
const clearContrast = 8;
const leastContrast = 3.5;
/** A gain that is a smaller part of the caller's load than this is heard by so much less. */
const matteringPart: Readonly<Record<Currency, number>> = { time: 0.05, failures: 0.005 };

/**
 * The gain of every service that the alerting one reaches, in the interval on which both agree most. Loads add up along calls: a caller
 * waits for those it calls and fails with them, so that what a callee gained is gone from what its caller has to answer for.
 * Undefined where nothing gained beyond chance. O(cells² × services), with 48 cells at most.
 * The interval is searched as Cho and Fryzlewicz do (below); the rest is our own rule.
 */
export function findLoadFlow(
  flows: ServiceFlows,
  dependencies: Readonly<Record<string, readonly string[]>>,
  alerting: string,
  currency: Currency,
): LoadFlow | undefined {
  const reachable = listReachable(dependencies, alerting);
  const gauged = trackLoads(flows, currency)
    .filter((track) => reachable.has(track.service))
    .map((track) => ({ track, gauge: createGauge(track) }));
  const own = gauged.find(({ track }) => track.service === alerting);
  const [from, to] = chooseInterval(gauged, own, currency);
  if (to <= from) return undefined;
  const gains: Record<string, ServiceGain> = {};
  const bounds: Record<string, number> = {};
  for (const { track, gauge } of gauged) {
    const gain = gauge(from, to);
    const chance = Math.max(gain.doubt, placebo(track, to - from));
    const amount = gain.raw - chance;
    bounds[track.service] = Math.max(0, gain.raw + chance);
    if (amount > 0 && gain.contrast >= leastContrast)
      gains[track.service] = {
        ...gain,
        amount,
        perCall: meanOf(track.value.slice(from, to)),
        evidenceId: track.evidenceId,
      };
  }
  const most = Math.max(0, ...Object.values(gains).map((gain) => gain.amount));
  if (most === 0) return undefined;
  const times = gauged[0]?.track.times ?? [];
  return {
    currency,
    fromMs: times[from] ?? 0,
    toMs: times[to - 1] ?? 0,
    gains,
    bounds,
    materiality: own ? most / Math.max(1e-9, wholeLoad(own.track, from, to, currency)) : 1,
  };
}

interface Gauged {
  readonly track: LoadTrack;
  readonly gauge: (from: number, to: number) => Gain;
}

/**
 * The interval with the greatest contrast at the alerting service and at that callee which gained enough to matter to it: thresholded
 * contrasts of a panel of series (sparsified binary segmentation, Cho and Fryzlewicz 2015), with two of them. Where cells are many, one
 * alone is no interval.
 */
function chooseInterval(gauged: readonly Gauged[], own: Gauged | undefined, currency: Currency) {
  const cells = gauged[0]?.track.times.length ?? 0;
  const shortest = cells >= 12 ? 2 : 1;
  const others = gauged.filter((item) => item !== own);
  let best: readonly [number, number] = [0, 0];
  let most = leastContrast;
  for (let from = 0; from < cells; from++) {
    for (let to = from + shortest; to <= cells; to++) {
      const caller = own?.gauge(from, to);
      const least = own ? matteringPart[currency] * wholeLoad(own.track, from, to, currency) : 0;
      const seen = others.map(({ gauge }) => {
        const gain = gauge(from, to);
        return dampen(gain.contrast) * (caller ? fit(gain, caller, least) : 1);
      });
      const score = Math.max(-3, dampen(caller?.contrast ?? 0)) + Math.max(0, ...seen);
      if (score > most) [best, most] = [[from, to], score];
    }
  }
  return best;
}

function dampen(contrast: number): number {
  return contrast <= clearContrast ? contrast : clearContrast + Math.log(contrast / clearContrast);
}

/** 0 to 1: how far a callee's gain can have gone into the caller's, and matters to it. */
export function fit(callee: Gain, caller: Gain, least: number): number {
  if (callee.raw <= 0) return 0;
  const room = Math.min(1, Math.max(0, caller.raw + caller.doubt) / callee.raw);
  return room * (least > 0 ? Math.min(1, callee.raw / least) : 1);
}

function meanOf(values: readonly number[]): number {
  const known = values.filter(Number.isFinite);
  return known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
}

function wholeLoad(track: LoadTrack, from: number, to: number, currency: Currency): number {
  let sum = 0;
  for (let i = from; i < to; i++) {
    const value = track.value[i] ?? NaN;
    if (Number.isFinite(value)) sum += (currency === 'time' ? value : 1) * (track.weight[i] ?? 0);
  }
  return sum;
}

/** Everything that a service reaches along calls, itself included; cycles end. */
export function listReachable(
  dependencies: Readonly<Record<string, readonly string[]>>,
  from: string,
): ReadonlySet<string> {
  const reached = new Set([from]);
  for (const service of reached) for (const callee of dependencies[service] ?? []) reached.add(callee);
  return reached;
}
