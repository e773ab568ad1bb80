import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CollectInput } from '../../../src/activities/contract.ts';
import { createDeployRecords } from '../../../src/adapters/deploy-records.ts';
import { createEvidenceStore } from '../../../src/adapters/evidence-store.ts';
import { createGit } from '../../../src/adapters/git/git.ts';
import { createLogFiles } from '../../../src/adapters/log-files/log-files.ts';
import type { Prometheus } from '../../../src/adapters/prometheus/prometheus.ts';
import type { Alert } from '../../../src/domain/incident/alert.ts';
import { createRedact } from '../../../src/domain/redaction.ts';
import type { ServiceSettings } from '../../../src/domain/settings.ts';

export const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`;

export const alert: Alert = {
  id: 'a1',
  sender: 'alertmanager',
  fingerprint: 'f1',
  status: 'firing',
  name: 'TooManyErrors',
  service: 'order',
  severity: 'critical',
  summary: 'errors',
  labels: { alertname: 'TooManyErrors', service: 'order' },
  annotations: {},
  startsAt: at(40),
  receivedAt: at(40),
  expression: 'errors / requests > 0.2',
};

export function inputFor(service: string, kind: string): CollectInput {
  return {
    evidenceId: `${service}/${kind}/1`,
    service,
    window: { from: at(0), to: at(59) },
    incidentFrom: at(30),
    alerts: [alert],
  };
}

export function settingsOf(name: string, more: Partial<ServiceSettings> = {}): ServiceSettings {
  return {
    name,
    owner: 'team',
    language: 'node',
    dependsOn: [],
    logs: [],
    metrics: [],
    objectives: [],
    actions: {},
    mode: 'assist',
    approvers: [],
    ...more,
  };
}

/** Real adapters over a folder of the test's own. */
export async function openCase() {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-observe-'));
  const redact = createRedact({ secrets: ['known-secret-value'] });
  return {
    folder,
    redact,
    store: createEvidenceStore({ folder: path.join(folder, 'evidence') }),
    logFiles: createLogFiles({ redact }),
    git: createGit({ cacheFolder: path.join(folder, 'cache') }),
    deployRecords: createDeployRecords(),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A Prometheus that answers what the test says, and fails for what it does not. */
export function fakePrometheus(answers: Partial<Prometheus>): Prometheus {
  const fail = () => Promise.reject(new Error('/api/v1/query at http://prometheus.test: connection refused'));
  return {
    url: 'http://prometheus.test',
    queryRange: fail,
    query: fail,
    findExpression: fail,
    readCondition: fail,
    ...answers,
  };
}
