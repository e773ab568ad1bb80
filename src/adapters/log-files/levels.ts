import type { LogLine } from '../../domain/evidence/evidence.ts';

export type Level = LogLine['level'];

const words: Readonly<Record<string, Level>> = {
  ...{
    trace: 'debug',
    debug: 'debug',
    verbose: 'debug',
    silly: 'debug',
    fine: 'debug',
    finer: 'debug',
    finest: 'debug',
  },
  ...{ t: 'debug', d: 'debug', v: 'debug', dbg: 'debug', trc: 'debug' },
  ...{
    info: 'info',
    information: 'info',
    informational: 'info',
    notice: 'info',
    http: 'info',
    log: 'info',
    config: 'info',
  },
  ...{ i: 'info', inf: 'info', n: 'info', success: 'info' },
  ...{ warn: 'warn', warning: 'warn', w: 'warn', wrn: 'warn' },
  ...{ error: 'error', err: 'error', e: 'error', severe: 'error', critical: 'error', crit: 'error', c: 'error' },
  ...{ fatal: 'error', f: 'error', ftl: 'error', panic: 'error', dpanic: 'error', alert: 'error', emerg: 'error' },
  ...{ emergency: 'error', failure: 'error' },
};

/** Reads the value under a level key: a word of any logger, or a number of pino and bunyan (10 to 60) or Python (10 to 50). */
export function readLevel(value: unknown): Level | undefined {
  if (typeof value === 'string' && /^\d+$/.test(value)) return readLevel(Number(value));
  if (typeof value === 'string') return words[value.trim().toLowerCase()];
  if (typeof value !== 'number') return undefined;
  // Below 8 it is a syslog severity (RFC 5424), where less is graver.
  if (value < 8) return value <= 3 ? 'error' : value === 4 ? 'warn' : value <= 6 ? 'info' : 'debug';
  if (value >= 50) return 'error';
  if (value >= 40) return 'warn';
  return value >= 30 || value === 20 ? (value === 20 ? 'debug' : 'info') : 'debug';
}

const upperWord =
  /(?<![\w/.-])(TRACE|DEBUG|VERBOSE|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|CRITICAL|CRIT|FATAL|PANIC|ALERT|EMERG)(?![\w/-])/;
const bracketed =
  /[[<(]\s{0,4}(?:\w{1,20}:)?(trace|debug|verbose|info|notice|warn|warning|error|err|severe|critical|crit|fatal|alert|emerg|[TDVIWEFC])\s{0,4}[\])>]/i;
const atStart =
  /^\s{0,4}(trace|debug|verbose|info|notice|warn|warning|error|err|severe|critical|crit|fatal|emerg|[VDIWEF](?=\s|\/))(?=[\s:|/\]-]|$)/i;

/** Where a text line's level stands: near its start, in capitals, in brackets, or first of all. */
export function findLevel(text: string): Level | undefined {
  const head = text.slice(0, 120);
  const word = atStart.exec(head)?.[1] ?? upperWord.exec(head)?.[1] ?? bracketed.exec(head)?.[1];
  return word === undefined ? undefined : words[word.toLowerCase()];
}

const graveWords =
  /\b(?:panic|fatal|traceback|uncaught|unhandled|segfault|oom-?kill(?:ed|er)?|out of memory|exception)\b|(?<!\b(?:no|0|without|zero) )\berror\b(?!\s?[=:]\s?(?:0|null|nil|none|false|""|-)(?!\w))|\w(?:Error|Exception)\b/i;
const worryingWords = /\b(?:warn(?:ing)?|failed|failure|timed? ?out|refused|denied|rejected|unreachable|deprecated)\b/i;

/** For a line that states no level: what its words suggest. */
export function guessLevel(text: string): Level {
  const head = text.slice(0, 400);
  if (graveWords.test(head)) return 'error';
  return worryingWords.test(head) ? 'warn' : 'info';
}

/** An access line's status code tells whose trouble it was: 5xx ours, 4xx the caller's. */
export function levelOfStatus(status: number): Level {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}
