import type { SpanNode, Trace } from './trees.ts';

/** Names of the other side, as OpenTelemetry's conventions have had them. */
const peerKeys = ['peer.service', 'server.address', 'net.peer.name', 'db.name', 'messaging.destination.name'];

/**
 * Puts a span in the place of each that a callee does not record: databases, brokers and services without instrumentation are seen by
 * their callers' spans alone, and what these wait for is the callee's time, not their own. `silent` are the services that record no span
 * anywhere; where a client span that nothing lies below names one of them, it took as long as the call, and ended alike. O(n) for n spans.
 * Our own rule; it follows from OpenTelemetry's client spans, which cover the whole call.
 */
export function addStandIns(traces: readonly Trace[], silent: ReadonlySet<string>): readonly Trace[] {
  if (silent.size === 0) return traces;
  return traces.map((trace) =>
    trace.nodes.some((node) => readSilentPeer(node, silent)) ? fill(trace, silent) : trace,
  );
}

function readSilentPeer({ span, children }: SpanNode, silent: ReadonlySet<string>): string | undefined {
  if (children.length > 0 || (span.kind !== 'client' && span.kind !== 'producer')) return undefined;
  return peerKeys
    .map((key) => String(span.fields[key] ?? '').replace(/\.[\w-]+\.svc(?:\..*)?$|:\d+$/, ''))
    .find((name) => silent.has(name));
}

interface Copy extends SpanNode {
  parent: SpanNode | undefined;
  children: SpanNode[];
}

function fill(trace: Trace, silent: ReadonlySet<string>): Trace {
  const copies = new Map(
    trace.nodes.map((node): [SpanNode, Copy] => [node, { ...node, parent: undefined, children: [] }]),
  );
  const nodes: SpanNode[] = [];
  for (const node of trace.nodes) {
    const copy = copies.get(node);
    if (!copy) continue;
    copy.parent = node.parent && copies.get(node.parent);
    copy.children = node.children.map((child) => copies.get(child) ?? child);
    nodes.push(copy);
    const callee = readSilentPeer(node, silent);
    if (callee === undefined) continue;
    const span = { ...node.span, id: `${node.span.id}/${callee}`, service: callee, kind: 'server' as const };
    const standIn: SpanNode = { ...node, span, parent: copy, children: [] };
    copy.children.push(standIn);
    nodes.push(standIn);
  }
  return { ...trace, nodes, roots: trace.roots.map((root) => copies.get(root) ?? root) };
}
