import type { Alert } from '../../incident/alert.ts';
import type { Currency } from './added-load.ts';
import { distributeLoad } from './distribute-load.ts';
import { findLoadFlow, listReachable, type LoadFlow } from './rank-by-load.ts';
import { findAmplifications, type Amplification } from './request-chains.ts';
import type { ServiceFlows } from './service-flows.ts';
import type { Explanation } from '../rank-explanations.ts';

/** A gain of this part of the alerting service's load is worth an alert: a seventh more time, one call in fifty that fails. */
const wholePart: Readonly<Record<Currency, number>> = { time: 0.15, failures: 0.02 };

/** An alert about failures is not explained by lost time alone, nor one about time by a few failures: each may come with the other. */
const otherSymptom = 0.3;

/** What the metrics alone say: whose own load it is, and how sure that is. */
export interface LoadExplanation {
  readonly flow: LoadFlow;
  /** 0 to 1: 1 where the gain is as large as an alert is made for and the alerting service shows it too. */
  readonly strength: number;
  readonly explanations: readonly Explanation[];
  readonly amplifications: readonly Amplification[];
}

/** A reading of one currency. */
interface Reading {
  readonly flow: LoadFlow;
  readonly strength: number;
  /** The strength with regard to what the alert speaks of. */
  readonly heard: number;
  readonly amplifications: readonly Amplification[];
  /** Service to the part that it keeps, the greatest first. */
  readonly kept: readonly (readonly [string, number])[];
}

/**
 * Follows what the alerting service gained in time or in failed calls down to those whose own it is; `alerted` is what the alert speaks
 * of, where it does. Undefined where no metric tells.
 * O(cells² × services + edges × hops).
 * Our own join of the methods of this folder, each of which names its source.
 */
export function explainByLoad(
  flows: ServiceFlows,
  dependencies: Readonly<Record<string, readonly string[]>>,
  alerting: string,
  alerted?: Currency,
): LoadExplanation | undefined {
  const readings = (['time', 'failures'] as const).flatMap((currency): Reading[] => {
    const flow = findLoadFlow(flows, dependencies, alerting, currency);
    if (!flow) return [];
    const amplifications = findAmplifications(flows, dependencies, flow.fromMs, flow.toMs);
    const kept = [...distributeLoad(flow, dependencies, alerting, amplifications)]
      .filter(([service, part]) => part > 0.005 && flow.gains[service] !== undefined)
      .sort((a, b) => b[1] - a[1]);
    const strength = strengthOf(flow, alerting);
    const heard = strength * (alerted === undefined || alerted === currency ? 1 : otherSymptom);
    return [{ flow, strength, heard, amplifications, kept }];
  });
  const best = chooseReading(readings, dependencies);
  if (!best) return undefined;
  const { flow, amplifications } = best;
  const strength = Math.max(...readings.map((reading) => reading.heard));
  const explanations = best.kept.map(([service, part]): Explanation => ({
    service,
    source: 'metrics',
    weight: part * (0.75 + 0.25 * strength),
    strength,
    why: describe(flow, service, alerting, part, amplifications),
    evidenceId: flow.gains[service]?.evidenceId ?? '',
  }));
  return { flow, strength, explanations, amplifications };
}

/**
 * The stronger reading, unless the other one points below what this one points to: a callee that fails costs its callers time in
 * retries, and one that is slow makes their calls fail by timeout, while hardly a caller does that to those it calls.
 */
function chooseReading(
  readings: readonly Reading[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): Reading | undefined {
  const [strong, weak] = readings.toSorted((a, b) => b.heard - a.heard);
  const [above, below] = [strong?.kept[0]?.[0], weak?.kept[0]?.[0]];
  if (!strong || !weak || above === undefined || below === undefined || above === below) return strong;
  const isAtOnce = weak.flow.fromMs <= strong.flow.toMs && strong.flow.fromMs <= weak.flow.toMs;
  const isBelow = listReachable(dependencies, above).has(below) && !listReachable(dependencies, below).has(above);
  return isAtOnce && isBelow && weak.strength >= 0.5 * strong.strength ? weak : strong;
}

/** What an alert speaks of, by its words; undefined where it names neither or both. */
export function readAlerted(alerts: readonly Pick<Alert, 'name' | 'summary' | 'annotations'>[]): Currency | undefined {
  const text = alerts
    .map((alert) => `${alert.name} ${alert.summary} ${Object.values(alert.annotations).join(' ')}`)
    .join(' ');
  const isTime = /latenc|slow|durations?\b|response.?time|\bp\d\d\b|took too long/i.test(text);
  const isFailure = /error|fail|availab|5xx|4xx|\b5\d\d\b|exception|success|reject|crash/i.test(text);
  return isTime === isFailure ? undefined : isTime ? 'time' : 'failures';
}

function strengthOf(flow: LoadFlow, alerting: string): number {
  const isSeen = flow.gains[alerting] !== undefined || flow.bounds[alerting] === undefined;
  return Math.min(1, flow.materiality / wholePart[flow.currency]) * (isSeen ? 1 : 0.6);
}

function describe(
  flow: LoadFlow,
  service: string,
  alerting: string,
  part: number,
  amplifications: readonly Amplification[],
): string {
  const gain = flow.gains[service];
  if (!gain) return '';
  // The stretch is as wide as its cells, so its figures are means over it, and its ends are no times of onset.
  const stretch = `from ${new Date(flow.fromMs).toISOString()} to ${new Date(flow.toMs).toISOString()}`;
  const what =
    flow.currency === 'time'
      ? `calls of ${service} took ${round(gain.perCall)} ms on average ${stretch}, ${round(gain.lift)} ms more than around it`
      : `${percent(gain.perCall)} of the calls of ${service} failed ${stretch}, ${percent(gain.lift)} more than around it`;
  const whose =
    service === alerting
      ? `; what it calls accounts for no more than ${percent(1 - part)} of that`
      : `; ${percent(part)} of what ${alerting} gained is its own`;
  const more = amplifications.find((item) => item.callee === service);
  const asked = more
    ? `; ${more.caller} calls it ${round(more.factor)} times as often as before${more.isRetry ? ', as retries do' : ''}`
    : '';
  return `${what}${whose}${asked}`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function percent(part: number): string {
  return `${round(100 * part)} %`;
}
