import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { Span } from '../../evidence/evidence.ts';

/** A span in its trace, on one clock in microseconds. Lives only while evidence is measured; it is never stored. */
export interface SpanNode {
  readonly span: Span;
  readonly evidenceId: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly parent: SpanNode | undefined;
  /** By start. */
  readonly children: readonly SpanNode[];
}

/** One request's spans. */
export interface Trace {
  readonly id: string;
  /** Spans that nobody of the trace called, by start; more than one where parents are missing. */
  readonly roots: readonly SpanNode[];
  /** Every span, by start. */
  readonly nodes: readonly SpanNode[];
  /** It began at or after the time from which the incident is taken to last. */
  readonly isIncident: boolean;
}

interface Draft extends SpanNode {
  parent: SpanNode | undefined;
  children: SpanNode[];
  readonly isIncident: boolean;
}

/**
 * Microseconds since 1970 of an ISO time. `Date` stops at milliseconds, and the order of what happens inside a span is finer.
 * Not a number where the time is none.
 */
export function readMicros(at: string): number {
  const dot = at.indexOf('.', 17);
  if (dot < 0) return Date.parse(at) * 1000;
  let end = dot + 1;
  while (end < at.length && at.charCodeAt(end) >= 48 && at.charCodeAt(end) <= 57) end++;
  const fraction = at.slice(dot + 1, end);
  return Date.parse(at.slice(0, dot) + at.slice(end)) * 1000 + Number(`0.${fraction || '0'}`) * 1e6;
}

/**
 * Puts the spans of all services together into traces (OpenTelemetry's data model: a span names its parent in the same trace). Two
 * spans of one id, as Zipkin's B3 shares it between client and server, become parent and child. A parent that is in no span of the
 * trace is looked for by id in the other traces, where only one has it; otherwise the span is a root. O(n log n).
 */
export function buildTraces(evidence: readonly EvidenceWithBody[]): readonly Trace[] {
  const drafts = readDrafts(evidence);
  const byTrace = new Map<string, Draft[]>();
  const everywhere = new Map<string, Draft | 'several'>();
  for (const draft of drafts) {
    const list = byTrace.get(draft.span.traceId);
    if (list) list.push(draft);
    else byTrace.set(draft.span.traceId, [draft]);
    everywhere.set(draft.span.id, everywhere.has(draft.span.id) ? 'several' : draft);
  }
  const moved = new Map<Draft, string>();
  for (const [id, list] of byTrace) linkParents(id, list, everywhere, moved);
  return [...gather(drafts, moved)]
    .map(([id, nodes]): Trace => ({
      id,
      nodes,
      roots: nodes.filter((node) => node.parent === undefined),
      isIncident: nodes[0]?.isIncident ?? false,
    }))
    .sort((a, b) => (a.nodes[0]?.startUs ?? 0) - (b.nodes[0]?.startUs ?? 0) || (a.id < b.id ? -1 : 1));
}

/** A trace that passed several services may stand whole in the evidence of each; the first that holds a span counts. */
function readDrafts(evidence: readonly EvidenceWithBody[]): readonly Draft[] {
  const drafts: Draft[] = [];
  const holders = new Map<string, string>();
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'traces') continue;
    const fromUs = readMicros(body.incidentFrom);
    for (const span of body.spans) {
      const startUs = readMicros(span.at);
      if (!Number.isFinite(startUs) || !Number.isFinite(span.durationMs)) continue;
      const key = `${span.traceId} ${span.id} ${span.service} ${span.kind ?? ''} ${span.at}`;
      const holder = holders.get(key);
      if (holder !== undefined && holder !== item.id) continue;
      holders.set(key, item.id);
      drafts.push({
        span,
        evidenceId: item.id,
        startUs,
        endUs: startUs + Math.max(0, span.durationMs) * 1000,
        parent: undefined,
        children: [],
        isIncident: startUs >= fromUs,
      });
    }
  }
  // Among spans of the same start the longer one is the outer one.
  return drafts.sort((a, b) => a.startUs - b.startUs || b.endUs - a.endUs || (a.span.id < b.span.id ? -1 : 1));
}

function linkParents(
  traceId: string,
  list: readonly Draft[],
  everywhere: ReadonlyMap<string, Draft | 'several'>,
  moved: Map<Draft, string>,
): void {
  const byId = new Map<string, Draft>();
  const callers = new Map<string, Draft>();
  for (const draft of list) {
    const twin = byId.get(draft.span.id);
    if (twin && twin.span.kind === 'client' && draft.span.kind !== 'client') callers.set(draft.span.id, twin);
    if (twin && twin.span.kind !== 'client' && draft.span.kind === 'client') callers.set(draft.span.id, draft);
    else byId.set(draft.span.id, draft);
  }
  for (const draft of list) {
    const shared = callers.get(draft.span.id);
    const isServerOfShared = shared !== undefined && shared !== draft;
    const parentId = draft.span.parentId;
    let parent = isServerOfShared ? shared : parentId === undefined ? undefined : byId.get(parentId);
    if (!parent && parentId !== undefined) {
      const elsewhere = everywhere.get(parentId);
      if (elsewhere && elsewhere !== 'several' && elsewhere.span.traceId !== traceId) parent = elsewhere;
      if (parent) moved.set(draft, parent.span.traceId);
    }
    if (!parent || parent === draft || reaches(parent, draft)) continue;
    draft.parent = parent;
    parent.children.push(draft);
  }
}

/** Broken instrumentation can close a ring of parents; the link that would close it is left out. */
function reaches(from: SpanNode, to: SpanNode): boolean {
  let node: SpanNode | undefined = from;
  for (let depth = 0; node !== undefined && depth < 1000; depth++) {
    if (node === to) return true;
    node = node.parent;
  }
  return node !== undefined;
}

/** Spans by trace; one whose parent was found in another trace goes there with all below it. */
function gather(drafts: readonly Draft[], moved: ReadonlyMap<Draft, string>): ReadonlyMap<string, readonly Draft[]> {
  const homes = new Map<SpanNode, string>();
  const homeOf = (node: SpanNode): string => {
    const path: SpanNode[] = [];
    let at: SpanNode | undefined = node;
    while (at && !homes.has(at) && at.parent && moved.size > 0) {
      path.push(at);
      at = at.parent;
    }
    const home = (at && homes.get(at)) ?? at?.span.traceId ?? node.span.traceId;
    for (const item of path) homes.set(item, home);
    return home;
  };
  const byHome = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const home = homeOf(draft);
    const list = byHome.get(home);
    if (list) list.push(draft);
    else byHome.set(home, [draft]);
  }
  return byHome;
}
