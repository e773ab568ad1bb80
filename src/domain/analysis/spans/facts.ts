import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import { learnCallGraph, type CallEdge } from './call-graph.ts';
import { findBrokenRegions, type BrokenRegion } from './event-patterns.ts';
import { indexLines, listEventSequences, type ServiceLines } from './event-sequences.ts';
import { findCriticalPath } from './critical-path.ts';
import { findDelays, type Delay } from './delays.ts';
import { countOrigins, type OriginCount } from './errors.ts';
import {
  countOrphans,
  findMissingSides,
  listUnseenCalls,
  recordCalls,
  type MissingSide,
  type Orphans,
  type UnseenCalls,
} from './missing.ts';
import { addStandIns } from './stand-ins.ts';
import { findMultipliedCalls, type MultipliedCall } from './multiplied.ts';
import { buildTraces, type Trace } from './trees.ts';

/** Fewer requests, before or during the incident, tell too little of a service. */
const fewestPassing = 8;

/** All that the analyst keeps of traces. */
export interface SpanFacts {
  /** Milliseconds since 1970 from which the incident is taken to last. */
  readonly fromMs: number;
  /** Requests seen before and during the incident. */
  readonly before: number;
  readonly during: number;
  /** Mean time of a request before, or during where no baseline is known, in milliseconds. */
  readonly requestMs: number;
  readonly calls: readonly CallEdge[];
  readonly regions: readonly BrokenRegion[];
  readonly delays: readonly Delay[];
  /** Who calls whom more often for each request. */
  readonly multiplied: readonly MultipliedCall[];
  readonly origins: readonly OriginCount[];
  readonly missing: readonly MissingSide[];
  readonly orphans: readonly Orphans[];
  readonly unseenCalls: readonly UnseenCalls[];
  /** Part of the incident's critical paths that each service holds, 0 to 1; services without a part are left out. */
  readonly criticalShare: Readonly<Record<string, number>>;
  /** Evidence that holds each service's spans. */
  readonly evidenceOf: Readonly<Record<string, string>>;
}

/**
 * Measures the spans of all services together, with the log lines that belong to them. What is slow or fails is looked for in the requests
 * that pass through the alerting service, where these are many enough: others may have trouble of their own. O(n log n) for n spans and
 * lines.
 */
export function measureSpans(
  evidence: readonly EvidenceWithBody[],
  logs: readonly ServiceLines[],
  alerting = '',
): SpanFacts | undefined {
  const traces = buildTraces(evidence);
  if (traces.length === 0) return undefined;
  const linesOf = indexLines(logs);
  const sequences = selectPassing(traces, alerting).map((trace) => ({
    isIncident: trace.isIncident,
    sequences: listEventSequences(trace, linesOf),
  }));
  const calls = recordCalls(traces);
  const whole = addStandIns(traces, listSilent(evidence));
  const passing = selectPassing(whole, alerting);
  const during = passing.filter((trace) => trace.isIncident);
  const before = passing.filter((trace) => !trace.isIncident);
  return {
    fromMs: Math.min(
      ...evidence.flatMap(({ body }) => (body?.kind === 'traces' ? [Date.parse(body.incidentFrom)] : [])),
    ),
    before: before.length,
    during: during.length,
    requestMs: meanDurationMs(before.length > 0 ? before : during),
    calls: learnCallGraph(whole),
    regions: findBrokenRegions(sequences),
    delays: findDelays(passing),
    multiplied: findMultipliedCalls(passing),
    origins: countOrigins(selectPassing(traces, alerting)),
    missing: findMissingSides(calls),
    orphans: countOrphans(traces),
    unseenCalls: listUnseenCalls(calls, listOwn(evidence)),
    criticalShare: shareCriticalPaths(during),
    evidenceOf: listHolders(evidence, whole),
  };
}

/** Requests through the alerting service; all of them where it takes part in too few to compare. */
function selectPassing(traces: readonly Trace[], alerting: string): readonly Trace[] {
  const passing = traces.filter(({ nodes }) => nodes.some(({ span }) => span.service === alerting));
  const during = passing.filter((trace) => trace.isIncident).length;
  return Math.min(during, passing.length - during) >= fewestPassing ? passing : traces;
}

/** The evidence to cite for the spans of each service: its own, else any that holds some of them or of the calls to it. */
function listHolders(
  evidence: readonly EvidenceWithBody[],
  traces: readonly Trace[],
): Readonly<Record<string, string>> {
  const holders = new Map<string, string>();
  for (const { nodes } of traces) for (const { span, evidenceId } of nodes) holders.set(span.service, evidenceId);
  for (const { evidence: item, body } of evidence) if (body?.kind === 'traces') holders.set(body.service, item.id);
  return Object.fromEntries(holders);
}

/** Services of which evidence was collected and no span was recorded, by themselves or by anybody for them. */
function listSilent(evidence: readonly EvidenceWithBody[]): ReadonlySet<string> {
  const silent = new Set(evidence.map(({ evidence: item }) => item.service));
  for (const { body } of evidence)
    if (body?.kind === 'traces') for (const { service } of body.spans) silent.delete(service);
  return silent;
}

/** Services that tell of themselves what a service tells: a database has metrics and events, and neither logs its calls nor records spans. */
function listOwn(evidence: readonly EvidenceWithBody[]): ReadonlySet<string> {
  return new Set(
    evidence.flatMap(({ evidence: { service, kind, outcome } }) =>
      outcome === 'found' && (kind === 'logs' || kind === 'traces') ? [service] : [],
    ),
  );
}

function meanDurationMs(traces: readonly Trace[]): number {
  const durations = traces.map(({ roots }) => Math.max(0, ...roots.map((root) => root.endUs - root.startUs)) / 1000);
  return durations.reduce((sum, value) => sum + value, 0) / Math.max(1, durations.length);
}

function shareCriticalPaths(traces: readonly Trace[]): Readonly<Record<string, number>> {
  const held = new Map<string, number>();
  for (const trace of traces)
    for (const { node, fromUs, toUs } of findCriticalPath(trace))
      held.set(node.span.service, (held.get(node.span.service) ?? 0) + toUs - fromUs);
  const whole = [...held.values()].reduce((sum, value) => sum + value, 0);
  return Object.fromEntries([...held].map(([service, value]) => [service, whole === 0 ? 0 : value / whole]));
}
