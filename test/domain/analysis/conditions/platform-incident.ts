import { expect } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import { findAnswerFault } from '../../../../src/domain/analysis/verify-answer.ts';
import type { Diagnosis } from '../../../../src/domain/diagnosis/diagnosis.ts';
import type { EngineInput } from '../../../../src/domain/diagnosis/engine.ts';
import type { MetricSeries, PlatformEvent } from '../../../../src/domain/evidence/evidence.ts';
import { alertOn, at, incident, incidentFrom, wrap, type ServiceEvidence } from '../incident.ts';

/** A warning of the platform `minutes` after 12:00; the incident begins at 12:30 and is looked at until 13:00. */
export function warning(
  minutes: number,
  object: string,
  reason: string,
  message: string,
  more: Partial<PlatformEvent> = {},
): PlatformEvent {
  return { at: at(minutes), severity: 'warn', object, reason, message, ...more };
}

export const wellAt = (minutes: number, object: string): PlatformEvent =>
  warning(minutes, object, 'Ready', 'Running, no restarts', { severity: 'info' });

/** A series with a point a minute from 12:30 on. */
export function gauge(
  name: string,
  values: readonly number[],
  labels: Readonly<Record<string, string>> = {},
): MetricSeries {
  return { name, expression: name, labels, points: values.map((value, i) => [at(30 + i), value] as const) };
}

/** Load that a statement puts on a database, by wait event. */
export function query(statement: string, waits: Readonly<Record<string, number>>): readonly MetricSeries[] {
  return Object.entries(waits).map(([wait, load]) => ({
    name: 'db load',
    expression: 'db load by statement and wait',
    labels: { query: statement, wait_event: wait },
    points: [[at(59), load] as const],
  }));
}

export const flat = (value: number, n = 30) => Array.from({ length: n }, (_, i) => value + (i % 3) * 0.01 * value);
export const ramp = (from: number, to: number, n = 30) =>
  Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));

/** An incident of one service with what its platform says; `about` is the alert's text. */
export function platformIncident(
  events: readonly PlatformEvent[],
  parts: ServiceEvidence = {},
  about = 'wharf is not well',
  more: Partial<EngineInput> = {},
): EngineInput {
  const base = incident({ wharf: parts }, {}, { alerts: [alertOn('wharf', about)], ...more });
  const sorted = [...events].sort((a, b) => (a.at < b.at ? -1 : 1));
  return {
    ...base,
    evidence: [
      ...base.evidence,
      wrap('wharf', 'events', { kind: 'events', service: 'wharf', incidentFrom, events: sorted }),
    ],
  };
}

/** The diagnosis, after the checker found nothing wrong with it. */
export function argueSoundly(input: EngineInput): Diagnosis {
  const diagnosis = analyse(input);
  expect(findAnswerFault(input, diagnosis) ?? '').toBe('');
  return diagnosis;
}

export const tell = ({ statement, against, ruledOut }: Diagnosis): string =>
  [...statement, ...against].map((claim) => claim.text).join('\n') +
  ruledOut.map((item) => `\n${item.candidate}: ${item.reason}`).join('');
