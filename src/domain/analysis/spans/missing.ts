import { nameFirst } from '../../text.ts';
import { readCalledService } from './errors.ts';
import { operationOf } from './operation.ts';
import type { SpanNode, Trace } from './trees.ts';
import { isClientSide } from './visits.ts';

/** Calls that used to show up on the other side, and no longer do: lost on the way, refused, or the callee tells nothing any more. */
export interface MissingSide {
  readonly caller: string;
  readonly callee: string;
  /** Part of the calls that were seen at the callee, before and during the incident. */
  readonly before: number;
  readonly during: number;
  readonly calls: number;
  readonly firstUs: number;
}

/** Calls to one service of which some have no span of it: what it did for them is not known. */
export interface UnseenCalls {
  readonly caller: string;
  readonly callee: string;
  readonly unseen: number;
  readonly calls: number;
}

/** Spans whose parent is nowhere in the evidence, by service: what recorded the parent was not read, or lost it. */
export interface Orphans {
  readonly service: string;
  readonly spans: number;
}

interface Tally {
  seen: number;
  all: number;
}

/** The calls of one operation by one service. */
export interface CallRecord {
  readonly caller: string;
  /** Who was seen to answer, and how often. */
  readonly callees: Map<string, number>;
  /** Whom the spans of unanswered calls name as the other side, and how often. */
  readonly peers: Map<string, number>;
  readonly before: Tally;
  readonly during: Tally;
  readonly unanswered: SpanNode[];
}

/** Part of the calls that must have been seen at the callee before, for their lack to mean something. */
const usuallySeen = 0.8;
const fewestCalls = 5;

/**
 * Gathers client spans by caller and operation: how many of them have a span of another service below. O(n).
 * Source: OpenTelemetry's tracing API, SpanKind: a client span is the parent of the server's.
 */
export function recordCalls(traces: readonly Trace[]): readonly CallRecord[] {
  const records = new Map<string, CallRecord>();
  for (const { nodes, isIncident } of traces) {
    for (const node of nodes) {
      if (node.span.kind !== 'client' && !isClientSide(node) && node.children.length > 0) continue;
      const caller = node.span.service;
      const key = `${caller}\u0000${operationOf(node)}`;
      let record = records.get(key);
      if (!record)
        records.set(
          key,
          (record = {
            caller,
            callees: new Map(),
            peers: new Map(),
            before: { seen: 0, all: 0 },
            during: { seen: 0, all: 0 },
            unanswered: [],
          }),
        );
      const tally = isIncident ? record.during : record.before;
      const callee = node.children.find((child) => child.span.service !== caller)?.span.service;
      tally.all++;
      if (callee !== undefined) {
        tally.seen++;
        addOne(record.callees, callee);
        continue;
      }
      const peer = readCalledService(node);
      if (peer !== undefined) addOne(record.peers, peer);
      if (isIncident) record.unanswered.push(node);
    }
  }
  return [...records.values()];
}

/**
 * Calls that were answered before the incident, and are no longer; the greatest loss first.
 * Our own thresholds. O(r log r) for r records.
 */
export function findMissingSides(records: readonly CallRecord[]): readonly MissingSide[] {
  return records.flatMap(describe).sort((a, b) => b.before - b.during - (a.before - a.during));
}

/**
 * Calls whose other side is a service of ours, and that have no span of it. That it is ours is known by its spans for other calls of
 * the same operation, or by its name on the span. Databases and providers record no spans, so that their lack says nothing.
 * Our own rule. O(r log r) at most for r records.
 * @param own services that have logs or spans in the evidence
 */
export function listUnseenCalls(records: readonly CallRecord[], own: ReadonlySet<string>): readonly UnseenCalls[] {
  const unseen = new Map<string, { caller: string; callee: string; unseen: number; calls: number }>();
  for (const { caller, callees, peers, before, during } of records) {
    const [answering, ...others] = callees.keys();
    const all = before.all + during.all;
    const lost = all - before.seen - during.seen;
    const named = [...peers].filter(([peer]) => peer !== caller && own.has(peer));
    const isKnown = answering !== undefined && others.length === 0;
    const lacking: readonly (readonly [string, number])[] = isKnown && lost > 0 ? [[answering, lost]] : named;
    for (const [callee, count] of lacking) {
      const key = `${caller}\u0000${callee}`;
      const known = unseen.get(key) ?? { caller, callee, unseen: 0, calls: 0 };
      unseen.set(key, { ...known, unseen: known.unseen + count, calls: known.calls + (isKnown ? all : count) });
    }
  }
  return [...unseen.values()].sort((a, b) => b.unseen - a.unseen || (a.caller < b.caller ? -1 : 1));
}

function addOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** One client operation may reach several callees; only where it is always the same one is it known who is missing. */
function describe({ caller, callees, before, during, unanswered }: CallRecord): readonly MissingSide[] {
  const [callee, ...others] = callees.keys();
  if (callee === undefined || others.length > 0 || before.all < fewestCalls || during.all < fewestCalls) return [];
  const [was, is] = [before.seen / before.all, during.seen / during.all];
  if (was < usuallySeen || is > 0.5 * was) return [];
  return [{ caller, callee, before: was, during: is, calls: during.all, firstUs: unanswered[0]?.startUs ?? Infinity }];
}

/** Counts spans that name a parent which no evidence holds. O(n). */
export function countOrphans(traces: readonly Trace[]): readonly Orphans[] {
  const counts = new Map<string, number>();
  for (const { roots } of traces)
    for (const { span } of roots)
      if (span.parentId !== undefined) counts.set(span.service, (counts.get(span.service) ?? 0) + 1);
  return [...counts].map(([service, spans]) => ({ service, spans })).sort((a, b) => b.spans - a.spans);
}

const mostNamed = 5;

/** Requests that are seen in part, in words: spans whose parents nobody collected, and calls without the span of the called service. */
export function tellPartialRequests(orphans: readonly Orphans[], unseen: readonly UnseenCalls[]): readonly string[] {
  const spans = orphans.map((one) => `${one.spans} of ${one.service}`);
  const calls = unseen.map(
    ({ caller, callee, unseen: lost, calls: all }) => `${lost} of ${all} from ${caller} to ${callee}`,
  );
  return [
    ...(spans.length === 0
      ? []
      : [`the parents of spans (${nameFirst(spans, mostNamed)}): their requests are seen in part`]),
    ...(calls.length === 0
      ? []
      : [`the spans of called services (${nameFirst(calls, mostNamed)} have none): what they did is not seen`]),
  ];
}
