import path from 'node:path';
import { createAskSource } from '../activities/observe/ask-source.ts';
import { createCollectChanges } from '../activities/observe/collect-changes.ts';
import { createCollectDeploys } from '../activities/observe/collect-deploys.ts';
import { createCollectEvents } from '../activities/observe/collect-events.ts';
import { createCollectFlags } from '../activities/observe/collect-flags.ts';
import { createCollectLogs } from '../activities/observe/collect-logs.ts';
import { createCollectMetrics } from '../activities/observe/collect-metrics.ts';
import { createCollectTraces } from '../activities/observe/collect-traces.ts';
import type { ObserveActivities } from '../activities/contract.ts';
import { createLocateFailure } from '../activities/observe/locate-failure.ts';
import { createPackSources } from '../activities/observe/pack-sources.ts';
import { createReadConditions } from '../activities/observe/read-conditions.ts';
import { createCollectSource } from '../activities/observe/collect-source.ts';
import { createDeployRecords } from '../adapters/deploy-records.ts';
import { createEventRecords } from '../adapters/event-records.ts';
import { createFlagRecords } from '../adapters/flag-records.ts';
import { createGit } from '../adapters/git/git.ts';
import type { HttpOptions } from '../adapters/http-ask.ts';
import { createJaeger } from '../adapters/jaeger/jaeger.ts';
import { createLogFiles } from '../adapters/log-files/log-files.ts';
import { createPrometheus } from '../adapters/prometheus/prometheus.ts';
import { cacheFolder, resolveSecret } from '../config.ts';
import type { SecretReference } from '../domain/settings.ts';
import type { WorkerParts } from './parts.ts';

/** Queue `observe`: read-only access to logs, metrics, traces, sources and records of deploys, flags and events. */
export function createObserveActivities({ settings, store, redact }: WorkerParts): ObserveActivities {
  const { services, timings } = settings;
  const timeoutMs = timings.queryTimeoutMs;
  const git = createGit({ cacheFolder: path.join(cacheFolder(), 'git'), timeoutMs });
  const deployRecords = createDeployRecords();
  const toHttp = ({ url, bearer }: { readonly url: string; readonly bearer?: SecretReference }): HttpOptions => ({
    url,
    timeoutMs,
    ...(bearer ? { bearer: () => resolveSecret(bearer) } : {}),
  });
  const prometheus = settings.prometheus && { prometheus: createPrometheus(toHttp(settings.prometheus)) };
  const jaeger = settings.traces && { jaeger: createJaeger(toHttp(settings.traces.jaeger)) };
  const ports = { store, redact, services };
  return {
    collectLogs: createCollectLogs({ ...ports, logFiles: createLogFiles({ redact, timeoutMs }) }),
    collectMetrics: createCollectMetrics({ ...ports, ...prometheus }),
    collectChanges: createCollectChanges({ ...ports, git, deployRecords }),
    collectDeploys: createCollectDeploys({ ...ports, git, deployRecords }),
    collectTraces: createCollectTraces({ ...ports, ...jaeger }),
    collectFlags: createCollectFlags({ ...ports, flagRecords: createFlagRecords() }),
    collectEvents: createCollectEvents({ ...ports, eventRecords: createEventRecords() }),
    packSources: createPackSources({ ...ports, git, deployRecords }),
    collectSource: createCollectSource({ ...ports, git }),
    askSource: createAskSource({ services, git, redact }),
    locateFailure: createLocateFailure({ services, git, redact }),
    readConditions: createReadConditions({ services, redact, ...prometheus }),
  };
}
