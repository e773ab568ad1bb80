import type { LogLine } from '../../evidence/evidence.ts';
import { readMicros } from './trees.ts';
import { createTemplateMiner } from '../logs/templates.ts';
import { withoutFrames } from '../traces.ts';

/** One line of a log that was written while a known span was at work. */
export interface TracedLine {
  readonly traceId: string;
  /** Absent where the line tells its trace alone. */
  readonly spanId?: string;
  /** Microseconds since 1970. */
  readonly atUs: number;
  /** The place in the source that wrote it where the line tells one (`OrderService#120`, `cart.go:88`), else its template. */
  readonly statement: string;
  readonly isError: boolean;
}

const traceKey = /^(?:otel[._])?trace[._-]?id$/i;
const spanKey = /^(?:otel[._])?span[._-]?id$/i;
const traceText = /\btrace[_. -]?id["']?\s*[:=]\s*["']?([0-9a-f]{8,32})\b/i;
const spanText = /\bspan[_. -]?id["']?\s*[:=]\s*["']?([0-9a-f]{8,16})\b/i;
const traceParent = /\b[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}\b/;

const fileKey =
  /^(?:code\.(?:filepath|file\.path|function(?:\.name)?)|file(?:name|path)?|caller|source|logger(?:_?name)?)$/i;
const lineKey = /^(?:code\.(?:lineno|line\.number)|line(?:no|_?number)?)$/i;
/** `package.Class#12` and `Class:12` as Java's layouts print them, `file.go:12` as most others do. */
const placeText = /(?:^|[\s[(])([A-Za-z_][\w$./[\]-]*(?:#\d+|\.(?:[a-z]{1,4}|java|scala):\d+))(?=$|[\s\])|:,])/;

/** Trace and span that a line belongs to, by its fields or by what its text says (W3C trace context, OpenTelemetry's and Brave's layouts). */
export function readTraceIds(line: LogLine): { readonly traceId: string; readonly spanId?: string } | undefined {
  let traceId: string | undefined;
  let spanId: string | undefined;
  for (const [key, value] of Object.entries(line.fields)) {
    if (typeof value !== 'string' || value === '') continue;
    if (traceKey.test(key)) traceId = value;
    else if (spanKey.test(key)) spanId = value;
  }
  if (traceId === undefined && /trace|-[0-9a-f]{32}-/i.test(line.message)) {
    const parent = traceParent.exec(line.message);
    traceId = traceText.exec(line.message)?.[1] ?? parent?.[1];
    spanId ??= spanText.exec(line.message)?.[1] ?? parent?.[2];
  }
  if (traceId === undefined) return undefined;
  return spanId === undefined ? { traceId } : { traceId, spanId };
}

/** The place in the source that wrote a line, where the line tells it. */
export function readPlace(line: LogLine): string | undefined {
  let file: string | undefined;
  let number: string | undefined;
  for (const [key, value] of Object.entries(line.fields)) {
    if (fileKey.test(key) && typeof value === 'string') file = value;
    else if (lineKey.test(key)) number = String(value);
  }
  if (file !== undefined && /[:#]\d+$/.test(file)) return file;
  if (file !== undefined && number !== undefined) return `${file}:${number}`;
  return placeText.exec(line.message.slice(0, 200))?.[1];
}

/** Lines of one service that belong to traces. */
export interface TracedLines {
  readonly lines: readonly TracedLine[];
  /** Lines of other traces were left out. */
  readonly isSampled: boolean;
}

/** Collects the lines of one body that belong to traces, in memory that does not grow with their number. */
export interface TracedLineCollector {
  add(line: LogLine): void;
  finish(): TracedLines;
}

/** So many lines of a service are kept; above it, traces are sampled by their id, so that those that stay stay whole. */
const mostLines = 8_000;

/** O(1) a line beside the miner's work. */
export function createTracedLineCollector(): TracedLineCollector {
  const miner = createTemplateMiner();
  let kept: { traceId: string; spanId?: string; atUs: number; isError: boolean; statement: string | (() => string) }[] =
    [];
  let oneIn = 1;
  return {
    add(line) {
      const ids = readTraceIds(line);
      if (!ids || hashOf(ids.traceId) % oneIn !== 0) return;
      const statement = readPlace(line) ?? miner.add(withoutFrames(line.message), line.level).text;
      kept.push({ ...ids, atUs: readMicros(line.at), isError: line.level === 'error', statement });
      if (kept.length <= mostLines) return;
      oneIn *= 2;
      kept = kept.filter((item) => hashOf(item.traceId) % oneIn === 0);
    },
    finish() {
      miner.finish();
      const lines = kept.map(({ statement, ...item }) => ({
        ...item,
        statement: typeof statement === 'string' ? statement : statement(),
      }));
      return { lines, isSampled: oneIn > 1 };
    },
  };
}

/** FNV-1a: spreads ids evenly without randomness. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
