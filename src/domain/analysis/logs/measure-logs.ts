import type { Evidence, LogLine, LogsBody } from '../../evidence/evidence.ts';
import { createFailedRequestCollector, type FailedRequest } from './failed-requests.ts';
import { createTracedLineCollector, type TracedLines } from '../spans/log-statements.ts';
import { createPatternCollector, type LogSource, type PatternReport } from './patterns.ts';

/**
 * All that the analyst keeps of a logs body. Lines are measured while they are read and never held together, so that their number
 * does not matter; whatever wants to know something of every line adds its collector in {@link createLogMeasure}.
 */
export interface MeasuredLogs extends PatternReport {
  readonly lines: number;
  /** Time of every line in milliseconds, oldest first: how much the service had to do. Eight bytes a line. */
  readonly timesMs: readonly number[];
  /** Lines that belong to traces, sampled by trace where there are very many. */
  readonly traced: TracedLines;
  /** Requests that the service logged as failed, sampled likewise. */
  readonly failed: readonly FailedRequest[];
}

/** Takes lines one at a time, oldest first. */
export interface LogMeasure {
  add(line: LogLine): void;
  /** Ends the measuring. */
  finish(): MeasuredLogs;
}

/** Measures one logs body line by line: the one way from log lines to facts, whether they come from memory or from a file. */
export function createLogMeasure(source: LogSource): LogMeasure {
  const patterns = createPatternCollector(source);
  const traced = createTracedLineCollector();
  const failed = createFailedRequestCollector();
  const timesMs: number[] = [];
  return {
    add(line) {
      timesMs.push(Date.parse(line.at));
      patterns.add(line);
      traced.add(line);
      failed.add(line);
    },
    finish: () => ({
      lines: timesMs.length,
      ...patterns.finish(),
      timesMs: timesMs.sort((a, b) => a - b),
      traced: traced.finish(),
      failed: failed.finish(),
    }),
  };
}

/** Measures a body that is held in memory. */
export function measureLogs(evidence: Evidence, body: LogsBody): MeasuredLogs {
  const measure = createLogMeasure({ evidence, service: body.service, incidentFrom: body.incidentFrom });
  for (const line of body.lines) measure.add(line);
  return measure.finish();
}
