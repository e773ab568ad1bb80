import path from 'node:path';
import type { z } from 'zod';
import type { Evidence, EvidenceBody, LogLine, MetricSeries } from '../../domain/evidence/evidence.ts';
import { createLogMeasure, type MeasuredLogs } from '../../domain/analysis/logs/measure-logs.ts';
import { createRedact } from '../../domain/redaction.ts';
import { cleanLine } from '../log-files/log-files.ts';
import { createLineJoiner } from '../log-files/join-lines.ts';
import { inferLevel } from '../../domain/analysis/logs/levels.ts';
import { createParseLine } from '../log-files/parse-line.ts';
import { isPlainLogRecord, recordSchemas, toBody, type BodyHead, type HeldKind } from './bodies.ts';
import { checkRecord, parseJson, parseRecord } from './check-record.ts';
import type { Faults } from './faults.ts';
import type { BodyKind } from './layout.ts';
import { readLines, type FileDigest } from './read-lines.ts';
import { createTimeTable, readSeries } from './read-series.ts';
import { createWindowTally } from './window-tally.ts';

/** A file of a bundle, and what its records belong to. */
export interface RecordFile {
  readonly folder: string;
  /** Below the folder, with slashes. */
  readonly file: string;
  readonly kind: BodyKind;
  readonly format: 'ndjson' | 'text';
  readonly head: BodyHead;
  readonly evidence: Pick<Evidence, 'id' | 'window' | 'truncated'>;
}

/** What was read: a body, or for logs what was measured of their lines. */
export interface ReadRecords extends FileDigest {
  readonly records: number;
  readonly body?: EvidenceBody;
  readonly measured?: MeasuredLogs;
  /** What the file holds and was not taken, and why. */
  readonly left?: string;
}

/** Reads one file of records. Faults go to `faults`, each with its line; undefined where the file could not be read at all. */
export async function readRecords(asked: RecordFile, faults: Faults): Promise<ReadRecords | undefined> {
  try {
    if (asked.kind === 'logs') return await readLogs(asked, faults);
    if (asked.kind === 'metrics') return await readMetrics(asked, faults);
    return await readHeld(asked, asked.kind, faults);
  } catch (error) {
    faults.add({ file: asked.file, message: explainReading(error) });
    return undefined;
  }
}

/** What a failed reading means, and what to do. */
export function explainReading(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'is not there; put the file into the bundle, or take its name out of bundle.json';
  if (code?.startsWith('Z_') || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return `is no whole gzip file (${message}); pack it again, or name it without .gz`;
  return `cannot be read: ${message}`;
}

async function readHeld(asked: RecordFile, kind: HeldKind, faults: Faults): Promise<ReadRecords> {
  const records: unknown[] = [];
  const done = await eachLine(asked, (text, line) => {
    const record = parseRecord(recordSchemas[kind], text, (message) => faults.add({ file: asked.file, line, message }));
    if (record !== undefined) records.push(record);
  });
  return { ...done, records: records.length, ...takeFromWindow(toBody(kind, asked.head, records), asked) };
}

/**
 * What was measured at another time says nothing of the incident or of its baseline, as a live investigation does not ask for it.
 * What happened before the window (a commit, a deploy, a flag, an event) may well have led to it, and stays.
 */
function takeFromWindow(
  body: EvidenceBody,
  { evidence: { window }, file }: RecordFile,
): { readonly body: EvidenceBody; readonly left?: string } {
  if (body.kind !== 'traces') return { body };
  const tally = createWindowTally(window, file, 'span');
  const spans = body.spans.filter((span) => tally.takes(Date.parse(span.at)));
  return { body: { ...body, spans }, ...tally.tell() };
}

/** Series, of which points outside of the window are left out for the same reason. */
async function readMetrics(asked: RecordFile, faults: Faults): Promise<ReadRecords> {
  const { evidence, file, head } = asked;
  const table = createTimeTable();
  const tally = createWindowTally(evidence.window, file, 'point');
  const series: MetricSeries[] = [];
  const done = await eachLine(asked, (text, line) => {
    const fault = (message: string) => faults.add({ file, line, message });
    const value = parseJson(text, fault);
    const read = value === undefined ? undefined : readSeries(value, table, tally, fault);
    if (read) series.push(read);
  });
  return { ...done, records: series.length, body: { kind: 'metrics', ...head, series }, ...tally.tell() };
}

async function readLogs(asked: RecordFile, faults: Faults): Promise<ReadRecords> {
  const { evidence, head } = asked;
  const measure = createLogMeasure({ evidence, ...head });
  const tally = createWindowTally(evidence.window, asked.file, 'log line');
  const keep = (line: LogLine) => {
    if (tally.takes(Date.parse(line.at))) measure.add(line);
  };
  const done =
    asked.format === 'text' ? await readTextLogs(asked, keep, faults) : await readLogRecords(asked, keep, faults);
  const measured = measure.finish();
  return { ...done, records: measured.lines, measured, ...tally.tell() };
}

async function readLogRecords(asked: RecordFile, keep: (line: LogLine) => void, faults: Faults): Promise<FileDigest> {
  let line = 0;
  // One function for all lines: making one for each of a million costs more than reading them.
  const fault = (message: string) => faults.add({ file: asked.file, line, message });
  return eachLine(asked, (text, number) => {
    line = number;
    const value = parseJson(text, fault);
    if (value === undefined) return;
    const record = isPlainLogRecord(value) ? value : checkRecord(recordSchemas.logs, value, fault);
    if (record) keep(toLogLine(record));
  });
}

function toLogLine(record: z.output<typeof recordSchemas.logs>): LogLine {
  return record.level === undefined
    ? { ...record, level: inferLevel(record.message) }
    : { ...record, level: record.level };
}

/** Text as a program wrote it: time and level are found as in the log files of a service, and known forms of secrets are taken out. */
async function readTextLogs(asked: RecordFile, keep: (line: LogLine) => void, faults: Faults): Promise<FileDigest> {
  const redact = createRedact();
  const toMs = Date.parse(asked.evidence.window.to);
  let untimed = 0;
  const joiner = createLineJoiner({
    parse: createParseLine({ format: 'auto', nearMs: toMs, isInOrder: true }),
    keep: (line) => {
      if (Number.isNaN(line.at)) untimed += 1;
      else keep(cleanLine(line, redact));
    },
    isFromStart: true,
    untimedAt: NaN,
    stopAfterMs: Infinity,
  });
  const done = await eachLine(asked, (text) => joiner.push(text));
  joiner.end();
  if (untimed > 0) {
    faults.add({
      file: asked.file,
      message: `tells no time that could be read in any of its ${untimed} lines; write a time at the head of each line, or NDJSON with "at"`,
    });
  }
  return done;
}

async function eachLine(asked: RecordFile, take: (text: string, line: number) => void): Promise<FileDigest> {
  const lines = readLines(path.join(asked.folder, asked.file));
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return value;
    for (const { text, number } of value) take(text, number);
  }
}
