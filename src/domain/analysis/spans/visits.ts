import type { Interval } from './self-time.ts';
import { coveredUs } from './self-time.ts';
import type { SpanNode, Trace } from './trees.ts';

/** A call of one service by another, seen from both sides. */
export interface RemoteCall {
  readonly caller: string;
  readonly callee: string;
  readonly server: SpanNode;
  /** The caller's span of this one call; absent where the caller records none, and then the way between them is not known. */
  readonly client?: SpanNode;
}

/** One stay of a request in one service: the span by which it entered and all below it until it leaves again. */
export interface Visit {
  readonly service: string;
  readonly entry: SpanNode;
  /** The spans of the stay, by start. */
  readonly nodes: readonly SpanNode[];
  readonly calls: readonly RemoteCall[];
}

/**
 * The visits that a trace is made of, by start. O(n log n) for the n spans of the trace.
 * Our own notion, after OpenTelemetry's span kinds.
 */
export function listVisits(trace: Trace): readonly Visit[] {
  const visits: Visit[] = [];
  for (const entry of trace.nodes) {
    if (entry.parent?.span.service === entry.span.service) continue;
    const nodes: SpanNode[] = [];
    const calls: RemoteCall[] = [];
    const open = [entry];
    for (let node = open.pop(); node; node = open.pop()) {
      nodes.push(node);
      for (const child of node.children) {
        if (child.span.service === entry.span.service) open.push(child);
        else
          calls.push({
            caller: entry.span.service,
            callee: child.span.service,
            server: child,
            ...(isClientSide(node) ? { client: node } : {}),
          });
      }
    }
    nodes.sort((a, b) => a.startUs - b.startUs || b.endUs - a.endUs);
    calls.sort((a, b) => a.server.startUs - b.server.startUs);
    visits.push({ service: entry.span.service, entry, nodes, calls });
  }
  return visits;
}

/**
 * True for a span that stands for one outgoing call and nothing else: it says so by its kind, or, where kinds are not told, all that
 * lies below it is one span of another service, and it is not itself the way in.
 */
export function isClientSide(node: SpanNode): boolean {
  const { kind, service } = node.span;
  if (kind !== undefined && kind !== 'internal') return kind === 'client' || kind === 'producer';
  const [only, ...more] = node.children;
  return (
    node.parent?.span.service === service && only !== undefined && more.length === 0 && only.span.service !== service
  );
}

/**
 * Time in which a service was at work for a request: while any span of the visit is open and no call to another service is under
 * way. Spans beside each other (as asynchronous frameworks write them) need no parent between them for this to hold.
 */
export function ownTimeUs(visit: Visit): number {
  const waiting = visit.calls
    .map(({ client, server }): Interval => [client?.startUs ?? server.startUs, client?.endUs ?? server.endUs])
    .sort((a, b) => a[0] - b[0]);
  let own = 0;
  let reached = -Infinity;
  for (const node of visit.nodes) {
    const from = Math.max(node.startUs, reached);
    if (node.endUs <= from) continue;
    own += node.endUs - from - coveredUs(waiting, [from, node.endUs]);
    reached = node.endUs;
  }
  return own;
}

/** Time that a call spent between the two services: what the caller waited less what the callee took. Absent when only one side is known. */
export function networkTimeUs({ client, server }: RemoteCall): number | undefined {
  if (client === undefined) return undefined;
  return Math.max(0, client.endUs - client.startUs - (server.endUs - server.startUs));
}
