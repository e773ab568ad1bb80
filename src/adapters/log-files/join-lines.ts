import type { Level } from '../../domain/analysis/logs/levels.ts';
import { disorderMs, type ParsedLine, type ParseLine } from './parse-line.ts';
import type { RawLine } from './sample.ts';

export interface JoinerOptions {
  readonly parse: ParseLine;
  readonly keep: (line: RawLine) => void;
  /** False where reading began in the middle: untimed lines there belong to a line that was not read. */
  readonly isFromStart: boolean;
  /** The time of lines in a file that tells no time at all: when it was last written. */
  readonly untimedAt: number;
  readonly stopAfterMs: number;
}

export interface LineJoiner {
  push(text: string): void;
  /** True when the lines have long left the window, so that reading may stop. */
  isPast(): boolean;
  end(): void;
}

/** A message with its stack trace is cut here. */
const maxMessage = 8_000;
const maxHeld = 2_000;
/** So many lines in a row after the window mean that the file has left it; one may only be out of order. */
const pastLines = 200;

/** Joins stack traces to the line before them, and gives lines without a time the time of the line before. */
export function createLineJoiner({ parse, keep, isFromStart, untimedAt, stopAfterMs }: JoinerOptions): LineJoiner {
  let current: RawLine | undefined;
  let lastAt: number | undefined;
  let held: Omit<RawLine, 'at'>[] = [];
  let wasContinuation = false;
  let past = 0;

  function flush(): void {
    if (current) keep(current);
    current = undefined;
  }

  function push(text: string): void {
    if (text.trim() === '') return;
    const parsed = parse(text, wasContinuation);
    wasContinuation = parsed.isContinuation;
    if (parsed.isContinuation && append(parsed, text)) return;
    flush();
    const line = { level: parsed.level, message: parsed.message.slice(0, maxMessage), fields: parsed.fields };
    const at = parsed.at ?? lastAt;
    if (at === undefined) {
      if (isFromStart) hold(line);
      return;
    }
    if (lastAt === undefined) for (const earlier of held.splice(0)) keep({ ...earlier, at });
    lastAt = at;
    past = at > stopAfterMs + disorderMs ? past + 1 : 0;
    current = { ...line, at };
  }

  /** False when there is no line to continue. */
  function append(parsed: ParsedLine, text: string): boolean {
    if (current) {
      current = { ...current, ...continued(current, parsed, text) };
      return true;
    }
    const last = held.pop();
    if (!last) return !isFromStart && lastAt === undefined;
    held.push({ ...last, ...continued(last, parsed, text) });
    return true;
  }

  function hold(line: Omit<RawLine, 'at'>): void {
    held.push(line);
    if (held.length > maxHeld * 2) held = held.slice(-maxHeld);
  }

  return {
    push,
    isPast: () => past >= pastLines,
    end() {
      flush();
      for (const line of held.splice(0).slice(-maxHeld)) keep({ ...line, at: untimedAt });
    },
  };
}

/** A trace makes its line an error: loggers that print one rarely say so. */
function continued(line: Omit<RawLine, 'at'>, parsed: ParsedLine, text: string): { message: string; level: Level } {
  const message =
    line.message.length < maxMessage ? `${line.message}\n${text.trimEnd()}`.slice(0, maxMessage) : line.message;
  const isTrace = parsed.level === 'error' || /^(?:Traceback|Caused by:|goroutine )/.test(text);
  return { message, level: isTrace ? 'error' : line.level };
}
