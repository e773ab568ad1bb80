import type { LogLine } from '../../evidence/evidence.ts';

export type Level = LogLine['level'];

/** How loggers write their levels, in lower case; `d1` to `d5` are MongoDB's, `LOG` and `STATEMENT` PostgreSQL's. */
const spellings: Readonly<Record<Level, string>> = {
  debug: 'trace debug verbose silly fine finer finest t d v dbg dbug trc trce d1 d2 d3 d4 d5',
  info: 'info information informational notice note http log statement config success i inf n',
  warn: 'warn warning w wrn',
  error: 'error err e severe critical crit c fatal f ftl fail failure panic dpanic alert emerg emergency',
};
const levelOf: ReadonlyMap<string, Level> = new Map(
  Object.entries(spellings).flatMap(([level, words]) => words.split(' ').map((word) => [word, level as Level])),
);

/**
 * Reads the value under a level key: a word of any logger, with Go's offset (`INFO+2`), or a number: below 8 a severity of syslog
 * (RFC 5424), 10 to 60 as of pino and Bunyan, thousands as of Logback. Any other value tells nothing.
 * O(1).
 */
export function readLevel(value: unknown): Level | undefined {
  if (typeof value === 'number') return readNumber(value);
  if (typeof value !== 'string') return undefined;
  const word = value.trim().toLowerCase();
  if (/^\d+$/.test(word)) return readNumber(Number(word));
  return levelOf.get(word) ?? levelOf.get(word.replace(/[+-]\d+$/, ''));
}

function readNumber(value: number): Level | undefined {
  if (value >= 1_000) return readPythonLevel(value / 1_000);
  if (value >= 0 && value < 8) return readSeverity(value);
  if (!(value >= 10 && value <= 100)) return undefined;
  if (value >= 50) return 'error';
  if (value >= 40) return 'warn';
  return value >= 30 ? 'info' : 'debug';
}

/** Syslog's severities, where less is graver. */
function readSeverity(severity: number): Level {
  if (severity <= 3) return 'error';
  if (severity === 4) return 'warn';
  return severity <= 6 ? 'info' : 'debug';
}

/** Python's numbers lie ten below those of pino: its INFO is 20. */
export function readPythonLevel(levelno: unknown): Level | undefined {
  return typeof levelno === 'number' ? readNumber(levelno + 10) : undefined;
}

/** The severity number of OpenTelemetry's data model of logs, 1 to 24; 0 is unspecified. */
export function readSeverityNumber(value: unknown): Level | undefined {
  if (typeof value !== 'number' || value < 1 || value > 24) return undefined;
  if (value >= 17) return 'error';
  if (value >= 13) return 'warn';
  return value >= 9 ? 'info' : 'debug';
}

const usual = 'trace|debug|verbose|info|notice|warn|warning|error|err|severe|critical|crit|fatal|emerg';
/** Behind a full stop only with a colon, as Monolog writes: `app.ERROR: `. */
const inCapitals = new RegExp(
  String.raw`(?:(?<![\w/.-])|(?<=\w\.)(?=[A-Z]+:))(${usual.toUpperCase()}|PANIC|ALERT)(?![\w/-])`,
);
const inBrackets = new RegExp(String.raw`[[<(]\s{0,4}(?:\w{1,20}:)?(${usual}|alert|note|[TDVIWEFC])\s{0,4}[\])>]`, 'i');
const atStart = new RegExp(
  String.raw`^\s{0,4}(${usual}|(?:fail|dbug|trce)(?=:)|[VDWEF](?=[\s/])|I(?=/))(?=[\s:|/\]-]|$)`,
  'i',
);
/** Facility and severity, as syslog puts them before a line. */
const priority = /^<(\d{1,3})>/;

/**
 * The level of a message or a line of text: what it states, else what its words suggest.
 * Our own rule after the loggers named here. O(length).
 */
export function inferLevel(text: string): Level {
  return findLevel(text) ?? guessLevel(text);
}

/** Where a text line states its level: first of all, near its start in capitals or in brackets, or by syslog's number. */
function findLevel(text: string): Level | undefined {
  const head = text.slice(0, 120);
  const word = (atStart.exec(head) ?? inCapitals.exec(head) ?? inBrackets.exec(head))?.[1];
  if (word !== undefined) return levelOf.get(word.toLowerCase());
  const number = priority.exec(head)?.[1];
  return number === undefined ? undefined : readSeverity(Number(number) % 8);
}

const graveWords =
  /\b(?:panic|fatal|traceback|uncaught|unhandled|segfault|oom-?kill(?:ed|er)?|out of memory|exception)\b|(?<!\b(?:no|0|without|zero) )\berror\b(?!\s?[=:]\s?(?:0|null|nil|none|false|""|-)(?!\w))|\w(?:Error|Exception)\b/i;
const worryingWords = /\b(?:warn(?:ing)?|failed|failure|timed? ?out|refused|denied|rejected|unreachable|deprecated)\b/i;

function guessLevel(text: string): Level {
  const head = text.slice(0, 400);
  if (graveWords.test(head)) return 'error';
  return worryingWords.test(head) ? 'warn' : 'info';
}

/** An access line's status code tells whose trouble it was: 5xx ours, 4xx the caller's. */
export function levelOfStatus(status: number): Level {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
