import type { EvidenceWithBody } from '../../../../src/domain/diagnosis/engine.ts';
import type { Span } from '../../../../src/domain/evidence/evidence.ts';
import type { TracedLine } from '../../../../src/domain/analysis/spans/log-statements.ts';
import type { ServiceLines } from '../../../../src/domain/analysis/spans/event-sequences.ts';
import { buildTraces, type Trace } from '../../../../src/domain/analysis/spans/trees.ts';

/** Requests that begin at or after this time belong to the incident. */
export const incidentFrom = '2026-03-01T12:00:00.000Z';

/** One span of a small trace: `[service, name, start, end]` in milliseconds of its trace, and what it calls. */
export interface Drawn {
  readonly service: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly kind?: Span['kind'];
  readonly failed?: boolean;
  readonly fields?: Span['fields'];
  /** Statements that it logs, each a millisecond after the one before. */
  readonly logs?: readonly string[];
  readonly calls?: readonly Drawn[];
}

/** Draws one span. */
export function span(
  service: string,
  name: string,
  [from, to]: readonly [number, number],
  rest: Partial<Omit<Drawn, 'service' | 'name' | 'from' | 'to'>> = {},
): Drawn {
  return { service, name, from, to, ...rest };
}

/** Spans and lines of drawn requests; `before` and `during` the incident, a second apart. */
export function draw(before: readonly Drawn[], during: readonly Drawn[]) {
  const spans = new Map<string, Span[]>();
  const lines = new Map<string, TracedLine[]>();
  const fromMs = Date.parse(incidentFrom);
  const drawOne = (drawn: Drawn, traceId: string, id: string, startMs: number, parentId?: string) => {
    const atMs = startMs + drawn.from;
    append(spans, drawn.service, {
      traceId,
      id,
      ...(parentId === undefined ? {} : { parentId }),
      service: drawn.service,
      name: drawn.name,
      ...(drawn.kind === undefined ? {} : { kind: drawn.kind }),
      at: new Date(atMs).toISOString(),
      durationMs: drawn.to - drawn.from,
      status: drawn.failed ? 'error' : 'unset',
      fields: drawn.fields ?? {},
    });
    drawn.logs?.forEach((text, i) => {
      const isError = text.startsWith('!');
      const statement = isError ? text.slice(1) : text;
      append(lines, drawn.service, { traceId, spanId: id, atUs: (atMs + 1 + i) * 1000, statement, isError });
    });
    drawn.calls?.forEach((call, i) => drawOne(call, traceId, `${id}.${i + 1}`, startMs, id));
  };
  before.forEach((root, i) => drawOne(root, `before-${i}`, `b${i}`, fromMs - (before.length - i) * 1000));
  during.forEach((root, i) => drawOne(root, `during-${i}`, `d${i}`, fromMs + i * 1000));
  const evidence = [...spans].map(([service, list]) => wrap(service, list));
  const logs = [...lines].map(([service, list]): ServiceLines => ({
    service,
    traced: { lines: list, isSampled: false },
  }));
  return { evidence, logs, traces: buildTraces(evidence) };
}

/** The one trace of a drawn request. */
export function drawTrace(root: Drawn): Trace {
  const [trace] = draw([], [root]).traces;
  if (!trace) throw new Error('Nothing was drawn.');
  return trace;
}

/** Evidence of one service's spans. */
export function wrap(service: string, spans: readonly Span[]): EvidenceWithBody {
  return {
    evidence: {
      id: `${service}/traces/1`,
      service,
      kind: 'traces',
      source: 'drawn',
      query: '*',
      window: { from: '2026-03-01T11:00:00.000Z', to: '2026-03-01T13:00:00.000Z' },
      outcome: 'found',
      summary: '',
      digest: 'none',
    },
    body: { kind: 'traces', service, incidentFrom, spans },
  };
}

/** The same request so many times. */
export function repeat<T>(count: number, make: (i: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

function append<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
