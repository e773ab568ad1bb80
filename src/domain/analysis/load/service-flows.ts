import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { MetricSeries } from '../../evidence/evidence.ts';
import { isCounter, median, readPoints, toRate, typicalStepMs, type Point } from '../metrics/points.ts';
import { readQuantity, type Quantity } from '../metrics/quantity.ts';

/** How long a service took, how much it was asked and how much of it failed, as series over one common grid. */
export interface ServiceFlow {
  readonly service: string;
  readonly evidenceId: string;
  /** Milliseconds a call. */
  readonly latency?: readonly Point[];
  /** Calls per second. */
  readonly requests?: readonly Point[];
  /** Part of the calls that failed, 0 to 1. */
  readonly failing?: readonly Point[];
}

/** Flows of all services; times are multiples of the step, so that the same moment has the same number everywhere. */
export interface ServiceFlows {
  readonly stepMs: number;
  /** From here on the incident is taken to last, as it was reported. */
  readonly incidentFromMs: number;
  readonly services: readonly ServiceFlow[];
}

interface Measured {
  readonly service: string;
  readonly evidenceId: string;
  readonly quantity: Quantity;
  readonly stepMs: number;
  readonly lastMs: number;
  /** Reads the points again: of all series together they may be larger than memory. */
  readonly read: () => readonly Point[];
}

/** The incident and as much before it are looked at in this many cells at most: the search compares all pairs. */
const mostCells = 48;
/** Averages add up along calls; the median is their next of kin, and tails come last. */
const statistics = ['average', '', 'p50', 'p75', 'p90', 'p95', 'p99', 'p999', 'max'];

/**
 * Reads the three quantities that add up along calls (the RED method: rate, errors, duration) from whatever metrics there are. One
 * statistic of latency is taken for all services, the one that most have, since a mean here and a tail there cannot be compared.
 * O(n log n) in the number of points.
 * The RED method is Tom Wilkie's; which series counts is our own rule.
 */
export function readFlows(evidence: readonly EvidenceWithBody[]): ServiceFlows {
  const measured: Measured[] = [];
  let incidentFromMs = Infinity;
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'metrics') continue;
    incidentFromMs = Math.min(incidentFromMs, Date.parse(body.incidentFrom));
    for (const series of body.series) {
      const raw = readPoints(series);
      const quantity = readQuantity(series, raw);
      if (!quantity || raw.length < 2) continue;
      const points = toValues(series, raw, quantity);
      measured.push({
        service: body.service,
        evidenceId: item.id,
        quantity,
        stepMs: typicalStepMs(points),
        lastMs: points.at(-1)?.[0] ?? 0,
        read: () => toValues(series, readPoints(series), quantity),
      });
    }
  }
  const lastMs = measured.reduce((last, item) => Math.max(last, item.lastMs), 0);
  const stepMs = Math.max(
    1000,
    median(measured.map((item) => item.stepMs)),
    Math.ceil((2 * Math.max(0, lastMs - incidentFromMs)) / mostCells),
  );
  const statistic = chooseStatistic(measured);
  const names = [...new Set(measured.map((item) => item.service))].sort();
  return {
    stepMs,
    incidentFromMs,
    services: names.map((service) => readService(service, measured, statistic, stepMs)),
  };
}

/** A series as its quantity is counted: per second, in milliseconds, as a part of 1. */
function toValues(series: MetricSeries, raw: readonly Point[], quantity: Quantity): readonly Point[] {
  const isTotal = isCounter(series, raw, Infinity);
  const points = isTotal ? toRate(raw) : quantity.isPerPoint ? perSecond(raw) : raw;
  return points.map(([at, value]) => [at, quantity.read(value)]);
}

function perSecond(points: readonly Point[]): readonly Point[] {
  const seconds = Math.max(1, typicalStepMs(points)) / 1000;
  return points.map(([at, value]) => [at, value / seconds]);
}

function chooseStatistic(measured: readonly Measured[]): string {
  const latencies = measured.filter(({ quantity }) => quantity.kind === 'latency');
  const count = (name: string) =>
    new Set(latencies.filter(({ quantity }) => quantity.statistic === name).map(({ service }) => service)).size;
  const most = Math.max(0, ...statistics.map(count));
  return statistics.find((name) => count(name) >= 0.8 * most) ?? '';
}

function readService(service: string, measured: readonly Measured[], statistic: string, stepMs: number): ServiceFlow {
  const own = measured.filter((item) => item.service === service);
  const pick = (kind: Quantity['kind'], wanted?: string) => {
    const all = own.filter(
      ({ quantity }) => quantity.kind === kind && quantity.statistic === (wanted ?? quantity.statistic),
    );
    const about = all.filter(({ quantity }) => !quantity.isOfOthers);
    return toGrid(
      (about.length > 0 ? about : all).map(({ read }) => read),
      stepMs,
    );
  };
  const latency = pick('latency', statistic);
  const requests = pick('requests');
  const failing = pick('failure-ratio') ?? divide(pick('failures'), requests);
  return {
    service,
    evidenceId: own[0]?.evidenceId ?? '',
    ...(latency ? { latency } : {}),
    ...(requests ? { requests } : {}),
    ...(failing ? { failing } : {}),
  };
}

/** Mean of all series of a kind in each step of the grid; a hole stays one. */
function toGrid(all: readonly Measured['read'][], stepMs: number): readonly Point[] | undefined {
  const cells = new Map<number, { sum: number; count: number }>();
  for (const read of all) {
    for (const [at, value] of read()) {
      const start = Math.floor(at / stepMs) * stepMs;
      const cell = cells.get(start) ?? { sum: 0, count: 0 };
      cells.set(start, { sum: cell.sum + value, count: cell.count + 1 });
    }
  }
  if (cells.size === 0) return undefined;
  return [...cells].map(([at, { sum, count }]): Point => [at, sum / count]).sort((a, b) => a[0] - b[0]);
}

/** Failures a call, where both are known. */
function divide(failures: readonly Point[] | undefined, requests: readonly Point[] | undefined) {
  if (!failures || !requests) return undefined;
  const rates = new Map(requests);
  return failures.map(([at, value]): Point => {
    const rate = rates.get(at) ?? 0;
    return [at, rate > 0 ? Math.min(1, value / rate) : 0];
  });
}
