import type { SpanNode, Trace } from './trees.ts';

/** A stretch of a request's time in which this span, and nothing below it, held up the answer. */
export interface PathSegment {
  readonly node: SpanNode;
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * The critical path of a trace, in order of time: the chain of spans without which its longest root would have ended earlier. Walks back
 * from the end: the child that ended last held up its parent, before that the child that had ended last when this one began, and so on
 * (Zhang et al., CRISP, USENIX ATC 2022). Time that no child holds up is the span's own. What a child does after its parent's end holds
 * nobody up. O(n log n) for n spans.
 */
export function findCriticalPath(trace: Trace): readonly PathSegment[] {
  const root = [...trace.roots].sort((a, b) => b.endUs - b.startUs - (a.endUs - a.startUs))[0];
  if (!root) return [];
  const segments: PathSegment[] = [];
  const open: { node: SpanNode; toUs: number }[] = [{ node: root, toUs: root.endUs }];
  for (let task = open.pop(); task; task = open.pop()) {
    const { node } = task;
    let { toUs } = task;
    const byEnd = [...node.children].sort((a, b) => b.endUs - a.endUs || b.startUs - a.startUs);
    for (const child of byEnd) {
      const end = Math.min(child.endUs, node.endUs);
      // One that ended after what came next had begun held up nobody.
      if (end > toUs || child.endUs <= child.startUs || child.startUs >= toUs) continue;
      if (end < toUs) segments.push({ node, fromUs: end, toUs });
      open.push({ node: child, toUs: end });
      toUs = Math.max(node.startUs, child.startUs);
    }
    if (toUs > node.startUs) segments.push({ node, fromUs: node.startUs, toUs });
  }
  return segments.sort((a, b) => a.fromUs - b.fromUs);
}
