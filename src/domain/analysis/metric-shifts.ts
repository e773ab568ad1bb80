import type { Evidence, MetricSeries, MetricsBody } from '../evidence/evidence.ts';

export type MetricMeaning = 'failures' | 'latency' | 'saturation' | 'traffic' | 'other';

/** A series that left its normal range. */
export interface MetricShift {
  readonly service: string;
  readonly evidenceId: string;
  readonly name: string;
  readonly meaning: MetricMeaning;
  /** `step` left its band; `climb` grew steadily since `firstAt`; `deadline` counted down by the clock and passed zero. */
  readonly kind: 'step' | 'climb' | 'deadline';
  readonly direction: 'up' | 'down';
  readonly firstAt: string;
  readonly before: number;
  readonly after: number;
  /** 0 to 1. */
  readonly weight: number;
}

/** Robust distance from the baseline's median, in scaled MADs, that counts as outside of the band. */
const bandWidth = 6;
const fewestBaselinePoints = 5;

type Point = readonly [number, number];

/** Shifts of every series in a metrics body, heaviest first. */
export function findMetricShifts(evidence: Evidence, body: MetricsBody): readonly MetricShift[] {
  const incidentFromMs = Date.parse(body.incidentFrom);
  const shifts: MetricShift[] = [];
  for (const series of body.series) {
    const points = series.points
      .map(([at, value]): Point => [Date.parse(at), value])
      .filter(([, value]) => Number.isFinite(value));
    const found = findDeadline(points, incidentFromMs) ?? findClimb(points) ?? findStep(points, incidentFromMs);
    if (!found) continue;
    const meaning = readMeaning(series);
    shifts.push({
      service: body.service,
      evidenceId: evidence.id,
      name: series.name,
      meaning,
      ...found,
      weight: Math.round(found.weight * meaningWeight(meaning, found.direction) * 1000) / 1000,
    });
  }
  return shifts.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
}

/** What a series is about, by the words of its name and expression. */
export function readMeaning(series: Pick<MetricSeries, 'name' | 'expression'>): MetricMeaning {
  const text = `${series.name} ${series.expression}`.toLowerCase();
  if (
    /error|fail|5xx|4xx|panic|exception|reject|oom|restart|timeout|exhaust|crash|code=~"[45]|drop|dead.?letter/.test(
      text,
    )
  )
    return 'failures';
  if (/latency|duration|wait|p9[059]|response.?time|lag/.test(text)) return 'latency';
  if (
    /memory|heap|rss|cpu|disk|pool|queue|connections|threads|goroutine|file.?desc|in.?use|capacity|inflight/.test(text)
  )
    return 'saturation';
  if (/request|rps|qps|throughput|traffic|rate\(/.test(text)) return 'traffic';
  return 'other';
}

function meaningWeight(meaning: MetricMeaning, direction: 'up' | 'down'): number {
  switch (meaning) {
    case 'failures':
      return direction === 'up' ? 1 : 0.1;
    case 'latency':
      return direction === 'up' ? 0.9 : 0.2;
    case 'saturation':
      return 0.7;
    case 'traffic':
      return 0.4;
    case 'other':
      return 0.4;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

type Found = Pick<MetricShift, 'kind' | 'direction' | 'firstAt' | 'before' | 'after' | 'weight'>;

/**
 * Median and MAD of the baseline (Hampel's identifier). A baseline that hardly moves (MAD = 0, many ties) takes its mean absolute
 * deviation and one percent of its level as scale instead; a constant zero counts any lasting departure. Two of three consecutive
 * points must lie outside, so that a lone spike is no shift.
 */
function findStep(points: readonly Point[], incidentFromMs: number): Found | undefined {
  const baseline = points.filter(([at]) => at < incidentFromMs).map(([, value]) => value);
  if (baseline.length < fewestBaselinePoints) return undefined;
  const center = median(baseline);
  const deviations = baseline.map((value) => Math.abs(value - center));
  const mad = 1.4826 * median(deviations);
  const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
  const scale = Math.max(mad, mad === 0 ? 1.2533 * mean : 0, 0.02 * Math.abs(center), 1e-9);
  const distances = points.map(([, value]) => (value - center) / scale);
  // Start where the baseline has had its say; the fault may begin before the alert's lookback does.
  const start = Math.min(Math.floor(baseline.length / 2), points.length - 1);
  for (let i = start; i < points.length; i++) {
    const near = distances.slice(i, i + 3);
    const sign = Math.sign(near[0] ?? 0);
    const outside = near.filter((distance) => distance * sign > bandWidth).length;
    if (Math.abs(near[0] ?? 0) <= bandWidth || outside < Math.min(2, near.length)) continue;
    const [onsetMs] = points[i] ?? [incidentFromMs];
    const rest = points.slice(i).map(([, value]) => value);
    const extreme = sign > 0 ? Math.max(...rest) : Math.min(...rest);
    const lasting = points.slice(i).filter(([, value]) => ((value - center) / scale) * sign > bandWidth).length;
    if (lasting < 2 && points.length - i > 2) continue;
    const size = Math.min(50, Math.abs((extreme - center) / scale));
    return {
      kind: 'step',
      direction: sign > 0 ? 'up' : 'down',
      firstAt: new Date(onsetMs).toISOString(),
      before: center,
      after: extreme,
      weight: Math.min(1, 0.4 + 0.15 * Math.log2(size / bandWidth + 1)),
    };
  }
  return undefined;
}

/**
 * A steady climb that has a beginning: flat, then a line (least squares of both segments), rising by half of its level or more. A
 * series that climbs from its first point, like a counter, has no beginning and is left alone.
 */
function findClimb(points: readonly Point[]): Found | undefined {
  if (points.length < 20) return undefined;
  const peak = points.reduce((best, [, value], i) => (value > (points[best]?.[1] ?? -Infinity) ? i : best), 0);
  const rising = points.slice(0, peak + 1);
  if (rising.length < 20) return undefined;
  const values = rising.map(([, value]) => value);
  let best = { knee: 0, cost: Infinity };
  for (let knee = 4; knee < values.length - 10; knee++) {
    const cost = flatCost(values.slice(0, knee)) + lineFit(values.slice(knee)).cost;
    if (cost < best.cost) best = { knee, cost };
  }
  if (best.knee < 5) return undefined;
  const before = median(values.slice(0, best.knee));
  const climb = lineFit(values.slice(best.knee));
  const length = values.length - best.knee;
  const rise = climb.slope * (length - 1);
  const noise = Math.sqrt(climb.cost / length);
  if (before <= 0 || rise < 0.5 * before || rise < 12 * noise || length < 0.15 * values.length || length < 12)
    return undefined;
  return {
    kind: 'climb',
    direction: 'up',
    firstAt: new Date(rising[best.knee]?.[0] ?? 0).toISOString(),
    before,
    after: values.at(-1) ?? before,
    weight: 0.9,
  };
}

function flatCost(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
}

function lineFit(values: readonly number[]): { slope: number; cost: number } {
  const n = values.length;
  const meanX = (n - 1) / 2;
  const meanY = values.reduce((sum, value) => sum + value, 0) / n;
  let xy = 0;
  let xx = 0;
  let yy = 0;
  values.forEach((value, x) => {
    xy += (x - meanX) * (value - meanY);
    xx += (x - meanX) ** 2;
    yy += (value - meanY) ** 2;
  });
  return { slope: xx === 0 ? 0 : xy / xx, cost: Math.max(0, yy - (xx === 0 ? 0 : xy ** 2 / xx)) };
}

/** A gauge that falls by the clock (one unit a second, minute, hour or day) and passes zero: a certificate, lease or licence that ran out. */
function findDeadline(points: readonly Point[], incidentFromMs: number): Found | undefined {
  if (points.length < 5) return undefined;
  const crossing = points.findIndex(([, value], i) => value <= 0 && (points[i - 1]?.[1] ?? 0) > 0);
  const [first, at] = [points[0], points[crossing]];
  if (crossing < 3 || !first || !at || at[0] < incidentFromMs - 3_600_000) return undefined;
  const perSecond = (first[1] - at[1]) / ((at[0] - first[0]) / 1000);
  const steady = points.slice(1, crossing).every(([, value], i) => value < (points[i]?.[1] ?? Infinity));
  const byTheClock = [1, 1 / 60, 1 / 3600, 1 / 86_400].some((pace) => Math.abs(perSecond / pace - 1) < 0.05);
  if (!steady || !byTheClock) return undefined;
  return {
    kind: 'deadline',
    direction: 'down',
    firstAt: new Date(at[0]).toISOString(),
    before: first[1],
    after: at[1],
    weight: 1,
  };
}
