import { median, type Point } from './points.ts';

/** A climb, or a countdown that passed zero. */
export interface Course {
  readonly kind: 'climb' | 'deadline';
  readonly direction: 'up' | 'down';
  readonly firstAt: string;
  readonly before: number;
  readonly after: number;
  /** 0 to 1. */
  readonly weight: number;
}

const fewestPoints = 20;

/**
 * A steady climb that has a beginning: flat, then a line (least squares of both segments), rising by half of its level or more. A series
 * that climbs from its first point, like a counter, has no beginning and is left alone. O(n), by running sums.
 * Two regimes with an unknown switch, by trying every one: Quandt, JASA 53, 1958; how much a climb must rise is our own rule.
 */
export function findClimb(points: readonly Point[]): Course | undefined {
  if (points.length < fewestPoints) return undefined;
  const peak = points.reduce((best, [, value], i) => (value > (points[best]?.[1] ?? -Infinity) ? i : best), 0);
  const rising = points.slice(0, peak + 1);
  if (rising.length < fewestPoints) return undefined;
  const values = rising.map(([, value]) => value);
  const costs = createCosts(values);
  const n = values.length;
  let best = { knee: 0, cost: Infinity };
  for (let knee = 4; knee < n - 10; knee++) {
    const cost = costs.flat(0, knee) + costs.line(knee, n).cost;
    if (cost < best.cost) best = { knee, cost };
  }
  // One line that says nearly as much has no knee.
  if (best.knee < 5 || costs.line(0, n).cost < 1.5 * best.cost) return undefined;
  const before = median(values.slice(0, best.knee));
  const climb = costs.line(best.knee, n);
  const length = n - best.knee;
  const rise = climb.slope * (length - 1);
  const noise = Math.sqrt(climb.cost / length);
  if (before <= 0 || rise < 0.5 * before || rise < 12 * noise || length < 0.15 * n || length < 12) return undefined;
  return {
    kind: 'climb',
    direction: 'up',
    firstAt: new Date(rising[best.knee]?.[0] ?? 0).toISOString(),
    before,
    after: values.at(-1) ?? before,
    weight: 0.9,
  };
}

/** Squared error of a level and of a line over any stretch, in O(1) each after O(n); values are centred first, for precision. */
function createCosts(values: readonly number[]) {
  const center = median(values);
  const sums = [{ y: 0, yy: 0, xy: 0 }];
  values.forEach((raw, x) => {
    const last = sums[x] ?? { y: 0, yy: 0, xy: 0 };
    const y = raw - center;
    sums.push({ y: last.y + y, yy: last.yy + y * y, xy: last.xy + x * y });
  });
  const between = (from: number, to: number) => {
    const [a, b] = [sums[from], sums[to]];
    const n = to - from;
    const y = (b?.y ?? 0) - (a?.y ?? 0);
    const meanX = (from + to - 1) / 2;
    const varianceY = Math.max(0, (b?.yy ?? 0) - (a?.yy ?? 0) - (y * y) / n);
    return { n, varianceY, covariance: (b?.xy ?? 0) - (a?.xy ?? 0) - meanX * y, varianceX: (n * (n * n - 1)) / 12 };
  };
  return {
    flat: (from: number, to: number) => between(from, to).varianceY,
    line: (from: number, to: number) => {
      const { varianceY, covariance, varianceX } = between(from, to);
      if (varianceX === 0) return { slope: 0, cost: varianceY };
      return { slope: covariance / varianceX, cost: Math.max(0, varianceY - covariance ** 2 / varianceX) };
    },
  };
}

/**
 * A gauge that falls by the clock (one unit a second, minute, hour or day) and passes zero: a certificate, lease or licence that ran out. O(n).
 * Our own rule; it follows from what a countdown is.
 */
export function findDeadline(points: readonly Point[], incidentFromMs: number): Course | undefined {
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
