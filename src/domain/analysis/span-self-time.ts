import type { SpanNode } from './span-trees.ts';

/** An interval in microseconds, end exclusive. */
export type Interval = readonly [from: number, to: number];

/**
 * Time that a span spends in none of its children: its duration less the union of theirs, cut to its own bounds, since children may run
 * at once or outlive their parent. O(c) for c children in order of start.
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
