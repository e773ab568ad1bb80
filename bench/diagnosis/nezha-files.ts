import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { LogLine, MetricSeries, Span } from '../../src/domain/evidence/evidence.ts';

type Row = Readonly<Record<string, string>>;

interface Timed<T> {
  readonly atMs: number;
  readonly nanos: bigint;
  /** The same row at another time. */
  at(byMs: number): T;
}

export interface SpanRow extends Timed<SpanRow> {
  readonly span: Span;
}

export interface LogRow extends Timed<LogRow> {
  readonly service: string;
  readonly line: LogLine;
}

/** Names in a folder, in order; none where there is no such folder, which is absent evidence. */
export function listFiles(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Rows of a CSV file (RFC 4180, a record a line), packed or not, by the names of its header. */
export function readCsv(file: string): readonly Row[] {
  const bytes = readFileSync(file);
  if (bytes.length === 0) return [];
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const [header = '', ...lines] = text.split('\n').filter((line) => line.trim() !== '');
  const names = splitRecord(header);
  return lines.map((line) => {
    const cells = splitRecord(line);
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? '']));
  });
}

function splitRecord(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '',
  );
}

/** The workload of a pod's name: Kubernetes appends the hash of a replica set and five characters of its own. */
export function serviceOf(pod: string): string {
  return pod.replace(/-[0-9a-f]{6,10}-[a-z0-9]{5}$/, '').replace(/-\d+$/, '');
}

/** ISO time with nine digits of a second. */
function isoOf(nanos: bigint): string {
  const fraction = String(nanos % 1_000_000_000n).padStart(9, '0');
  return `${new Date(Number(nanos / 1_000_000_000n) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

export function readSpans(rows: readonly Row[]): readonly SpanRow[] {
  return rows.flatMap((row) => {
    const start = row['StartTimeUnixNano'] ?? '';
    const end = row['EndTimeUnixNano'] ?? '';
    if (!/^\d{19}$/.test(start) || !/^\d{19}$/.test(end)) return [];
    const nanos = BigInt(start);
    const parent = row['ParentID'] ?? '';
    return [
      toSpanRow(nanos, {
        traceId: row['TraceID'] ?? '',
        id: row['SpanID'] ?? '',
        ...(parent === '' || parent === 'root' ? {} : { parentId: parent }),
        service: serviceOf(row['PodName'] ?? ''),
        name: row['OperationName'] ?? '',
        at: isoOf(nanos),
        durationMs: Math.max(0, Number(BigInt(end) - nanos) / 1e6),
        status: 'unset',
        fields: { 'k8s.pod.name': row['PodName'] ?? '' },
      }),
    ];
  });
}

function toSpanRow(nanos: bigint, span: Span): SpanRow {
  return {
    atMs: Number(nanos / 1_000_000n),
    nanos,
    span,
    at: (byMs) => {
      const moved = nanos + BigInt(Math.round(byMs)) * 1_000_000n;
      return toSpanRow(moved, { ...span, at: isoOf(moved) });
    },
  };
}

/** The container's envelope is taken off; time and ids, which have columns of their own, are taken out of the text. */
export function readLogs(rows: readonly Row[]): readonly LogRow[] {
  return rows.flatMap((row) => {
    const stamp = row['TimeUnixNano'] ?? '';
    if (!/^\d{19}$/.test(stamp)) return [];
    const text = unwrap(row['Log'] ?? '');
    const level =
      /\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b/i.exec(text)?.[1]?.toLowerCase() ?? 'info';
    const message = text
      .replace(/^\d\d:\d\d:\d\d[.,]\d+\s+/, '')
      .replace(/^(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\s+/, '')
      .replace(/\bTraceID:?\s*\w+\s*,?\s*SpanID:?\s*\w+,?\s*/i, '')
      .trim();
    return [
      toLogRow(BigInt(stamp), serviceOf(row['PodName'] ?? ''), {
        at: isoOf(BigInt(stamp)),
        level: /^(err|fatal|crit)/.test(level)
          ? 'error'
          : level.startsWith('warn')
            ? 'warn'
            : /debug|trace/.test(level)
              ? 'debug'
              : 'info',
        message,
        fields: { trace_id: row['TraceID'] ?? '', span_id: row['SpanID'] ?? '' },
      }),
    ];
  });
}

function toLogRow(nanos: bigint, service: string, line: LogLine): LogRow {
  return {
    atMs: Number(nanos / 1_000_000n),
    nanos,
    service,
    line,
    at: (byMs) => {
      const moved = nanos + BigInt(Math.round(byMs)) * 1_000_000n;
      return toLogRow(moved, service, { ...line, at: isoOf(moved) });
    },
  };
}

/** The text inside `{"log": …}` of the container's engine, and of the program's own JSON inside of that. */
function unwrap(text: string): string {
  const outer = parseObject(text);
  if (outer === undefined) return text.trim();
  const inner = outer['log'] ?? outer['message'] ?? outer['msg'];
  if (typeof inner !== 'string') return text.trim();
  const own = parseObject(inner);
  if (own === undefined) return inner.trim();
  const message = own['message'] ?? own['msg'];
  const severity = own['severity'] ?? own['level'];
  return typeof message === 'string'
    ? `${typeof severity === 'string' ? `${severity.toUpperCase()} ` : ''}${message}`.trim()
    : inner.trim();
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    // Programs cut long lines: what is not JSON is text.
    return undefined;
  }
}

const notSeries = new Set(['Time', 'TimeStamp', 'PodName', 'ServiceName']);

/** One series a column of each pod's file; those of the whole system's front go to the service that requests come in by. */
export function readMetrics(
  folder: string,
  fromMs: number,
  toMs: number,
  entry: string,
): ReadonlyMap<string, readonly MetricSeries[]> {
  const found = new Map<string, MetricSeries[]>();
  for (const name of listFiles(folder)) {
    const rows = readCsv(path.join(folder, name)).filter((row) => {
      const atMs = Number(row['TimeStamp']) * 1000;
      return atMs >= fromMs && atMs < toMs;
    });
    const first = rows[0];
    if (!first) continue;
    const pod = first['PodName'];
    const service = pod === undefined ? entry : serviceOf(pod);
    const list = found.get(service) ?? [];
    for (const column of Object.keys(first)) {
      if (notSeries.has(column)) continue;
      const points = rows
        .map((row) => [new Date(Number(row['TimeStamp']) * 1000).toISOString(), Number(row[column] || NaN)] as const)
        .filter(([, value]) => Number.isFinite(value));
      if (points.length > 0)
        list.push({ name: column, expression: column, labels: pod === undefined ? {} : { pod }, points });
    }
    found.set(service, list);
  }
  return found;
}
