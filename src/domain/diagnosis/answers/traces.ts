import type { Span } from '../../evidence/evidence.ts';
import type { EvidenceWithBody } from '../engine.ts';
import { fitLines, type EvidenceQuestion } from '../questions.ts';
import { renderSpan } from './render-body.ts';

type TraceQuestion = Extract<EvidenceQuestion, { name: 'query_traces' }>;

/** Spans that match, oldest first; without a trace's id, how many fail and how long they take by service and operation first. */
export function answerTraces(evidence: readonly EvidenceWithBody[], question: TraceQuestion): string {
  const { service, traceId, failingOnly = false } = question;
  const all = evidence.flatMap(({ body }) => (body?.kind === 'traces' ? body.spans : []));
  if (all.length === 0) return 'No spans were collected.';
  const matching = all
    .filter((span) => service === undefined || span.service === service)
    .filter((span) => traceId === undefined || span.traceId === traceId)
    .filter((span) => !failingOnly || span.status === 'error')
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  if (matching.length === 0) return `None of ${all.length} spans match.`;
  const spans = matching.map(renderSpan);
  return fitLines(traceId === undefined ? [...sumUpOperations(matching), ...spans] : spans);
}

function sumUpOperations(spans: readonly Span[]): readonly string[] {
  const operations = new Map<string, Span[]>();
  for (const span of spans) {
    const key = `${span.service} ${span.name}`;
    const known = operations.get(key) ?? [];
    operations.set(key, known);
    known.push(span);
  }
  return [...operations]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, 40)
    .map(([key, list]) => {
      const durations = list.map((span) => span.durationMs).sort((a, b) => a - b);
      const failing = list.filter((span) => span.status === 'error').length;
      const at = (part: number) => durations[Math.min(durations.length - 1, Math.floor(part * durations.length))] ?? 0;
      return `${key.slice(0, 300)}: ${list.length} spans, ${failing} fail, median ${at(0.5)} ms, 95 % below ${at(0.95)} ms`;
    });
}
