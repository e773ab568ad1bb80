import type { MetricSeries } from '../../evidence/evidence.ts';

export type MetricMeaning = 'failures' | 'latency' | 'saturation' | 'traffic' | 'other';

/**
 * What a series is about, by the words of its name and expression.
 * Our own rule; the kinds are the golden signals (Beyer et al., "Site Reliability Engineering", 2016, ch. 6). O(1).
 */
export function readMeaning(series: Pick<MetricSeries, 'name' | 'expression'>): MetricMeaning {
  const text = `${series.name} ${series.expression}`.toLowerCase();
  if (
    /error|fail|5xx|4xx|panic|exception|reject|oom|restart|timeout|exhaust|crash|code=~"[45]|drop|dead.?letter/.test(
      text,
    ) ||
    isTurned(series)
  )
    return 'failures';
  if (/latency|duration|wait|p9[059]|response.?time|lag/.test(text)) return 'latency';
  if (
    /memory|heap|rss|cpu|disk|pool|queue|connections|threads|goroutine|file.?desc|in.?use|capacity|inflight/.test(text)
  )
    return 'saturation';
  // How much one request costs grows with what it does, not with how many come.
  if (/per.?(request|call|query|transaction|operation)/.test(text)) return 'other';
  if (/request|rps|qps|throughput|traffic|rate\(/.test(text)) return 'traffic';
  return 'other';
}

/** True for a series that tells of failures by falling: availability, the part of calls that succeed. */
export function isTurned(series: Pick<MetricSeries, 'name' | 'expression'>): boolean {
  const text = `${series.name} ${series.expression}`.toLowerCase();
  return /availability|success.?(rate|ratio|percent|pct)/.test(text) && !/unavailab/.test(text);
}

/** How much a departure of a series speaks of trouble, 0 to 1. */
export function weighMeaning(meaning: MetricMeaning, isAdverse: boolean): number {
  switch (meaning) {
    case 'failures':
      return isAdverse ? 1 : 0.1;
    case 'latency':
      return isAdverse ? 0.9 : 0.2;
    case 'saturation':
      return 0.7;
    case 'traffic':
      return 0.4;
    case 'other':
      return 0.4;
  }
}
