import type { Span } from '../../domain/evidence/evidence.ts';
import type { JaegerSpan, JaegerTrace } from './answers.ts';

type Scalar = string | number | boolean;

/** So many values of a span are kept, each cut to so many characters: statements and stack traces can be as long as they like. */
const mostFields = 40;
const longestValue = 500;
const longestName = 300;

/** Tags that are told by a span's own properties. */
const ownTags = new Set(['span.kind', 'otel.status_code', 'error', 'internal.span.format']);
/** What an exception recorded on a span tells, by the names of OpenTelemetry and, before it, of OpenTracing. */
const exceptionTags: Readonly<Record<string, string>> = {
  'exception.type': 'exception.type',
  'exception.message': 'exception.message',
  'error.kind': 'exception.type',
  'error.object': 'exception.message',
};
const kinds = ['server', 'client', 'producer', 'consumer', 'internal'] as const;

/** The spans of a trace, in the server's order. Spans of a time that is none are left out. */
export function toSpans(trace: JaegerTrace): readonly Span[] {
  return trace.spans.flatMap((span) => {
    const service = span.process?.serviceName ?? trace.processes[span.processID ?? '']?.serviceName;
    const at = toIso(span.startTime);
    if (service === undefined || at === undefined) return [];
    const tags = readTags(span);
    const kind = kinds.find((name) => name === String(tags['span.kind']).toLowerCase());
    const parentId = findParent(span);
    return [
      {
        traceId: span.traceID,
        id: span.spanID,
        ...(parentId === undefined ? {} : { parentId }),
        service,
        name: span.operationName.slice(0, longestName),
        ...(kind === undefined ? {} : { kind }),
        at,
        durationMs: span.duration / 1000,
        status: readStatus(tags),
        fields: selectFields(tags, span),
      },
    ];
  });
}

/** ISO with six digits: `Date` stops at milliseconds, and the order of what happens inside a request is finer. */
function toIso(micros: number): string | undefined {
  const milliseconds = Math.floor(micros / 1000);
  if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8e15) return undefined;
  const rest = String(Math.floor(micros - milliseconds * 1000)).padStart(3, '0');
  return new Date(milliseconds).toISOString().replace('Z', `${rest}Z`);
}

/** References into other traces are links, not parents. A span that only follows another is below it all the same. */
function findParent({ traceID, references }: JaegerSpan): string | undefined {
  const within = references.filter((reference) => reference.traceID === traceID && reference.spanID !== '');
  return (within.find(({ refType }) => refType === 'CHILD_OF') ?? within[0])?.spanID;
}

function readTags({ tags }: JaegerSpan): Readonly<Record<string, Scalar>> {
  const read: Record<string, Scalar> = {};
  for (const { key, value } of tags) {
    const scalar = toScalar(value);
    if (scalar !== undefined) read[key] = scalar;
  }
  return read;
}

function toScalar(value: unknown): Scalar | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.slice(0, longestValue) : undefined;
}

/** gRPC codes that OpenTelemetry's conventions count as errors of a server: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS. */
const failingRpcCodes = [2, 4, 12, 13, 14, 15];

/** What the program itself said comes first; then the status code of the protocol. */
function readStatus(tags: Readonly<Record<string, Scalar>>): Span['status'] {
  const told = String(tags['otel.status_code'] ?? '').toUpperCase();
  if (told === 'ERROR' || String(tags['error']).toLowerCase() === 'true') return 'error';
  if (told === 'OK') return 'ok';
  const http = Number(tags['http.response.status_code'] ?? tags['http.status_code']);
  const rpc = tags['rpc.grpc.status_code'] ?? tags['grpc.status_code'];
  if (http >= 500 || (rpc !== undefined && failingRpcCodes.includes(Number(rpc)))) return 'error';
  return 'unset';
}

function selectFields(tags: Readonly<Record<string, Scalar>>, span: JaegerSpan): Span['fields'] {
  const told = Object.entries(tags).filter(([key, value]) => !ownTags.has(key) && value !== '');
  return Object.fromEntries([...readException(span), ...told].slice(0, mostFields));
}

function readException({ logs }: JaegerSpan): readonly (readonly [string, Scalar])[] {
  return logs.flatMap(({ fields }) =>
    (fields ?? []).flatMap(({ key, value }) => {
      const name = exceptionTags[key];
      const scalar = toScalar(value);
      return name === undefined || scalar === undefined ? [] : [[name, scalar] as const];
    }),
  );
}
