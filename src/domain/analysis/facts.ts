import type { EngineInput, EvidenceWithBody } from '../diagnosis/engine.ts';
import type { Change, Deploy, FlagChange } from '../evidence/evidence.ts';
import type { Currency } from './load/added-load.ts';
import type { CallFailure } from './calls.ts';
import { findCallFailures } from './calls.ts';
import { readSurroundings, type Surroundings } from './conditions/find.ts';
import { readAlerted } from './load/explain-load.ts';
import type { LogPattern, QuietPattern } from './logs/patterns.ts';
import { measureLogs, type MeasuredLogs } from './logs/measure-logs.ts';
import type { MetricShift } from './metrics/shifts.ts';
import { findMetricShifts } from './metrics/shifts.ts';
import { followFailedRequests, type Propagation } from './logs/failed-requests.ts';
import { readFlows, type ServiceFlows } from './load/service-flows.ts';
import { mergeDependencies } from './spans/call-graph.ts';
import { listSpanSigns, type SpanSign } from './spans/blame.ts';
import { measureSpans, type SpanFacts } from './spans/facts.ts';

/** A value with the id of the evidence that holds it. */
export interface Cited<T> {
  readonly value: T;
  readonly evidenceId: string;
}

/** What the evidence says, measured but not yet argued. */
export interface Facts {
  readonly services: readonly string[];
  readonly patterns: readonly LogPattern[];
  /** What services used to log and log no more, or seldom. */
  readonly quiet: readonly QuietPattern[];
  readonly shifts: readonly MetricShift[];
  /** Rate, failures and duration of the calls of every service whose metrics tell them. */
  readonly flows: ServiceFlows;
  /** Whether the alert speaks of lost time or of failures, where its words tell. */
  readonly alerted?: Currency;
  readonly calls: readonly CallFailure[];
  /** Where failed requests began, as the logs of the services that share their ids tell it. */
  readonly propagation: Propagation;
  /** What traces tell; absent where there are none. */
  readonly spans?: SpanFacts;
  /** What spans hold against services, most telling first. */
  readonly spanSigns: readonly SpanSign[];
  /** What platform, databases and machines say of themselves. */
  readonly surroundings: Surroundings;
  readonly changes: readonly Cited<Change>[];
  readonly deploys: readonly Cited<Deploy>[];
  /** Changes of flags and settings, oldest first. */
  readonly flags: readonly Cited<FlagChange>[];
  /** Services for which deploy records were read, even when there were none in the window. */
  readonly deploysKnown: readonly string[];
  /** Services whose logs or metrics were read. */
  readonly observed: readonly string[];
  /** As configured, and as the spans show them. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  /** Times of every log line of a service, at any level, oldest first: how much it had to do. */
  readonly traffic: Readonly<Record<string, readonly number[]>>;
  /** Length of the longest window of logs or metrics; that of changes reaches further back and says nothing of how fine the data are. */
  readonly spanMs: number;
}

/** Patterns that speak of failure; chatter at info level does not. */
export function failurePatterns(facts: Facts, service?: string): readonly LogPattern[] {
  return facts.patterns.filter(
    (pattern) =>
      (pattern.level === 'error' || pattern.level === 'warn') && (service === undefined || pattern.service === service),
  );
}

/** Metric shifts that speak of failure. */
export function failureShifts(facts: Facts, service?: string): readonly MetricShift[] {
  return facts.shifts.filter(
    (shift) =>
      shift.weight >= 0.35 &&
      shift.meaning !== 'traffic' &&
      shift.meaning !== 'other' &&
      (service === undefined || shift.service === service),
  );
}

/** Measures every body; the order of the result does not depend on the order of evidence. */
export function gatherFacts(
  input: Pick<EngineInput, 'service' | 'dependencies' | 'evidence'> & Partial<Pick<EngineInput, 'alerts'>>,
): Facts {
  const evidence = [...input.evidence].sort((a, b) => (a.evidence.id < b.evidence.id ? -1 : 1));
  const services = [
    ...new Set([
      input.service,
      ...Object.keys(input.dependencies),
      ...Object.values(input.dependencies).flat(),
      ...evidence.map((item) => item.evidence.service),
    ]),
  ]
    .filter((name) => name !== '')
    .sort();
  const logs = evidence.flatMap(({ evidence: item, body, measured }) => {
    const found = measured ?? (body?.kind === 'logs' ? measureLogs(item, body) : undefined);
    return found ? [{ service: item.service, evidenceId: item.id, ...found }] : [];
  });
  const patterns = logs.flatMap((item) => item.patterns);
  const shifts = evidence.flatMap(({ evidence: item, body }) =>
    body?.kind === 'metrics' ? findMetricShifts(item, body) : [],
  );
  const alerted = readAlerted(input.alerts ?? []);
  const spans = measureSpans(evidence, logs, input.service);
  const dependencies = mergeDependencies(input.dependencies, spans?.calls ?? []);
  return {
    services,
    patterns,
    quiet: logs.flatMap((item) => item.quiet),
    shifts,
    flows: readFlows(evidence),
    ...(alerted === undefined ? {} : { alerted }),
    calls: findCallFailures(patterns, listOwn(input, services), dependencies),
    propagation: followFailedRequests(logs, dependencies, firstSign(patterns)),
    ...(spans === undefined ? {} : { spans }),
    spanSigns: listSpanSigns(spans, services, shifts),
    surroundings: readSurroundings(evidence, patterns, input.alerts),
    changes: evidence.flatMap(({ evidence: item, body }) =>
      body?.kind === 'changes' ? body.changes.map((value) => ({ value, evidenceId: item.id })) : [],
    ),
    deploys: evidence
      .flatMap(({ evidence: item, body }) =>
        body?.kind === 'deploys' ? body.deploys.map((value) => ({ value, evidenceId: item.id })) : [],
      )
      .sort((a, b) => (a.value.at < b.value.at ? -1 : a.value.at > b.value.at ? 1 : 0)),
    flags: evidence
      .flatMap(({ evidence: item, body }) =>
        body?.kind === 'flags' ? body.flags.map((value) => ({ value, evidenceId: item.id })) : [],
      )
      .sort((a, b) => (a.value.at < b.value.at ? -1 : a.value.at > b.value.at ? 1 : 0)),
    deploysKnown: listServices(
      evidence,
      (item) => item.evidence.kind === 'deploys' && item.body?.kind === 'deploys' && item.body.deploys.length > 0,
    ),
    observed: listServices(evidence, isObserved),
    dependencies,
    traffic: readTraffic(logs),
    spanMs: readSpan(evidence),
  };
}

/**
 * The services that are ours to look into and to act on: who alerted, who has a place of its own in the call graph, and who has a source
 * of evidence, even one that gave nothing. A name that is merely called, or that only a status page tells of, is a provider's.
 */
function listOwn(
  { service, dependencies, evidence }: Pick<EngineInput, 'service' | 'dependencies' | 'evidence'>,
  services: readonly string[],
): readonly string[] {
  const own = new Set([
    service,
    ...Object.keys(dependencies),
    ...evidence.filter(({ evidence: item }) => item.kind !== 'events').map(({ evidence: item }) => item.service),
  ]);
  return services.filter((name) => own.has(name));
}

/** True for logs and metrics that hold something: what tells how a service was. A file without a line tells nothing. */
export function isObserved({ body, measured }: EvidenceWithBody): boolean {
  if (measured !== undefined) return measured.lines > 0;
  if (body?.kind === 'logs') return body.lines.length > 0;
  return body?.kind === 'metrics' && body.series.some(({ points }) => points.length > 0);
}

/** When the first pattern that speaks of failure rose; what failed before is the usual. */
function firstSign(patterns: readonly LogPattern[]): number {
  const signs = patterns.filter(({ level }) => level === 'error' || level === 'warn');
  return Math.min(Infinity, ...signs.map(({ firstAt }) => Date.parse(firstAt)));
}

function readTraffic(logs: readonly (MeasuredLogs & { readonly service: string })[]): Facts['traffic'] {
  const times: Record<string, readonly number[]> = {};
  for (const { service, timesMs } of logs) {
    const known = times[service];
    times[service] = known ? [...known, ...timesMs].sort((a, b) => a - b) : timesMs;
  }
  return times;
}

function readSpan(evidence: readonly EvidenceWithBody[]): number {
  const observed = evidence.filter(({ evidence: item }) => item.kind === 'logs' || item.kind === 'metrics');
  const spans = (observed.length > 0 ? observed : evidence).map(
    ({ evidence: { window } }) => Date.parse(window.to) - Date.parse(window.from),
  );
  return Math.max(0, ...spans);
}

function listServices(
  evidence: readonly EvidenceWithBody[],
  holds: (item: EvidenceWithBody) => boolean,
): readonly string[] {
  return [...new Set(evidence.filter(holds).map((item) => item.evidence.service))].sort();
}
