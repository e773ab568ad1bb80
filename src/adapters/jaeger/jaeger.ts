import type { Span, TimeWindow } from '../../domain/evidence/evidence.ts';
import type { HttpOptions } from '../http-ask.ts';
import { servicesAnswer, tracesAnswer } from './answers.ts';
import { createAsk } from './client.ts';
import { toSpans } from './map-spans.ts';

/** One request as the trace server holds it: the spans of every service that it passed. */
export interface FoundTrace {
  readonly id: string;
  readonly spans: readonly Span[];
}

export interface Jaeger {
  readonly url: string;
  /** Traces in which `service` recorded a span that began in the window, `limit` of them at most; which ones, the server decides. */
  findTraces(service: string, window: TimeWindow, limit: number): Promise<readonly FoundTrace[]>;
  /** Names of all services that the server has spans of. */
  listServices(): Promise<readonly string[]>;
}

/** Read-only client of Jaeger's query API. Every method throws `OutsideError` (`Jaeger.Unreachable`, `.BadAnswer`, …). */
export function createJaeger(options: HttpOptions): Jaeger {
  const ask = createAsk(options);
  return {
    url: new URL(options.url).origin,
    findTraces: async (service, window, limit) => {
      const [start, end] = [toMicros(window.from), toMicros(window.to) - 1];
      const query = { service, start: String(start), end: String(end), limit: String(limit) };
      const traces = await ask('/api/traces', query, tracesAnswer);
      return traces.map((trace) => ({ id: trace.traceID, spans: toSpans(trace) }));
    },
    listServices: () => ask('/api/services', {}, servicesAnswer),
  };
}

/** Jaeger's times are microseconds since 1970, both ends inclusive. */
function toMicros(at: string): number {
  return Date.parse(at) * 1000;
}
