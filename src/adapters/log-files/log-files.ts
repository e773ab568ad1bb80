import type { LogLine, TimeWindow } from '../../domain/evidence/evidence.ts';
import { redactField, type Redact } from '../../domain/redaction.ts';
import { sanitizeText } from '../../domain/text.ts';
import type { LogSource } from '../../domain/settings.ts';
import { OutsideError } from '../outside-error.ts';
import { findLogFiles, type FoundFiles, type LogFile } from './find-files.ts';
import { readLogFile } from './read-file.ts';
import { isSpent, type Budget } from './read-ranges.ts';
import { createSample, type RawLine, type Sample, type SampleLimits } from './sample.ts';

export interface LogFilesOptions {
  readonly redact: Redact;
  readonly limits?: SampleLimits;
  /** So much is read for one question, and no longer; what was not read is told. */
  readonly maxReadBytes?: number;
  readonly timeoutMs?: number;
}

export interface LogQuestion {
  readonly sources: readonly LogSource[];
  readonly window: TimeWindow;
  readonly incidentFrom: string;
  /** Names of other services that write into the same file; their lines are passed over. */
  readonly others?: (file: string) => readonly string[];
}

export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** Files that match, whether or not they had lines in the window. */
  readonly files: readonly string[];
  /** Counted over all lines in the window, kept or not; errors and warnings since the incident began. */
  readonly seen: {
    readonly lines: number;
    readonly errors: number;
    readonly warnings: number;
    readonly baselineErrors: number;
  };
  readonly firstErrorAt?: string;
  /** What was left out or could not be read, and why. */
  readonly notes: readonly string[];
}

export interface LogFiles {
  find(sources: readonly LogSource[]): Promise<FoundFiles>;
  /** Throws `Logs.Unreachable` when nothing that matches can be read; no file at all is an answer with no files. */
  read(question: LogQuestion): Promise<LogAnswer>;
}

/** Log files of any rotation, JSON lines and plain text; only what falls in the window is read, and secrets are taken out. */
export function createLogFiles({
  redact,
  limits = { lines: 20_000, bytes: 4_000_000 },
  maxReadBytes = 256_000_000,
  timeoutMs = 20_000,
}: LogFilesOptions): LogFiles {
  const find = (sources: readonly LogSource[]) => findLogFiles(sources.map((source) => source.files));
  return {
    find,
    async read(question) {
      const budget: Budget = { bytesLeft: maxReadBytes, deadlineMs: Date.now() + timeoutMs };
      const run = createRun(question, createSample(limits), budget);
      const paths: string[] = [];
      const unreadable: string[] = [];
      for (const source of question.sources) {
        const first = await findLogFiles([source.files]);
        await run.read(first.files, source);
        // A rename while we read moves lines under a name that was not listed: look once more for files not yet read.
        const again = await findLogFiles([source.files]);
        await run.read(again.files, source);
        paths.push(...first.files.map((file) => file.path));
        unreadable.push(
          ...first.unreadable.map((file) => `${file} is packed in a way that is not read: unpack it or use gzip`),
        );
      }
      return run.finish(paths, unreadable, redact);
    },
  };
}

/** Counts the lines of the window and hands them to the sample. */
function createTally({ window, incidentFrom }: LogQuestion, sample: Sample) {
  const fromMs = Date.parse(window.from);
  const toMs = Date.parse(window.to);
  const incidentMs = Date.parse(incidentFrom);
  const seen = { lines: 0, errors: 0, warnings: 0, baselineErrors: 0 };
  let firstErrorMs = Infinity;
  return {
    seen: () => seen,
    firstErrorAt: () => (Number.isFinite(firstErrorMs) ? { firstErrorAt: new Date(firstErrorMs).toISOString() } : {}),
    keep(line: RawLine, others: readonly string[]): void {
      if (line.at < fromMs || line.at >= toMs || isOfAnother(line, others)) return;
      seen.lines += 1;
      if (line.level === 'error' && line.at < incidentMs) seen.baselineErrors += 1;
      if (line.level === 'error' && line.at >= incidentMs) {
        seen.errors += 1;
        firstErrorMs = Math.min(firstErrorMs, line.at);
      }
      if (line.level === 'warn' && line.at >= incidentMs) seen.warnings += 1;
      sample.add(line);
    },
  };
}

function createRun(question: LogQuestion, sample: Sample, budget: Budget) {
  const tally = createTally(question, sample);
  const bounds = {
    fromMs: Date.parse(question.window.from),
    toMs: Date.parse(question.window.to),
    incidentMs: Date.parse(question.incidentFrom),
  };
  const taken = new Set<string>();
  const notes: string[] = [];
  let readable = 0;

  async function read(files: readonly LogFile[], source: LogSource): Promise<void> {
    const later: [LogFile, () => Promise<void>][] = [];
    for (const file of files.filter(({ identity }) => !taken.has(identity))) {
      taken.add(file.identity);
      const others = question.others?.(file.path) ?? [];
      const keep = (line: RawLine) => tally.keep(line, others);
      await attempt(file, async () => {
        const task = await readLogFile(file, { source, budget, keep, ...bounds });
        if (task) later.push([file, task]);
      });
    }
    for (const [file, task] of later) await attempt(file, task);
  }

  async function attempt(file: LogFile, task: () => Promise<void>): Promise<void> {
    if (isSpent(budget)) {
      notes.push(`${file.path} was not read, or not whole: the limit of time or bytes was reached`);
      return;
    }
    try {
      await task();
      readable += 1;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // Rotated away between listing and opening; the second look finds it under its new name.
      if (code === 'ENOENT') taken.delete(file.identity);
      else notes.push(`${file.path} could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  function finish(files: readonly string[], unreadable: readonly string[], redact: Redact): LogAnswer {
    if (files.length > 0 && readable === 0 && !isSpent(budget)) {
      throw new OutsideError(
        `None of ${files.length} log files could be read: ${notes[0] ?? 'no reason given'}. Check the permissions of the observe worker.`,
        { system: 'Logs', kind: 'Unreachable', retryable: false },
      );
    }
    if (isSpent(budget)) notes.push('reading stopped at its limit of time or bytes: older lines are missing');
    const { lines, leftOut } = sample.finish();
    return {
      lines: lines.map((line) => cleanLine(line, redact)),
      files: [...new Set(files)],
      seen: tally.seen(),
      notes: [...new Set([leftOut, ...notes, ...unreadable])].filter(Boolean),
      ...tally.firstErrorAt(),
    };
  }

  return { read, finish };
}

function isOfAnother(line: RawLine, others: readonly string[]): boolean {
  const name = line.fields['service'];
  return typeof name === 'string' && others.some((other) => name === other || name.endsWith(`-${other}`));
}

/** Cleaned first, then redacted: an invisible character must not split a secret. */
export function cleanLine(line: RawLine, redact: Redact): LogLine {
  const fields = Object.fromEntries(
    Object.entries(line.fields).map(([key, value]) => {
      const name = redact(sanitizeText(key, 100));
      return [name, typeof value === 'string' ? redactField(name, sanitizeText(value), redact) : value];
    }),
  );
  return {
    at: new Date(line.at).toISOString(),
    level: line.level,
    message: redact(sanitizeText(line.message)),
    fields,
  };
}
