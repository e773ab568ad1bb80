import type { MetricSeries } from '../../evidence/evidence.ts';

/**
 * How full a resource was, read from one series against a limit that is known: a share of itself, a second series that states the
 * limit, a text of the platform (`469 of 500`), or a figure that the vendor tells people to alarm at.
 */
export interface ResourceLevel {
  /** Id of the condition that it is a sign of once the limit is passed. */
  readonly conditionId: string;
  readonly service: string;
  readonly object: string;
  readonly name: string;
  readonly unit: string;
  readonly first: number;
  /** The value nearest to the limit. */
  readonly worst: number;
  readonly last: number;
  /** For sentences: `90 %`, `450 of 500`, `60 s`. */
  readonly limit: string;
  /** Past the limit for a lasting stretch of the incident, and not already before it. */
  readonly isOver: boolean;
  /** It was past the limit, and is clear of it again at the end. */
  readonly isBack: boolean;
  /** Moved toward its limit by half of where it began, or more. */
  readonly hasMoved: boolean;
  readonly firstAt: string;
  readonly evidenceId: string;
}

export type Judged = Omit<ResourceLevel, 'service' | 'object' | 'name' | 'evidenceId'>;

/** A limit that a series is held against. */
export interface Limit {
  readonly conditionId: string;
  readonly unit: 'percent' | 'seconds' | 'bytes' | 'count';
  /** `above`: trouble at or over the limit; `below`: trouble at or under it. */
  readonly side: 'above' | 'below';
  readonly limit: number;
  readonly shown: string;
}

/**
 * A stretch past the limit that lasts and reaches into the incident counts. What was past it all through the baseline, or for a
 * while in it without harm, is how the system lives. O(points).
 * Our own rule; each limit names its source where it stands.
 */
export function judge(series: MetricSeries, factor: number, rule: Limit, incidentFrom: string): Judged | undefined {
  const points = series.points
    .filter(([, value]) => Number.isFinite(value))
    .map(([at, value]) => ({ at, value: value * factor }));
  const baseline = points.filter(({ at }) => at < incidentFrom);
  const values = points.slice(baseline.length).map(({ value }) => value);
  const first = baseline.at(-1)?.value ?? values[0];
  const last = values.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const isPast = points.map(({ value }) => (rule.side === 'above' ? value >= rule.limit : value <= rule.limit));
  const isUsual = wasPast(isPast.slice(0, baseline.length));
  const inIncident = findLasting(isPast.slice(baseline.length));
  const worst = rule.side === 'above' ? Math.max(...values) : Math.min(...values);
  const isFlat = rule.side === 'below' && worst >= 0.5 * Math.max(...points.map(({ value }) => value));
  const isOver = inIncident !== undefined && !isUsual && !isFlat;
  let start = baseline.length + (inIncident ?? 0);
  while (isOver && start > 0 && isPast[start - 1] === true) start--;
  return {
    conditionId: rule.conditionId,
    unit: { percent: '%', seconds: 's', bytes: 'bytes', count: '' }[rule.unit],
    first,
    worst,
    last,
    limit: rule.shown,
    isOver,
    isBack: isOver && values.length >= 6 && !isPast.slice(-3).some(Boolean),
    hasMoved: rule.side === 'above' ? worst > 1.5 * Math.max(first, 1e-9) : worst < 0.5 * first,
    firstAt: points[start]?.at ?? incidentFrom,
  };
}

/** True when a baseline spent most of its time past the limit, or was there for a while and came back. */
function wasPast(before: readonly boolean[]): boolean {
  if (before.length < 5) return false;
  const start = findLasting(before);
  return (
    before.filter(Boolean).length > before.length / 2 || (start !== undefined && before.slice(start).includes(false))
  );
}

/** Where the first stretch begins that lasts three points, or two up to the end. */
function findLasting(isPast: readonly boolean[]): number | undefined {
  for (let i = 0; i < isPast.length; i++) {
    const next = isPast.slice(i, i + 3);
    if (next.every(Boolean) && (next.length === 3 || (next.length === 2 && isPast.length >= 3))) return i;
  }
  return undefined;
}
