import type { Trace } from './trees.ts';
import { listVisits } from './visits.ts';

/** One service calls another: how often it was seen, per time. */
export interface CallEdge {
  readonly from: string;
  readonly to: string;
  readonly before: number;
  readonly during: number;
}

/**
 * The calls between services as spans show them: a span of one service below a span of another. Sorted by caller and callee; O(n log n).
 * Source: Sigelman et al., "Dapper, a large-scale distributed systems tracing infrastructure", Google 2010.
 */
export function learnCallGraph(traces: readonly Trace[]): readonly CallEdge[] {
  const edges = new Map<string, { from: string; to: string; before: number; during: number }>();
  for (const trace of traces) {
    for (const { service, calls } of listVisits(trace)) {
      for (const { callee } of calls) {
        const key = `${service}\u0000${callee}`;
        const edge = edges.get(key) ?? { from: service, to: callee, before: 0, during: 0 };
        edge[trace.isIncident ? 'during' : 'before'] += 1;
        edges.set(key, edge);
      }
    }
  }
  return [...edges.values()].sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
}

/** Joins the configured call graph with the learnt one: neither is complete, since configuration ages and traces are samples. */
export function mergeDependencies(
  configured: Readonly<Record<string, readonly string[]>>,
  learnt: readonly CallEdge[],
): Readonly<Record<string, readonly string[]>> {
  if (learnt.length === 0) return configured;
  const merged = new Map(Object.entries(configured).map(([service, callees]) => [service, [...callees]]));
  for (const { from, to } of learnt) {
    const callees = merged.get(from) ?? [];
    if (!callees.includes(to)) callees.push(to);
    merged.set(from, callees);
  }
  return Object.fromEntries(merged);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
