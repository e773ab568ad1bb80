import type { MetricShift } from '../metrics/shifts.ts';
import type { Explanation } from '../rank-explanations.ts';
import { findBusyServices, type BusyService } from './resource-pressure.ts';
import type { Delay } from './delays.ts';
import type { SpanFacts } from './facts.ts';

/** One thing that spans hold against a service. */
export interface SpanSign {
  readonly service: string;
  readonly kind: 'code' | 'work' | 'network' | 'resource' | 'error' | 'missing';
  /** The stretch between two events where it lies, or twice the name of what is scarce or slow. */
  readonly place?: { readonly from: string; readonly to: string };
  /** 0 to 1: how far it alone would explain the incident. */
  readonly strength: number;
  readonly why: string;
  readonly evidenceIds: readonly string[];
  /** ISO time of its first occurrence in the incident. */
  readonly firstAt: string;
}

/** A region of this strength explains two thirds of an incident. */
const telling = 0.35;
/** Standard normal score at which a rise of time counts half. */
const halfZ = 1.5;
/** Times below are as long as the instruments' own. */
const leastMs = 0.5;
/** Use of a resource that rose longer before the incident has another reason. */
const leadMs = 180_000;
/** A comparison of so few visits counts half. */
const halfSamples = 2;
/** So many failing traces of an origin count half. */
const halfTraces = 2;

/**
 * Everything that spans say against services: code in which requests first leave their usual way, time that a service or the way to it
 * adds, where failures begin, and calls that no longer arrive. Most telling first. O(n log n) for n signs.
 */
export function listSpanSigns(
  spans: SpanFacts | undefined,
  services: readonly string[],
  shifts: readonly MetricShift[],
): readonly SpanSign[] {
  if (!spans) return [];
  const busy = findBusyServices(shifts.filter((shift) => Date.parse(shift.firstAt) >= spans.fromMs - leadMs));
  return [
    ...readRegions(spans),
    ...readDelays(spans, busy),
    ...readOrigins(spans, services),
    ...readMissing(spans),
  ].sort((a, b) => b.strength - a.strength || (a.service < b.service ? -1 : 1));
}

/**
 * What spans explain of the symptom, service by service, as shares whose sum is how far anything explains it. Of one kind the heaviest sign of
 * a service counts, signs of several kinds add up as independent ones do, and so do services (noisy-or, Pearl 1988); squares set a clear
 * suspect off from the many that waver.
 */
export function explainBySpans(spanSigns: readonly SpanSign[]): readonly Explanation[] {
  const byService = new Map<string, Map<SpanSign['kind'], SpanSign>>();
  for (const sign of spanSigns) {
    const heaviest = byService.get(sign.service) ?? new Map<SpanSign['kind'], SpanSign>();
    if (!heaviest.has(sign.kind)) heaviest.set(sign.kind, sign);
    byService.set(sign.service, heaviest);
  }
  const blame = [...byService].map(([service, signs]) => ({
    service,
    signs: [...signs.values()],
    value: noisyOr([...signs.values()].map((sign) => sign.strength)),
  }));
  const explained = noisyOr(blame.map((item) => item.value));
  const squares = blame.reduce((sum, { value }) => sum + value ** 2, 0);
  if (squares === 0) return [];
  return blame
    .map(({ service, signs, value }): Explanation => ({
      service,
      source: 'traces',
      weight: (explained * value ** 2) / squares,
      why: signs[0]?.why ?? '',
      evidenceId: signs[0]?.evidenceIds[0] ?? '',
    }))
    .filter((item) => item.weight > 0.005)
    .sort((a, b) => b.weight - a.weight || (a.service < b.service ? -1 : 1));
}

function noisyOr(parts: readonly number[]): number {
  return 1 - parts.reduce((rest, value) => rest * (1 - value), 1);
}

function readRegions(spans: SpanFacts): readonly SpanSign[] {
  return spans.regions.map((region) => ({
    service: region.service,
    kind: 'code' as const,
    place: { from: region.from, to: region.to },
    strength: 1 - Math.exp(-region.strength / telling),
    why: `in ${region.operation} of ${region.service}, \`${region.from}\` used to be followed by \`${region.to}\` and is now by \`${region.instead}\`, in ${region.traces} of ${spans.during} requests`,
    evidenceIds: idsOf(spans, region.service),
    firstAt: toIso(region.firstUs),
  }));
}

/**
 * A delay tells the more, the more often as long it takes, the more of a request's usual time it adds, and the more requests pass there; of a
 * service's own work, only what lies on critical paths. Where a resource of the service came under pressure at the same time, each
 * confirms the other.
 */
function readDelays(spans: SpanFacts, busy: readonly BusyService[]): readonly SpanSign[] {
  return spans.delays.flatMap((delay): SpanSign[] => {
    const { service, kind, z, beforeMs, duringMs } = delay;
    const sure = z <= 0 ? 0 : (z ** 2 / (z ** 2 + halfZ ** 2)) * (delay.samples / (delay.samples + halfSamples));
    const isHeld = kind === 'network' || (spans.criticalShare[service] ?? 0) > 0.001;
    if (sure === 0 || !isHeld) return [];
    const size = 1 - Math.exp(-delay.addedMs / Math.max(1, spans.requestMs));
    const times = Math.log(duringMs / Math.max(beforeMs, leastMs));
    const alone = 1 - Math.exp(-Math.max(0, times) * size * Math.sqrt(delay.share) * sure);
    const pressure = busy.find((item) => item.service === service);
    const confirmed = pressure ? sure * pressure.strength * (1 - beforeMs / duringMs) : 0;
    const from = `${round(beforeMs)} ms`;
    const what =
      kind === 'own'
        ? `${service} works ${round(duringMs)} ms a request instead of ${from}${delay.operation === undefined ? '' : `, most of it in ${delay.operation}`}`
        : `the way between ${service} and those who talk to it takes ${round(duringMs)} ms a call instead of ${from}`;
    return [
      {
        service,
        kind: pressure ? 'resource' : kind === 'own' ? 'work' : 'network',
        place: placeOf(delay, pressure),
        strength: noisyOr([alone, confirmed]),
        why: pressure
          ? `${what}, while its ${pressure.name} rose from ${round(pressure.before)} to ${round(pressure.after)}`
          : what,
        evidenceIds: [...idsOf(spans, service), ...(pressure ? [pressure.evidenceId] : [])],
        firstAt: toIso(delay.firstUs),
      },
    ];
  });
}

function placeOf({ kind, operation }: Delay, pressure: BusyService | undefined): NonNullable<SpanSign['place']> {
  if (pressure) return { from: pressure.name, to: pressure.name };
  if (operation !== undefined) return { from: `${operation} start`, to: `${operation} end` };
  return { from: kind, to: kind };
}

/** A failure that began at a call to somebody unseen is not the caller's own. */
function readOrigins(spans: SpanFacts, services: readonly string[]): readonly SpanSign[] {
  return spans.origins.flatMap((origin): SpanSign[] => {
    const was = spans.before === 0 ? 0 : origin.before / spans.before;
    const is = spans.during === 0 ? 0 : origin.during / spans.during;
    if (is <= was) return [];
    const isForeign = origin.peer !== undefined && !services.includes(origin.peer);
    const service = origin.peer !== undefined && !isForeign ? origin.peer : origin.service;
    const share = origin.during / Math.max(1, origin.failingDuring);
    const many = origin.during / (origin.during + halfTraces);
    return [
      {
        service,
        kind: 'error',
        strength: 0.8 * share * many * (1 - was / is) * (isForeign ? 0.5 : 1),
        why: `${origin.during} of ${origin.failingDuring} failing requests fail first in ${origin.operation} of ${origin.service}${origin.peer === undefined ? '' : `, calling ${origin.peer}`}`,
        evidenceIds: idsOf(spans, origin.service),
        firstAt: toIso(origin.firstUs),
      },
    ];
  });
}

function readMissing(spans: SpanFacts): readonly SpanSign[] {
  return spans.missing.map((side) => ({
    service: side.callee,
    kind: 'missing' as const,
    strength: 0.6 * (side.before - side.during) * (side.calls / (side.calls + halfTraces)),
    why: `of the calls of ${side.caller} to ${side.callee}, ${round(100 * side.during)} % arrive instead of ${round(100 * side.before)} %`,
    evidenceIds: idsOf(spans, side.caller),
    firstAt: toIso(side.firstUs),
  }));
}

function idsOf(spans: SpanFacts, service: string): readonly string[] {
  const id = spans.evidenceOf[service];
  return id === undefined ? [] : [id];
}

function toIso(us: number): string {
  return new Date(us / 1000).toISOString();
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
