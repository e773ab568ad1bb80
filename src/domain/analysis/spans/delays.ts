import { operationOf } from './operation.ts';
import { likelihoodRatio, stratifiedRankScore, type Samples } from './two-samples.ts';
import { findSlowOperations } from './self-time.ts';
import type { Trace } from './trees.ts';
import { listVisits, networkTimeUs, ownTimeUs } from './visits.ts';

/** A service, or the way to it, takes longer than before. */
export interface Delay {
  readonly service: string;
  /** `own`: its own work. `network`: the way between it and those it talks to. */
  readonly kind: 'own' | 'network';
  /** For its own work: the operation that gained most of the time, where spans tell it apart. */
  readonly operation?: string;
  /** Standard normal score of the rise: of all values, or of how many are slow, where only some are held up. */
  readonly z: number;
  /** Mean before and during, in milliseconds a visit or a call. */
  readonly beforeMs: number;
  readonly duringMs: number;
  /** Milliseconds that it adds, on average, to a request that passes there. */
  readonly addedMs: number;
  /** How many visits or calls the comparison rests on: the fewer of before and during. */
  readonly samples: number;
  /** Part of the incident's requests that pass there. */
  readonly share: number;
  readonly firstUs: number;
}

interface Stratum extends Samples {
  readonly before: number[];
  readonly during: number[];
  /** Requests of the incident that pass here. */
  readonly traces: Set<Trace>;
  firstUs: number;
}

/** A value is slow above twice this quantile of the baseline. */
const slowQuantile = 0.95;
/** The slow part of one service's calls is clearly the greater one from this ratio on. */
const clearlyMore = 1.2;

/**
 * Services whose own work, or whose network, takes longer than in the baseline; most added time first. Own work is compared by operation,
 * the network by pair of services, so that a request for something else is no delay. O(n log n) for n spans.
 * Samples are compared by ranks ({@link ./two-samples.ts} names the test); the least delay is our own rule.
 */
export function findDelays(traces: readonly Trace[]): readonly Delay[] {
  const own: Groups = new Map();
  const edges: Groups = new Map();
  for (const trace of traces) {
    for (const visit of listVisits(trace)) {
      const stratum = openStratum(own, visit.service, operationOf(visit.entry));
      addValue(stratum, trace, ownTimeUs(visit) / 1000, visit.entry.startUs);
      for (const call of visit.calls) {
        const networkUs = networkTimeUs(call);
        if (networkUs === undefined) continue;
        addValue(openStratum(edges, call.caller, call.callee), trace, networkUs / 1000, call.server.startUs);
      }
    }
  }
  const slowest = findSlowOperations(traces);
  const requests = traces.filter((trace) => trace.isIncident).length;
  return [
    ...[...own].flatMap(([service, strata]) =>
      describe(service, 'own', [...strata.values()], requests).map((delay): Delay => {
        const operation = slowest.get(service)?.operation;
        return operation === undefined ? delay : { ...delay, operation };
      }),
    ),
    ...[...assignEdges(edges)].flatMap(([service, strata]) => describe(service, 'network', strata, requests)),
  ].sort((a, b) => b.addedMs * b.share - a.addedMs * a.share || (a.service < b.service ? -1 : 1));
}

type Groups = Map<string, Map<string, Stratum>>;

function openStratum(groups: Groups, group: string, key: string): Stratum {
  let strata = groups.get(group);
  if (!strata) groups.set(group, (strata = new Map<string, Stratum>()));
  let stratum = strata.get(key);
  if (!stratum) strata.set(key, (stratum = { before: [], during: [], traces: new Set(), firstUs: Infinity }));
  return stratum;
}

function addValue(stratum: Stratum, trace: Trace, value: number, atUs: number): void {
  stratum[trace.isIncident ? 'during' : 'before'].push(value);
  if (!trace.isIncident) return;
  stratum.traces.add(trace);
  stratum.firstUs = Math.min(stratum.firstUs, atUs);
}

/**
 * A slow way between two services is the fault of that one, of whose calls on that side (out of the caller, into the callee) clearly the
 * greater part is slow; else of that one, more of whose ways are as slow: one cause for many is likelier than many. The callee at a tie.
 */
function assignEdges(edges: Groups): ReadonlyMap<string, readonly Stratum[]> {
  const out = new Map<string, Side>();
  const into = new Map<string, Side>();
  const ways = [...edges].flatMap(([caller, callees]) =>
    [...callees].map(([callee, stratum]) => {
      const slow = countSlow(stratum).during;
      addWay(out, caller, slow, stratum.during.length);
      addWay(into, callee, slow, stratum.during.length);
      return { caller, callee, stratum, part: slow / Math.max(1, stratum.during.length) };
    }),
  );
  const blamed = new Map<string, Stratum[]>();
  for (const { caller, callee, stratum, part } of ways) {
    const [theirs, ours] = [partOf(out.get(caller)), partOf(into.get(callee))];
    const isCaller =
      theirs > clearlyMore * ours ||
      (ours <= clearlyMore * theirs && countAlike(out.get(caller), part) > countAlike(into.get(callee), part));
    const service = isCaller ? caller : callee;
    const list = blamed.get(service);
    if (list) list.push(stratum);
    else blamed.set(service, [stratum]);
  }
  return blamed;
}

/** The calls of a service in one direction. */
interface Side {
  slow: number;
  all: number;
  /** Slow part of the calls of each way. */
  readonly parts: number[];
}

function addWay(sides: Map<string, Side>, service: string, slow: number, all: number): void {
  const side = sides.get(service) ?? { slow: 0, all: 0, parts: [] };
  side.slow += slow;
  side.all += all;
  side.parts.push(slow / Math.max(1, all));
  sides.set(service, side);
}

function partOf(side: Side | undefined): number {
  return side && side.all > 0 ? side.slow / side.all : 0;
}

function countAlike(side: Side | undefined, part: number): number {
  return side?.parts.filter((other) => other > 0 && other >= 0.5 * part).length ?? 0;
}

function countSlow({ before, during }: Samples): { readonly before: number; readonly during: number } {
  if (before.length === 0) return { before: 0, during: 0 };
  const sorted = [...before].sort((a, b) => a - b);
  const limit = 2 * (sorted[Math.min(sorted.length - 1, Math.floor(slowQuantile * sorted.length))] ?? 0);
  const count = (values: readonly number[]) => values.filter((value) => value > limit).length;
  return { before: count(before), during: count(during) };
}

function describe(
  service: string,
  kind: Delay['kind'],
  strata: readonly Stratum[],
  requests: number,
): readonly Delay[] {
  const known = strata.filter((stratum) => stratum.before.length > 0 && stratum.during.length > 0);
  const count = sumOf(known, (stratum) => stratum.during.length);
  if (count === 0) return [];
  // Weighted by how often each is done now, so that another mix of operations is no delay.
  const beforeMs = sumOf(known, ({ before, during }) => average(before) * during.length) / count;
  const duringMs = sumOf(known, ({ during }) => average(during) * during.length) / count;
  if (duringMs <= beforeMs) return [];
  const passing = new Set(known.flatMap((stratum) => [...stratum.traces])).size;
  return [
    {
      service,
      kind,
      z: Math.max(stratifiedRankScore(known), slowScore(known)),
      beforeMs,
      duringMs,
      addedMs: ((duringMs - beforeMs) * count) / passing,
      samples: Math.min(
        count,
        sumOf(known, (stratum) => stratum.before.length),
      ),
      share: passing / requests,
      firstUs: Math.min(...known.map((stratum) => stratum.firstUs)),
    },
  ];
}

/** Signed root of the log-likelihood ratio of slow values, which is about standard normal. */
function slowScore(strata: readonly Stratum[]): number {
  const slow = strata.map(countSlow);
  const before = sumOf(slow, (count) => count.before);
  const during = sumOf(slow, (count) => count.during);
  const allBefore = sumOf(strata, (stratum) => stratum.before.length);
  const allDuring = sumOf(strata, (stratum) => stratum.during.length);
  const sign = Math.sign(during / allDuring - before / allBefore);
  return sign * Math.sqrt(Math.max(0, likelihoodRatio(during, allDuring, before, allBefore)));
}

function average(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length;
}

function sumOf<T>(items: readonly T[], read: (item: T) => number): number {
  return items.reduce((sum, item) => sum + read(item), 0);
}
