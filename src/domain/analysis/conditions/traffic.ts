import type { Facts } from '../facts.ts';
import { failurePatterns, failureShifts } from '../facts.ts';
import type { MetricShift } from '../metrics/shifts.ts';
import { listReachable } from '../load/rank-by-load.ts';
import { clockSlackOf, findOnset } from '../suspicion.ts';

/** More work than before, that came no later than the trouble. */
export interface Surge {
  readonly service: string;
  readonly traffic: MetricShift;
  /** What it filled up or slowed down, where a metric says so. */
  readonly strain: readonly MetricShift[];
  readonly confidence: number;
}

/** Traffic has to double; less is an ordinary day. */
const growth = 2;
/**
 * More work that filled nothing up and slowed nothing down came at the same time, and no more: that is a lead. With changes or logs taken
 * away from the public incidents named in bench/diagnosis, no cause that was told by it was right.
 */
const confidence = { strained: 0.6, alone: 0.35 } as const;

/**
 * A surge of load at the door: traffic that doubled at a service that no other service calls, before anything failed. Traffic further
 * in says nothing, since retries of failing calls raise it as well; so do clients' retries at the door, which come after the failure.
 * Traffic and saturation are two of the golden signals (Beyer et al., "Site Reliability Engineering", 2016, ch. 6); the factor and the
 * order in time are our own. O(s · (e + f · p) + n log n) for s services, e edges of the call graph, f failing calls, p failing
 * patterns and n shifts.
 */
export function findSurge(facts: Facts, alertService: string): Surge | undefined {
  const called = new Set(Object.values(facts.dependencies).flat());
  const doors = facts.services.filter(
    (service) => service === alertService || (!called.has(service) && leadsTo(facts, service, alertService)),
  );
  const slackMs = clockSlackOf(facts.spanMs) / 3;
  const onsets = facts.services.map((service) => onsetWithout(facts, service)).filter((ms) => ms !== undefined);
  const firstFailureMs = Math.min(...onsets);
  const surges = facts.shifts.filter(
    (shift) =>
      shift.meaning === 'traffic' &&
      shift.direction === 'up' &&
      doors.includes(shift.service) &&
      shift.after >= growth * Math.max(shift.before, 1e-9) &&
      Date.parse(shift.firstAt) <= firstFailureMs + slackMs,
  );
  const [first] = surges.sort((a, b) => (a.firstAt < b.firstAt ? -1 : a.firstAt > b.firstAt ? 1 : 0));
  if (!first || onsets.length === 0) return undefined;
  const strain = facts.shifts
    .filter((shift) => /saturation|latency/.test(shift.meaning) && shift.direction === 'up')
    .filter((shift) => shift.firstAt >= first.firstAt)
    .slice(0, 2);
  return {
    service: first.service,
    traffic: first,
    strain,
    confidence: confidence[strain.length > 0 ? 'strained' : 'alone'],
  };
}

/** True when calls that come in at a door reach the alerting service; where nothing is known of who calls whom, they may. */
function leadsTo(facts: Facts, door: string, alertService: string): boolean {
  const isUnknown = Object.values(facts.dependencies).every((callees) => callees.length === 0);
  return isUnknown || listReachable(facts.dependencies, door).has(alertService);
}

function onsetWithout(facts: Facts, service: string): number | undefined {
  if (failurePatterns(facts, service).length === 0 && failureShifts(facts, service).length === 0) return undefined;
  return findOnset(facts, service);
}
