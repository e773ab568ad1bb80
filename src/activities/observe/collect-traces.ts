import type { FoundTrace, Jaeger } from '../../adapters/jaeger/jaeger.ts';
import type { Span, TimeWindow } from '../../domain/evidence/evidence.ts';
import { redactDeep } from '../../domain/redaction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf } from '../../domain/text.ts';
import type { CollectInput, ObserveActivities } from '../contract.ts';
import { mapInTurns, notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectTracesPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, Pick<ServiceSettings, 'name' | 'tracedAs'>>>;
  /** Absent where no trace server is configured. */
  readonly jaeger?: Jaeger;
}

/**
 * A server answers with the newest traces only, so the window is asked in parts: as many before the incident as in it, or a busy
 * service would have no baseline.
 */
const limits = { parts: 4, tracesOfPart: 50, spans: 20_000, atOnce: 4 } as const;

/**
 * Reads traces that passed the service, before the incident and in it. They are kept whole: where a request failed first, or lost its
 * time, shows only beside the spans of all that it called. The same trace in two services' evidence counts once (`buildTraces`).
 */
export function createCollectTraces(ports: CollectTracesPorts): ObserveActivities['collectTraces'] {
  return async (input) => {
    const { jaeger, services } = ports;
    const name = services[input.service]?.tracedAs ?? input.service;
    const asked = { kind: 'traces', source: `jaeger ${jaeger?.url ?? ''}`.trim(), query: `service ${name}` } as const;
    return recordEvidence(ports, input, asked, async () => {
      if (!jaeger) {
        const remedy = 'Set `traces.jaeger.url` in resident.yaml to have traces read.';
        return notConfigured(input.service, 'trace server', remedy);
      }
      const windows = splitWindow(input);
      const answers = await mapInTurns(windows, limits.atOnce, (window) => ask(jaeger, name, window));
      const failed = answers.flatMap(({ error }) => (error === undefined ? [] : [error]));
      if (failed.length === answers.length) return explainFailed(name, failed.map(wordsOf));
      const traces = mergeTraces(answers.flatMap((answer) => answer.traces));
      if (traces.length === 0) return explainNone(jaeger, name, input, failed.map(wordsOf));
      return describe(ports, input, traces, noteLimits(answers, failed));
    });
  };
}

interface Answer {
  readonly traces: readonly FoundTrace[];
  readonly error?: unknown;
}

async function ask(jaeger: Jaeger, name: string, window: TimeWindow): Promise<Answer> {
  try {
    return { traces: await jaeger.findTraces(name, window, limits.tracesOfPart) };
  } catch (error) {
    return { traces: [], error };
  }
}

function splitWindow({ window, incidentFrom }: CollectInput): readonly TimeWindow[] {
  const [from, middle, to] = [window.from, incidentFrom, window.to].map((at) => Date.parse(at)) as [
    number,
    number,
    number,
  ];
  return [...splitEvenly(from, middle), ...splitEvenly(middle, to)];
}

function splitEvenly(fromMs: number, toMs: number): readonly TimeWindow[] {
  if (toMs <= fromMs) return [];
  const edge = (part: number) => new Date(fromMs + Math.round((part * (toMs - fromMs)) / limits.parts)).toISOString();
  return Array.from({ length: limits.parts }, (_, part) => ({ from: edge(part), to: edge(part + 1) }));
}

/** A trace that lasts over the edge of a part is answered twice. Oldest first. */
function mergeTraces(found: readonly FoundTrace[]): readonly FoundTrace[] {
  const byId = new Map(found.filter(({ spans }) => spans.length > 0).map((trace) => [trace.id, trace]));
  return [...byId.values()].sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
}

function startOf({ spans }: FoundTrace): string {
  return spans.reduce((first, { at }) => (at < first ? at : first), spans[0]?.at ?? '');
}

function noteLimits(answers: readonly Answer[], failed: readonly unknown[]): readonly string[] {
  const full = answers.filter(({ traces }) => traces.length >= limits.tracesOfPart).length;
  const cut = `at most ${limits.tracesOfPart} traces of each of ${answers.length} parts of the window were asked for, and ${full} had that many`;
  return [
    ...(full > 0 ? [cut] : []),
    ...failed.map((error) => `a part of the window was not answered: ${wordsOf(error)}`),
  ];
}

function explainFailed(name: string, [reason = 'the window is empty', ...others]: readonly string[]): Collected {
  const notes = others.filter((other) => other !== reason);
  return { outcome: 'failed', summary: `traces of ${name} could not be read`, reason, notes };
}

/** No traces is a result. Most often the service has another name there, so the names are told. */
async function explainNone(
  jaeger: Jaeger,
  name: string,
  { service, window }: CollectInput,
  notes: readonly string[],
): Promise<Collected> {
  const known = await jaeger.listServices().catch(() => undefined);
  const advice =
    known === undefined || known.includes(name)
      ? `It had no request, or none that was sampled, between ${window.from} and ${window.to}.`
      : `The trace server knows no ${name}. Write \`traces: { service: … }\` at ${service} in resident.yaml with one of: ${known.slice(0, 20).join(', ') || 'none yet'}.`;
  return { outcome: 'empty', summary: `no trace of ${name} in the window`, reason: advice, notes };
}

function describe(
  { services, redact }: CollectTracesPorts,
  { service, incidentFrom }: CollectInput,
  traces: readonly FoundTrace[],
  notes: readonly string[],
): Collected {
  const nameOf = createNameOf(services);
  const kept = fit(traces, incidentFrom);
  const spans = kept
    .flatMap((trace) => trace.spans)
    .map((span): Span => ({ ...span, service: nameOf(span.service) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
  const cut =
    kept.length < traces.length
      ? [`kept ${kept.length} of ${traces.length} traces: they have more than ${limits.spans} spans`]
      : [];
  const during = kept.filter((trace) => isDuring(trace, incidentFrom));
  const passed = new Set(spans.map((span) => span.service)).size;
  const tell = (list: readonly FoundTrace[]) =>
    `${countOf(list.length, 'trace')}, ${list.filter((trace) => trace.spans.some(({ status }) => status === 'error')).length} with a failing span`;
  return {
    outcome: 'found',
    summary: `${tell(during)}; in the baseline before ${tell(kept.filter((trace) => !isDuring(trace, incidentFrom)))}; ${countOf(spans.length, 'span')} of ${countOf(passed, 'service')}`,
    body: redactDeep({ kind: 'traces', service, incidentFrom, spans } as const, redact),
    notes: [...notes, ...cut],
  };
}

/** The names of resident.yaml for those of the tracing system; what is not configured keeps its own. */
function createNameOf(services: CollectTracesPorts['services']): (traced: string) => string {
  const names = new Map(Object.values(services).map(({ name, tracedAs }) => [tracedAs ?? name, name]));
  return (traced) => names.get(traced) ?? traced;
}

/** Whole traces, as many as there is room for: half of it for each side of the incident's begin, and what one leaves for the other. */
function fit(traces: readonly FoundTrace[], incidentFrom: string): readonly FoundTrace[] {
  const during = take(
    traces.filter((trace) => isDuring(trace, incidentFrom)),
    limits.spans / 2,
  );
  const before = take(
    traces.filter((trace) => !isDuring(trace, incidentFrom)),
    limits.spans - countSpans(during),
  );
  return [...before, ...during];
}

function take(traces: readonly FoundTrace[], room: number): readonly FoundTrace[] {
  let used = 0;
  return traces.filter(({ spans }) => {
    if (used + spans.length > room) return false;
    used += spans.length;
    return true;
  });
}

function countSpans(traces: readonly FoundTrace[]): number {
  return traces.reduce((sum, { spans }) => sum + spans.length, 0);
}

function isDuring(trace: FoundTrace, incidentFrom: string): boolean {
  return Date.parse(startOf(trace)) >= Date.parse(incidentFrom);
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
