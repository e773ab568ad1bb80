import { operationOf } from './operation.ts';
import type { SpanNode, Trace } from './trees.ts';

/** An interval in microseconds, end exclusive. */
export type Interval = readonly [from: number, to: number];

/**
 * Time that a span spends in none of its children: its duration less the union of theirs, cut to its own bounds, since children may run
 * at once or outlive their parent. O(c) for c children in order of start.
 * Self time is that of gprof (Graham, Kessler and McKusick, 1982), for spans.
 */
export function selfTimeUs(node: SpanNode): number {
  const inner = node.children.map((child): Interval => [child.startUs, child.endUs]);
  return node.endUs - node.startUs - coveredUs(inner, [node.startUs, node.endUs]);
}

/** How much of `bounds` the intervals cover together. They must be in order of start. */
export function coveredUs(intervals: readonly Interval[], bounds: Interval): number {
  let covered = 0;
  let reached = bounds[0];
  for (const [from, to] of intervals) {
    const start = Math.max(from, reached);
    const end = Math.min(to, bounds[1]);
    if (end <= start) continue;
    covered += end - start;
    reached = end;
  }
  return covered;
}

/** The operation of a service whose spans gained most time of their own. */
export interface SlowOperation {
  readonly operation: string;
  /** Mean self time of one span before and during the incident. */
  readonly beforeMs: number;
  readonly duringMs: number;
}

interface Sum {
  us: number;
  spans: number;
}

/** For each service the operation that accounts for most of what its spans gained, where one gained anything. O(n log n) for n spans. */
export function findSlowOperations(traces: readonly Trace[]): ReadonlyMap<string, SlowOperation> {
  const sums = new Map<string, { service: string; operation: string; before: Sum; during: Sum }>();
  for (const { nodes, isIncident } of traces) {
    for (const node of nodes) {
      const { service } = node.span;
      const operation = operationOf(node);
      const key = `${service}\u0000${operation}`;
      let sum = sums.get(key);
      if (!sum) sums.set(key, (sum = { service, operation, before: { us: 0, spans: 0 }, during: { us: 0, spans: 0 } }));
      const phase = isIncident ? sum.during : sum.before;
      phase.us += selfTimeUs(node);
      phase.spans += 1;
    }
  }
  const gains = new Map<string, number>();
  const slowest = new Map<string, SlowOperation>();
  for (const { service, operation, before, during } of sums.values()) {
    if (before.spans === 0 || during.spans === 0) continue;
    const [beforeMs, duringMs] = [before.us / before.spans / 1000, during.us / during.spans / 1000];
    const gain = (duringMs - beforeMs) * during.spans;
    if (gain <= (gains.get(service) ?? 0)) continue;
    gains.set(service, gain);
    slowest.set(service, { operation, beforeMs, duringMs });
  }
  return slowest;
}
