import type { SpanNode, Trace } from './trees.ts';

/** Where a failure of a trace began. */
export interface ErrorOrigin {
  readonly node: SpanNode;
  /** A call that failed with nobody on the other side seen: the peer as the span names it, where it does. */
  readonly peer?: string;
}

const peerKey = /^(peer\.service|net\.peer\.name|server\.address|db\.system(\.name)?|messaging\.system|rpc\.service)$/;

/** True when a span says that it failed: by status, by an exception, or by the status code of its protocol. */
export function isFailing({ span }: SpanNode): boolean {
  if (span.status === 'error') return true;
  const { fields } = span;
  if (fields['error'] === true || fields['error'] === 'true') return true;
  const code = Number(fields['http.response.status_code'] ?? fields['http.status_code']);
  if (code >= 500) return true;
  const grpc = fields['rpc.grpc.status_code'];
  // Codes that OpenTelemetry's conventions count as errors of a server: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
  return grpc !== undefined && [2, 4, 12, 13, 14, 15].includes(Number(grpc));
}

/**
 * The failing spans of a trace that their children do not explain: a failure climbs from callee to caller, so the deepest is where it
 * began. A failed child explains its parent, unless a later try of the same call went well. O(n log n) for n spans.
 * Our own rule on OpenTelemetry's status and exceptions of spans.
 */
export function findErrorOrigins(trace: Trace): readonly ErrorOrigin[] {
  const retried = findRetried(trace);
  const origins: ErrorOrigin[] = [];
  for (const node of trace.nodes) {
    if (!isFailing(node) || retried.has(node)) continue;
    if (node.children.some((child) => isFailing(child) && !retried.has(child))) continue;
    const peer = node.children.length === 0 ? readPeer(node) : undefined;
    origins.push(peer === undefined ? { node } : { node, peer });
  }
  return origins;
}

/** Failing spans after which another one of the same call, under the same parent, went well. */
function findRetried(trace: Trace): ReadonlySet<SpanNode> {
  const retried = new Set<SpanNode>();
  for (const { children } of trace.nodes) {
    const latest = new Map<string, number>();
    for (const child of [...children].reverse()) {
      const key = `${child.span.service}\u0000${child.span.name}`;
      if (!isFailing(child)) latest.set(key, Math.max(latest.get(key) ?? -Infinity, child.startUs));
      else if ((latest.get(key) ?? -Infinity) >= child.endUs) retried.add(child);
    }
  }
  return retried;
}

/** How many traces fail for the first time at a service. */
export interface OriginCount {
  readonly service: string;
  readonly operation: string;
  /** The other side of the failing call, where the span names it and nothing of it was seen. */
  readonly peer?: string;
  /** Traces of which this is the first origin, and failing traces in all, before and during the incident. */
  readonly before: number;
  readonly during: number;
  readonly failingDuring: number;
  readonly firstUs: number;
}

/** Counts traces by their earliest error origin; most frequent during the incident first. O(n log n). */
export function countOrigins(traces: readonly Trace[]): readonly OriginCount[] {
  const counts = new Map<string, { -readonly [K in keyof OriginCount]: OriginCount[K] }>();
  let failingDuring = 0;
  for (const trace of traces) {
    const [first] = [...findErrorOrigins(trace)].sort((a, b) => a.node.endUs - b.node.endUs);
    if (!first) continue;
    const { service, name } = first.node.span;
    const key = `${service}\u0000${first.peer ?? ''}\u0000${name}`;
    const count = counts.get(key) ?? {
      service,
      operation: name,
      ...(first.peer === undefined ? {} : { peer: first.peer }),
      before: 0,
      during: 0,
      failingDuring: 0,
      firstUs: Infinity,
    };
    if (trace.isIncident) {
      failingDuring++;
      count.during++;
      count.firstUs = Math.min(count.firstUs, first.node.startUs);
    } else count.before++;
    counts.set(key, count);
  }
  return [...counts.values()]
    .map((count): OriginCount => ({ ...count, failingDuring }))
    .sort((a, b) => b.during - a.during || (a.service < b.service ? -1 : 1));
}

/** Names of the other side, the surest first, as OpenTelemetry's conventions have had them. */
const calledKeys = ['peer.service', 'server.address', 'net.peer.name'];

/** The service that a call went to, as its span names it; undefined for calls to databases and brokers, which record no spans. */
export function readCalledService(node: SpanNode): string | undefined {
  const { kind, fields } = node.span;
  if (kind !== 'client' || 'db.system' in fields || 'db.system.name' in fields || 'messaging.system' in fields)
    return undefined;
  const name = calledKeys.map((key) => fields[key]).find((value) => typeof value === 'string' && value !== '');
  // Inside a cluster a service is called by a name such as cart.shop.svc.cluster.local.
  return typeof name === 'string' ? name.replace(/\.[\w-]+\.svc(?:\..*)?$|:\d+$/, '') : undefined;
}

function readPeer({ span }: SpanNode): string | undefined {
  if (span.kind !== undefined && span.kind !== 'client' && span.kind !== 'producer') return undefined;
  for (const [key, value] of Object.entries(span.fields)) {
    if (peerKey.test(key) && typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}
