import type { TracedLine, TracedLines } from './log-statements.ts';
import { isClientSide } from './visits.ts';
import { isFailing } from './errors.ts';
import { operationOf } from './operation.ts';
import type { SpanNode, Trace } from './trees.ts';

/** What happened inside one span, in order. */
export interface EventSequence {
  readonly service: string;
  readonly operation: string;
  /** Only sequences of the same context are compared: service, operation and kind. */
  readonly context: string;
  readonly node: SpanNode;
  /** The stay in the service that the span belongs to failed, or one that it called: by a span's status or a line's level. */
  readonly isFailing: boolean;
  readonly events: readonly SequenceEvent[];
}

/** A statement that was logged, a call that was made, or the begin or end of the span itself. */
export interface SequenceEvent {
  readonly name: string;
  readonly atUs: number;
  readonly isError?: boolean;
}

/** Lines of a service in a trace; undefined where it is not known whether it logged at that time. */
export type LinesOf = (service: string, trace: Trace, atUs: number) => readonly TracedLine[] | undefined;

/**
 * Finds lines by service and trace. That a service logged nothing is known only from its first traced line to its last one, and not
 * where lines were left out. O(n) once, O(1) a look-up.
 */
export function indexLines(logs: readonly ServiceLines[]): LinesOf {
  const index = new Map<string, TracedLine[]>();
  const covered = new Map<string, { fromUs: number; toUs: number; isSampled: boolean }>();
  for (const { service, traced } of logs) {
    const { isSampled } = traced;
    const cover = covered.get(service) ?? { fromUs: Infinity, toUs: -Infinity, isSampled };
    for (const line of traced.lines) {
      const key = `${service}\u0000${line.traceId}`;
      const list = index.get(key);
      if (list) list.push(line);
      else index.set(key, [line]);
      cover.fromUs = Math.min(cover.fromUs, line.atUs);
      cover.toUs = Math.max(cover.toUs, line.atUs);
    }
    covered.set(service, { ...cover, isSampled: cover.isSampled || isSampled });
  }
  return (service, trace, atUs) => {
    const lines = index.get(`${service}\u0000${trace.id}`);
    if (lines) return lines;
    const cover = covered.get(service);
    return cover && !cover.isSampled && atUs >= cover.fromUs && atUs <= cover.toUs ? [] : undefined;
  };
}

/** Traced lines of one service. */
export interface ServiceLines {
  readonly service: string;
  readonly traced: TracedLines;
}

/**
 * The sequences of a trace: the statements that each span's own lines tell; where a stay in a service logs nothing, the spans right below
 * each of its spans. Both are kept apart since lines are stamped by another clock than spans, often later, and within a millisecond their
 * order across the two is chance; and whom a service calls varies with what is asked for, which its statements tell better. A line that
 * tells only its trace belongs to the innermost span of its service that is open at its time. O(n log n) for n spans and lines.
 * Our own rule.
 */
export function listEventSequences(trace: Trace, linesOf: LinesOf): readonly EventSequence[] {
  const logged = assignLines(trace, linesOf);
  const failing = findFailingStays(trace, logged);
  const telling = new Set([...logged.keys()].map(entryOf));
  const sequences: EventSequence[] = [];
  for (const node of trace.nodes) {
    const { service } = node.span;
    const operation = operationOf(node);
    const begin = { name: `${operation} start`, atUs: node.startUs };
    const end = { name: `${operation} end`, atUs: node.endUs };
    const add = (kind: string, inner: readonly SequenceEvent[]) =>
      sequences.push({
        service,
        operation,
        context: [service, nameScope(node), operation, kind].join('\u0000'),
        node,
        isFailing: failing.has(entryOf(node)),
        events: [begin, ...inner, end],
      });
    const lines = logged.get(node) ?? (linesOf(service, trace, node.startUs) && []);
    if (lines) add('statements', lines);
    if (node.children.length === 0 || isClientSide(node) || telling.has(entryOf(node))) continue;
    const calls = node.children.map((child) => ({ name: nameCall(child, service), atUs: child.startUs }));
    add(`calls ${nameRoute(node, calls)}`, calls);
  }
  return sequences;
}

/** Spans of libraries (a commit, a query) bear the same name wherever they are used; the span around them tells them apart. */
function nameScope({ span, parent }: SpanNode): string {
  return parent && parent.span.service === span.service ? operationOf(parent) : '';
}

/**
 * What a request is for. A span by which it comes in often has a name for many things, and hands on by a route that the name does not
 * tell: whom it hands on to is then the request's nature, not the code's choice.
 */
function nameRoute(node: SpanNode, calls: readonly SequenceEvent[]): string {
  if (node.parent?.span.service === node.span.service) return '';
  if (node.parent) return calls[0]?.name ?? '';
  return calls.find(({ name }) => name.includes(onwards))?.name ?? calls[0]?.name ?? '';
}

const onwards = ' > ';

/** A call of another service is told apart by whom it reaches, through the caller's own span of it. */
function nameCall(child: SpanNode, service: string): string {
  const operation = operationOf(child);
  const beyond = child.children.find((node) => node.span.service !== child.span.service);
  if (child.span.service !== service) return `call${onwards}${child.span.service} ${operation}`;
  return beyond ? `${operation}${onwards}${beyond.span.service} ${operationOf(beyond)}` : operation;
}

function assignLines(trace: Trace, linesOf: LinesOf): ReadonlyMap<SpanNode, readonly SequenceEvent[]> {
  const byService = new Map<string, SpanNode[]>();
  for (const node of trace.nodes) {
    const list = byService.get(node.span.service);
    if (list) list.push(node);
    else byService.set(node.span.service, [node]);
  }
  const logged = new Map<SpanNode, SequenceEvent[]>();
  for (const [service, nodes] of byService) {
    const byId = new Map(nodes.map((node) => [node.span.id, node]));
    for (const line of linesOf(service, trace, nodes[0]?.startUs ?? 0) ?? []) {
      const { atUs } = line;
      const home =
        (line.spanId === undefined ? undefined : byId.get(line.spanId)) ??
        nodes.findLast((node) => node.startUs <= atUs && atUs <= node.endUs) ??
        nodes[0];
      if (!home) continue;
      const events = logged.get(home) ?? [];
      // A line that reached the log after its span had ended was still written inside of it.
      events.push({
        name: line.statement,
        atUs: Math.min(home.endUs, Math.max(home.startUs, atUs)),
        isError: line.isError,
      });
      logged.set(home, events);
    }
  }
  for (const events of logged.values()) events.sort((a, b) => a.atUs - b.atUs);
  return logged;
}

/** The span by which a request came into the service that this span belongs to. */
function entryOf(node: SpanNode): SpanNode {
  let entry = node;
  while (entry.parent?.span.service === node.span.service) entry = entry.parent;
  return entry;
}

function findFailingStays(
  trace: Trace,
  logged: ReadonlyMap<SpanNode, readonly SequenceEvent[]>,
): ReadonlySet<SpanNode> {
  const failing = new Set<SpanNode>();
  for (const node of trace.nodes) {
    if (!isFailing(node) && !logged.get(node)?.some((event) => event.isError)) continue;
    for (let at: SpanNode | undefined = entryOf(node); at && !failing.has(at); at = at.parent && entryOf(at.parent))
      failing.add(at);
  }
  return failing;
}
