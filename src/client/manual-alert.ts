import { randomUUID } from 'node:crypto';
import type { Alert, Severity } from '../domain/incident/alert.ts';

export interface ManualAlert {
  readonly service: string;
  readonly summary: string;
  readonly severity: Severity;
  readonly by: string;
  /** PromQL of the condition, so that the watch can read it again. */
  readonly expression?: string;
  /** ISO time since when things are wrong; now when absent. */
  readonly since?: string;
}

/** An alert that a person raises by hand; each is a new one. */
export function createManualAlert(input: ManualAlert): Alert {
  const at = new Date().toISOString();
  const id = randomUUID();
  return {
    id,
    sender: 'person',
    fingerprint: id,
    status: 'firing',
    name: 'opened by hand',
    service: input.service,
    severity: input.severity,
    summary: input.summary,
    labels: { service: input.service, opened_by: input.by },
    annotations: { summary: input.summary },
    startsAt: input.since ?? at,
    receivedAt: at,
    ...(input.expression ? { expression: input.expression } : {}),
  };
}
