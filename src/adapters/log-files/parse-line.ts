import {
  inferLevel,
  levelOfStatus,
  readLevel,
  readPythonLevel,
  readSeverityNumber,
  type Level,
} from '../../domain/analysis/logs/levels.ts';
import type { LogSource } from '../../domain/settings.ts';
import { addField, flattenFields, readPairs, type Fields } from './fields.ts';
import { findTime, readTime, type FoundTime } from './timestamps.ts';
import { createToInstant, type Clock } from './timezone.ts';

/** A line as read, before its time is settled and its secrets are taken out. */
export interface ParsedLine {
  /** Absent where the line tells no time. */
  readonly at?: number;
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
  /** True for a line that only continues the one before: a stack frame, an indented line. */
  readonly isContinuation: boolean;
}

export type ParseLine = (line: string, afterContinuation?: boolean) => ParsedLine;

const timeKeys = [
  'time',
  'timestamp',
  '@timestamp',
  'ts',
  'datetime',
  'date',
  '@t',
  't',
  'asctime',
  'timeMillis',
  'eventTime',
  'created',
  '_time',
  'start_time',
];
const levelKeys = [
  'level',
  'severity',
  'lvl',
  'loglevel',
  'logLevel',
  'log.level',
  '@l',
  'levelname',
  'level_name',
  'severityText',
  'severity_text',
  'priority',
  'PRIORITY',
  's',
];
const messageKeys = [
  'message',
  'msg',
  '@m',
  '@mt',
  'event',
  'text',
  'log',
  'body',
  'short_message',
  'MESSAGE',
  'textPayload',
  'err.message',
  'error.message',
  'error',
  'err',
  'exception',
];

export interface ParseOptions extends Pick<LogSource, 'format' | 'timezone'> {
  /** Settles times without a year or a day, in milliseconds since the epoch. */
  readonly nearMs: number;
  /**
   * Lines come in the order of the file, so the hour that a clock shows twice is told apart by what came before. Otherwise the
   * later of the two is taken.
   */
  readonly isInOrder?: boolean;
}

/** Clocks and threads disorder neighbouring lines by this much at most. */
export const disorderMs = 60_000;

/**
 * Makes a parser for one file; it remembers the form of time that the file uses. Any text is a line: what is not understood is
 * its own message.
 */
export function createParseLine({ format, timezone, nearMs, isInOrder = false }: ParseOptions): ParseLine {
  let lastForm = -1;
  let lastMs = -Infinity;
  const toInstant = createToInstant(timezone, (earlier, later) =>
    isInOrder && earlier >= lastMs - disorderMs ? earlier : later,
  );
  const clock: Clock = { nearMs, toInstant };
  const remember = (line: ParsedLine): ParsedLine => {
    lastMs = line.at ?? lastMs;
    return line;
  };
  return (line, afterContinuation = false) => {
    const json = format === 'text' ? undefined : parseEmbeddedJson(line, clock);
    if (json) return remember(json);
    const found = findTime(line, clock, lastForm);
    if (found) lastForm = found.form;
    return remember(readText(line, found, afterContinuation, clock));
  };
}

/** A JSON line, also one behind the prefix that a container runtime or a shipper puts before it. */
function parseEmbeddedJson(line: string, clock: Clock, depth = 0): ParsedLine | undefined {
  const start = line.indexOf('{');
  if (start === -1 || start > 160 || !/\}\s*$/.test(line)) return undefined;
  const value = parseObject(line.slice(start));
  if (!value || (start > 0 && !hasAny(value, timeKeys) && !hasAny(value, messageKeys))) return undefined;
  const parsed = readJson(value, clock, depth);
  const prefix = line.slice(0, start);
  const outer = parsed.at === undefined && prefix !== '' ? findTime(prefix, clock)?.at : undefined;
  const container = /^([\w.-]{1,80}?)(?:[-_]\d+)?\s+\|\s/.exec(prefix)?.[1];
  if (container) addField(parsed.fields, 'service', container);
  return outer === undefined ? parsed : { ...parsed, at: outer };
}

function readJson(value: Readonly<Record<string, unknown>>, clock: Clock, depth: number): ParsedLine {
  const inner = typeof value['log'] === 'string' && depth < 3 ? value['log'] : undefined;
  const wrapped = inner === undefined ? undefined : parseEmbeddedJson(inner.trim(), clock, depth + 1);
  const at = readKeyedTime(value, clock);
  if (wrapped) return wrapped.at === undefined && at !== undefined ? { ...wrapped, at } : wrapped;
  const level =
    pick(
      value,
      levelKeys.filter((key) => key in value || key.includes('.')),
      readLevel,
    ) ??
    readPythonLevel(value['levelno']) ??
    readSeverityNumber(value['severityNumber'] ?? value['severity_number']);
  const message = pick(value, messageKeys, readMessage) ?? '';
  const used = new Set([
    ...timeKeys.filter((key) => readTime(value[key], clock) !== undefined),
    ...levelKeys.filter((key) => readLevel(value[key]) !== undefined),
  ]);
  const rest = Object.fromEntries(Object.entries(value).filter(([key, item]) => !used.has(key) && item !== message));
  const fields = flattenFields(rest);
  const status = Number(
    fields['status'] ?? fields['statusCode'] ?? fields['res.statusCode'] ?? fields['http.status_code'],
  );
  const guessed = inner === undefined ? undefined : inferLevel(inner);
  return {
    level: level ?? guessed ?? (status >= 400 ? levelOfStatus(status) : inferLevel(message)),
    message: message === '' ? JSON.stringify(rest).slice(0, 2_000) : message,
    fields,
    isContinuation: false,
    ...(at === undefined ? {} : { at }),
  };
}

function readKeyedTime(value: Readonly<Record<string, unknown>>, clock: Clock): number | undefined {
  const at = pick(value, timeKeys, (item) => readTime(item, clock));
  if (at !== undefined) return at;
  const instant = value['instant'] as { epochSecond?: unknown; nanoOfSecond?: unknown } | undefined;
  if (typeof instant?.epochSecond !== 'number') return undefined;
  return instant.epochSecond * 1000 + Math.floor(Number(instant.nanoOfSecond ?? 0) / 1e6);
}

function readMessage(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trimEnd();
  if (typeof value !== 'object' || value === null) return undefined;
  const { message, msg, stringValue } = value as Record<string, unknown>;
  return [message, msg, stringValue].find((item) => typeof item === 'string');
}

/** The first key whose value can be read; `a.b` also reaches into nested objects. */
function pick<T>(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  read: (item: unknown) => T | undefined,
): T | undefined {
  for (const key of keys) {
    const nested = key
      .split('.')
      .reduce<unknown>((item, part) => (item as Record<string, unknown> | undefined)?.[part], value);
    const result = read(value[key] ?? nested);
    if (result !== undefined) return result;
  }
  return undefined;
}

function hasAny(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return keys.some((key) => key in value);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const access =
  /^(\S{1,100}) \S+ (.{1,100}?) \[[^\]]{20,40}\] "(?:([A-Z]{3,10}) )?([^"]{0,4000}?)(?: HTTP\/[\d.]+)?" (\d{3}) (\d+|-)/;

function readText(line: string, found: FoundTime | undefined, afterContinuation: boolean, clock: Clock): ParsedLine {
  const request = access.exec(line);
  if (request && found) return readAccess(request, found.at);
  const pairs = readPairs(line);
  const keyed = pairs['level'] ?? pairs['lvl'] ?? pairs['severity'];
  const told = pairs['msg'] ?? pairs['message'];
  if (keyed !== undefined && told !== undefined) {
    const fields = Object.fromEntries(
      Object.entries(pairs).filter(
        ([name]) => !['level', 'lvl', 'severity', 'msg', 'message', 'time', 'ts', 't', 'timestamp'].includes(name),
      ),
    );
    const at = found?.at ?? readTime(pairs['ts'] ?? pairs['time'], clock);
    return {
      level: readLevel(keyed) ?? inferLevel(String(told)),
      message: String(told),
      fields,
      isContinuation: false,
      ...(at === undefined ? {} : { at }),
    };
  }
  const rest = found ? trimPrefix(line, found) : line.trimEnd();
  const klog = found?.start === 1 && /^[IWEF]\d/.test(line) ? readLevel(line[0]) : undefined;
  return {
    level: klog ?? readLevel(keyed) ?? inferLevel(rest),
    message: rest,
    fields: pairs,
    isContinuation: !found && isContinuation(line, afterContinuation),
    ...(found ? { at: found.at } : {}),
  };
}

/** The time leaves the message, so that two lines that say the same are the same; what stood before it (a host, a container) stays. */
function trimPrefix(line: string, found: FoundTime): string {
  const before = line.slice(0, found.start).replace(/[[(<\s]+$/, '');
  const after = line
    .slice(found.end)
    .replace(/^[\])>\s,:|-]+/, '')
    .trimEnd();
  const isKlog = found.start === 1 && /^[IWEF]$/.test(before);
  return before === '' || isKlog ? after : `${before} ${after}`;
}

function readAccess(match: RegExpExecArray, at: number): ParsedLine {
  const [, client = '', user = '-', method = '-', path = '', status = '0', bytes = '-'] = match;
  const fields: Fields = { client, method, path: path.slice(0, 500), status: Number(status) };
  if (bytes !== '-') fields['bytes'] = Number(bytes);
  if (user !== '-') fields['user'] = user;
  return {
    at,
    level: levelOfStatus(Number(status)),
    message: `${method} ${path} ${status}`,
    fields,
    isContinuation: false,
  };
}

const frame =
  /^(?:\s+\S|Caused by:|Suppressed:|Traceback \(most recent|\.\.\. \d+ more|goroutine \d+ \[|created by |exit status |During handling of the above|The above exception was|stack backtrace:|--- End of (?:inner )?exception|(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)(?::|$))/;
const traceEnd =
  /^(?:[\w$]+\.)*[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt|Iteration)\b|^[\w./*()$-]+\(.{0,500}\)$|^[})\]]+[,;]?$/;

/** Stack traces: frames are indented; Go's function lines and Python's last line are not, and count only after a frame. */
function isContinuation(line: string, afterContinuation: boolean): boolean {
  return frame.test(line) || (afterContinuation && traceEnd.test(line));
}
