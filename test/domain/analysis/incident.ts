import type { Alert } from '../../../src/domain/incident/alert.ts';
import type { EngineInput, EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type {
  Change,
  Deploy,
  EvidenceBody,
  EvidenceKind,
  LogLine,
  MetricSeries,
} from '../../../src/domain/evidence/evidence.ts';

/** Incidents for tests: an hour of baseline, the alert at 13:00, its lookback from 12:30. */
export const window = { from: '2026-03-01T11:30:00.000Z', to: '2026-03-01T13:00:00.000Z' };
export const incidentFrom = '2026-03-01T12:30:00.000Z';

/** ISO time `minutes` after 12:00. */
export function at(minutes: number, seconds = 0): string {
  return new Date(Date.parse('2026-03-01T12:00:00Z') + minutes * 60_000 + seconds * 1000).toISOString();
}

/** A line every `stepSeconds` from one minute to another. */
export function repeat(
  fromMinute: number,
  toMinute: number,
  stepSeconds: number,
  make: (n: number) => Omit<LogLine, 'at'>,
): LogLine[] {
  const lines: LogLine[] = [];
  for (let s = fromMinute * 60, n = 0; s < toMinute * 60; s += stepSeconds, n++)
    lines.push({ at: at(0, s), ...make(n) });
  return lines;
}

/** What a healthy service writes. */
export function chatter(fromMinute = -30, toMinute = 60): LogLine[] {
  return repeat(fromMinute, toMinute, 20, (n) => ({
    level: 'info',
    message: 'request handled',
    fields: { status: 200, durationMs: 10 + (n % 7), requestId: `r${n}` },
  }));
}

export function sha(seed: string): string {
  return [...`${seed}${'0123456789'.repeat(4)}`]
    .map((letter) => (letter.charCodeAt(0) % 16).toString(16))
    .join('')
    .slice(0, 40);
}

export function commit(service: string, minutes: number, subject: string, path: string, diff: string): Change {
  const id = sha(`${service}${subject}`);
  return {
    service,
    id,
    author: 'somebody',
    at: at(minutes),
    subject,
    body: '',
    files: [{ path, diff }],
    parent: sha(`before ${service}${subject}`),
  };
}

export function deploy(change: Change, minutes: number): Deploy {
  return {
    id: `deploy-${change.id}`,
    service: change.service,
    revision: change.id,
    previous: change.parent ?? '',
    at: at(minutes),
    status: 'succeeded',
  };
}

export interface ServiceEvidence {
  readonly lines?: readonly LogLine[];
  readonly series?: readonly MetricSeries[];
  readonly changes?: readonly Change[];
  readonly deploys?: readonly Deploy[];
}

export function wrap(service: string, kind: EvidenceKind, body: EvidenceBody): EvidenceWithBody {
  return {
    evidence: {
      id: `${service}/${kind}/1`,
      service,
      kind,
      source: kind,
      query: kind,
      window,
      outcome: 'found',
      summary: kind,
      digest: 'f'.repeat(64),
    },
    body,
  };
}

export function alertOn(service: string, summary = `${service} answers with errors`): Alert {
  return {
    id: `alert-${service}`,
    sender: 'test',
    fingerprint: service,
    status: 'firing',
    name: 'TooManyErrors',
    service,
    severity: 'critical',
    summary,
    labels: {},
    annotations: {},
    startsAt: at(58),
    receivedAt: at(58),
  };
}

/** Builds an engine's input; the first service is the alerting one. */
export function incident(
  services: Readonly<Record<string, ServiceEvidence>>,
  dependencies: Readonly<Record<string, readonly string[]>>,
  more: Partial<EngineInput> = {},
): EngineInput {
  const evidence = Object.entries(services).flatMap(([service, parts]): EvidenceWithBody[] => [
    ...(parts.lines
      ? [
          wrap(service, 'logs', {
            kind: 'logs',
            service,
            incidentFrom,
            lines: [...parts.lines].sort((a, b) => (a.at < b.at ? -1 : 1)),
          }),
        ]
      : []),
    ...(parts.series
      ? [wrap(service, 'metrics', { kind: 'metrics', service, incidentFrom, series: parts.series })]
      : []),
    ...(parts.changes ? [wrap(service, 'changes', { kind: 'changes', service, changes: parts.changes })] : []),
    ...(parts.deploys ? [wrap(service, 'deploys', { kind: 'deploys', service, deploys: parts.deploys })] : []),
  ]);
  const service = Object.keys(services)[0] ?? '';
  return {
    alerts: [alertOn(service)],
    service,
    dependencies,
    evidence,
    findings: [],
    lessons: [],
    guidance: [],
    rejected: [],
    ...more,
  };
}
