import type { CallFailure } from './calls.ts';
import type { Facts } from './facts.ts';
import { rolloutMs } from './changes/exposure.ts';
import { failurePatterns, failureShifts } from './facts.ts';
import { listReachable } from './load/rank-by-load.ts';
import type { LogPattern } from './logs/patterns.ts';
import type { SpanSign } from './spans/blame.ts';
import { gatherExplanations, mixExplanations, type Explanation } from './rank-explanations.ts';

/** How far suspicion falls on a service, along the failing calls. */
export interface Suspicion {
  readonly service: string;
  /** 0 to 1; the most suspect service has 1. */
  readonly share: number;
  /** When its own failure began; absent for a service without one. */
  readonly onsetMs?: number;
  /** Share of its failure that is its own: stack frames, exceptions, errors that name nobody else. 0 to 1. */
  readonly own: number;
  readonly callsTo: readonly CallFailure[];
  /** What metrics and spans say of its part in the symptom, beside the walk. */
  readonly explanations: readonly Explanation[];
}

const hops = 6;
/**
 * Suspicion that an anomalous service has before any reaches it along calls. One that no chain of calls joins with the alert has trouble of
 * its own, however loud, unless something that both use tells otherwise.
 */
const startOf = { related: 0.2, stranger: 0.05 } as const;
/** Weaker signs of spans are seen on many healthy services. */
export const tellingSign = 0.5;
/** Fewer lines do not date a failure's bulk. */
const fewestMainLines = 5;
/** Clocks of machines and scrape intervals differ by this much at most. */
const clockSlackMs = 90_000;

/** True when anything of a service went wrong. */
export function isAnomalous(facts: Facts, service: string): boolean {
  return (
    failurePatterns(facts, service).length > 0 ||
    failureShifts(facts, service).length > 0 ||
    tellingSigns(facts, service).length > 0
  );
}

/** True when all that is odd about a service is how long it takes or how full it is: on a busy machine every service shows that. */
export function isMerelyUnusual(facts: Facts, service: string): boolean {
  return (
    isAnomalous(facts, service) &&
    failurePatterns(facts, service).length === 0 &&
    tellingSigns(facts, service).every((sign) => sign.kind !== 'code' && sign.kind !== 'error') &&
    failureShifts(facts, service).every((shift) => shift.meaning !== 'failures' && shift.kind === 'step')
  );
}

/** What spans hold against a service with some certainty. */
function tellingSigns(facts: Facts, service: string): readonly SpanSign[] {
  return facts.spanSigns.filter((sign) => sign.service === service && sign.strength >= tellingSign);
}

/** First sign of failure of a service; light signs do not date an onset when a heavy one exists. */
export function findOnset(facts: Facts, service: string): number | undefined {
  const patterns = failurePatterns(facts, service);
  const most = Math.max(0, ...patterns.map((pattern) => pattern.after));
  // A call or two that meet a neighbour's restart come with every deploy, and date nothing.
  const isBlip = (pattern: LogPattern) =>
    pattern.after <= Math.min(5, 0.1 * most) && facts.calls.some((call) => call.pattern === pattern);
  const signs = [
    ...patterns.filter((pattern) => !isBlip(pattern)),
    ...failureShifts(facts, service),
    ...tellingSigns(facts, service).map(({ strength, firstAt }) => ({ weight: strength, firstAt })),
  ];
  const heaviest = Math.max(0, ...signs.map((sign) => sign.weight));
  const times = signs.filter((sign) => sign.weight >= 0.5 * heaviest).map((sign) => Date.parse(sign.firstAt));
  return times.length > 0 ? Math.min(...times) : undefined;
}

/**
 * When the bulk of a service's failure began, by its most voluminous failing lines: later than {@link findOnset} where a latency that
 * merely wavers comes first. Undefined when only metrics or a few lines tell of a failure.
 */
export function findMainOnset(facts: Facts, service: string): number | undefined {
  const main = failurePatterns(facts, service)
    .filter((pattern) => pattern.after >= fewestMainLines)
    .reduce<LogPattern | undefined>((top, item) => (top && top.after >= item.after ? top : item), undefined);
  return main && Date.parse(main.firstAt);
}

/** How near a time lies before the first sign of a service's failure, or before the bulk of it. */
export function nearnessToOnset(facts: Facts, service: string, atMs: number): number {
  return Math.max(
    ...[findOnset(facts, service), findMainOnset(facts, service)].map((onsetMs) =>
      nearness((onsetMs ?? -Infinity) - atMs, facts.spanMs),
    ),
  );
}

/**
 * Lets suspicion flow from the alerting service to those it calls, along calls that fail: a random walk on the call graph with
 * restarts cut off after a few hops (as in MicroRCA and MonitorRank, where likeness of metrics takes the place of failing calls).
 * Wu et al., "MicroRCA", NOMS 2020; Kim et al., "Root cause detection in a service-oriented architecture", SIGMETRICS 2013. O(h · (f +
 * e · d) · f · p) at most for h hops (six), f failing calls, e edges, d deploys and p failing patterns.
 */
export function followCalls(facts: Facts, alertService: string): readonly Suspicion[] {
  const own = new Map(facts.services.map((service) => [service, shareOfOwn(facts, service)]));
  const onsets = new Map(facts.services.map((service) => [service, findOnset(facts, service)]));
  const kept = new Map<string, number>();
  let wave = new Map<string, number>([[alertService, 1]]);
  const related = listRelated(facts, alertService);
  for (const service of facts.services) {
    if (service !== alertService && isAnomalous(facts, service))
      wave.set(service, related.has(service) ? startOf.related : startOf.stranger);
  }
  for (let hop = 0; hop < hops && wave.size > 0; hop++) {
    const next = new Map<string, number>();
    for (const [service, mass] of wave) {
      const edges = hop === hops - 1 ? [] : edgesOf(facts, service, own, onsets);
      const passed = edges.reduce((sum, edge) => sum + edge.part, 0);
      kept.set(service, (kept.get(service) ?? 0) + mass * (1 - passed));
      for (const edge of edges) next.set(edge.to, (next.get(edge.to) ?? 0) + mass * edge.part);
    }
    wave = next;
  }
  const explanations = gatherExplanations(facts, alertService);
  const masses = mixExplanations(kept, explanations, facts.calls.length > 0);
  const most = Math.max(1e-9, ...masses.values());
  return facts.services
    .map((service): Suspicion => {
      const onsetMs = onsets.get(service);
      return {
        service,
        share: Math.round(((masses.get(service) ?? 0) / most) * 1000) / 1000,
        own: own.get(service) ?? 0,
        callsTo: facts.calls.filter((call) => call.from === service),
        explanations: explanations.filter((item) => item.service === service),
        ...(onsetMs === undefined ? {} : { onsetMs }),
      };
    })
    .sort((a, b) => b.share - a.share || (a.service < b.service ? -1 : 1));
}

/** Whom the alerting service reaches, and who reaches it; every service where nothing is known of whom it calls and who calls it. */
function listRelated(facts: Facts, alertService: string): ReadonlySet<string> {
  const reached = listReachable(facts.dependencies, alertService);
  const callers = facts.services.filter((service) => listReachable(facts.dependencies, service).has(alertService));
  const related = new Set([...reached, ...callers]);
  related.delete(alertService);
  return related.size > 0 ? related : new Set(facts.services);
}

/** Frames and exceptions are a service's own doing; an error that names a callee is that call's; "answered 502" is neither. */
function shareOfOwn(facts: Facts, service: string): number {
  const patterns = failurePatterns(facts, service);
  let ownWeight = 0;
  let callWeight = 0;
  for (const pattern of patterns) {
    const isCall = facts.calls.some((call) => call.pattern === pattern);
    const text = pattern.template + JSON.stringify(pattern.examples[0]?.fields ?? {});
    const isConsequence =
      /\b5\d\d\b|request failed|upstream|failed to (render|serve|handle)|propagat|unavailable/i.test(text);
    const isOwn = /exception|panic|traceback|fatal|stack|exhaust|out of memory|oom|assert|\w+Error\b/i.test(text);
    if (isCall) callWeight += pattern.weight;
    else ownWeight += pattern.weight * (isOwn ? 1 : isConsequence ? 0.1 : 0.5);
  }
  if (ownWeight + callWeight === 0) return isAnomalous(facts, service) ? 0.5 : 0;
  return ownWeight / (ownWeight + callWeight);
}

/** 1 for a change at the very onset, falling by half for each time that a roll-out may take; 0 when it came later. */
export function nearness(leadMs: number, spanMs: number): number {
  if (!Number.isFinite(leadMs) || leadMs < -clockSlackOf(spanMs)) return 0;
  return 2 ** (-Math.max(0, leadMs) / rolloutMs(spanMs));
}

/** Clocks of machines and intervals of scrapes differ by a minute or so; in a short window by a part of it. */
export function clockSlackOf(spanMs: number): number {
  return Math.min(clockSlackMs, Math.max(5_000, 0.04 * spanMs));
}

/** How far a failing call speaks against the one that was called. */
function trustInBlame(facts: Facts, callee: string): number {
  if (isMerelyUnusual(facts, callee)) return 0.8;
  if (isAnomalous(facts, callee)) return 1;
  return facts.observed.includes(callee) ? 0.5 : 0.6;
}

/** 0.25 to 1: calls that are a small part of what a service fails at point there weakly; a neighbour that restarts refuses a few. */
function prevalence(facts: Facts, call: CallFailure): number {
  const lines = failurePatterns(facts, call.from).reduce((sum, pattern) => sum + pattern.after, 0);
  const toward = facts.calls
    .filter((other) => other.from === call.from && other.to === call.to)
    .reduce((sum, other) => sum + other.pattern.after, 0);
  return 0.25 + 0.75 * Math.min(1, toward / Math.max(1, 0.2 * lines));
}

interface Edge {
  readonly to: string;
  readonly part: number;
}

function edgesOf(
  facts: Facts,
  service: string,
  own: ReadonlyMap<string, number>,
  onsets: ReadonlyMap<string, number | undefined>,
): readonly Edge[] {
  const weights = new Map<string, number>();
  for (const call of facts.calls) {
    if (call.from !== service || !call.isKnown) continue;
    // A callee that fails itself takes most of the blame; one that looks healthy shares it, since answers can be wrong without a sign.
    // A refusal has two sides: the callee may ask for something new, or the caller may have begun to send something else.
    const isRefused = call.mode === 'rejected';
    const trust = (isRefused ? 0.55 : trustInBlame(facts, call.to)) * prevalence(facts, call);
    weights.set(call.to, Math.max(weights.get(call.to) ?? 0, trust));
  }
  const onset = onsets.get(service);
  for (const callee of facts.dependencies[service] ?? []) {
    const calleeOnset = onsets.get(callee);
    if (weights.has(callee) || onset === undefined || calleeOnset === undefined) continue;
    if (calleeOnset <= onset + clockSlackOf(facts.spanMs))
      weights.set(callee, isMerelyUnusual(facts, callee) ? 0.4 : 0.6);
  }
  let isNewlyDeployed = false;
  // A callee that was deployed just as the caller began to fail may answer something else now, without a sign of its own.
  for (const callee of facts.dependencies[service] ?? []) {
    const near = Math.max(
      0,
      ...facts.deploys
        .filter((item) => item.value.service === callee && item.value.status !== 'failed')
        .map((item) => nearnessToOnset(facts, service, Date.parse(item.value.at))),
    );
    if (onset === undefined || near < 0.1) continue;
    weights.set(callee, Math.max(weights.get(callee) ?? 0, 0.6 * near));
    isNewlyDeployed ||= near > 0.5;
  }
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  if (total === 0) return [];
  const ownPart = own.get(service) ?? 0;
  // An exception of one's own clears a callee that merely fails, and less so one that may answer differently since its deploy.
  const holds = isNewlyDeployed ? 0.3 : 0.7;
  const passed = 0.85 * Math.max(...weights.values()) * (1 - holds * ownPart);
  return [...weights].map(([to, weight]) => ({ to, part: (passed * weight) / total }));
}
