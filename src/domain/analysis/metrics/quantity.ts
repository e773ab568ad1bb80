import type { MetricSeries } from '../../evidence/evidence.ts';
import type { Point } from './points.ts';

/** What a series measures, where it is one of the quantities that add up along calls. */
export interface Quantity {
  readonly kind: 'latency' | 'requests' | 'failures' | 'failure-ratio';
  /** `average`, `p50`, `p99` and the like; empty where the name tells none. */
  readonly statistic: string;
  /** Turns a value into milliseconds, or into a part of 1; rates and counts stay as they are. */
  readonly read: (value: number) => number;
  /** A count per point, to be divided by the distance of points; a rate is not. */
  readonly isPerPoint: boolean;
  /** A series about what a service asks of others (clients, pools, databases) stands behind one about what it answers. */
  readonly isOfOthers: boolean;
}

const ofOthers = /client|upstream|downstream|outgoing|egress|db|sql|query|redis|cache|s3|pool|queue|wait|external|gc\b/;

/** Reads name, expression and labels; undefined for a series that does not add up along calls. Our own rule. O(points). */
export function readQuantity(
  series: Pick<MetricSeries, 'name' | 'expression' | 'labels'>,
  points: readonly Point[],
): Quantity | undefined {
  const text = `${series.name} ${series.expression} ${series.labels['statistic'] ?? series.labels['quantile'] ?? ''}`
    .toLowerCase()
    .replace(/[^a-z0-9%.]+/g, ' ');
  const most = points.reduce((top, [, value]) => Math.max(top, value), 0);
  const rest = { statistic: readStatistic(text), isOfOthers: ofOthers.test(text) };
  if (/availab|success (rate|ratio|percent)/.test(text)) {
    const full = most > 1.5 ? 100 : 1;
    return { ...rest, kind: 'failure-ratio', isPerPoint: false, read: (value) => 1 - value / full };
  }
  if (/error|fail|5xx|fault|exception/.test(text)) {
    const isPercent = /pct|percent|%/.test(text);
    if (isPercent || /ratio/.test(text) || (/rate/.test(text) && most <= 1))
      return { ...rest, kind: 'failure-ratio', isPerPoint: false, read: (value) => value / (isPercent ? 100 : 1) };
    return { ...rest, kind: 'failures', isPerPoint: !isRate(text), read: (value) => value };
  }
  if (/latency|duration|response ?time/.test(text)) {
    const factor = /\b(ms|millis|milliseconds)\b/.test(text)
      ? 1
      : /\b(us|micros|microseconds)\b/.test(text)
        ? 0.001
        : 0;
    const scale = factor || (/\b(s|sec|seconds)\b/.test(text) ? 1000 : 1);
    return { ...rest, kind: 'latency', isPerPoint: false, read: (value) => value * scale };
  }
  if (/request|calls|throughput|rps|qps|rpm|hits/.test(text) && !/size|bytes|inflight|in flight/.test(text))
    return { ...rest, kind: 'requests', isPerPoint: !isRate(text), read: (value) => value };
  return undefined;
}

function isRate(text: string): boolean {
  return /per (s|sec|second)|rps|qps|\brate\b/.test(text);
}

function readStatistic(text: string): string {
  const percentile = /\bp ?(50|75|90|95|99|999)\b|\b0?\.(50?|75|90?|95|99)\b/.exec(text);
  if (percentile) return `p${(percentile[1] ?? (percentile[2] ?? '').padEnd(2, '0')).slice(0, 3)}`;
  if (/average|avg|mean/.test(text)) return 'average';
  if (/max/.test(text)) return 'max';
  return '';
}
