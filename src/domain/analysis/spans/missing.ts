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

/** Spans whose parent is nowhere in the evidence, by service: what recorded the parent was not read, or lost it. */
export interface Orphans {
  readonly service: string;
  readonly spans: number;
}

interface Tally {
  seen: number;
  all: number;
}

interface CallRecord {
  readonly caller: string;
  readonly callees: Map<string, number>;
  readonly before: Tally;
  readonly during: Tally;
  readonly unanswered: SpanNode[];
}

/** Part of the calls that must have been seen at the callee before, for their lack to mean something. */
const usuallySeen = 0.8;
const fewestCalls = 5;

/** Compares client spans by caller and operation: how many of them have a span of another service below. O(n). */
export function findMissingSides(traces: readonly Trace[]): readonly MissingSide[] {
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
        record.callees.set(callee, (record.callees.get(callee) ?? 0) + 1);
      } else if (isIncident) record.unanswered.push(node);
    }
  }
  return [...records.values()].flatMap(describe).sort((a, b) => b.before - b.during - (a.before - a.during));
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
