import { ApplicationFailure } from '@temporalio/common';
import type { FindPreviousRun } from '../../adapters/incident-runs.ts';
import type { ActionType } from '../../domain/plan/plan.ts';
import {
  listReachable,
  type FurtherSource,
  type IncidentSettings,
  type ResidentSettings,
  type ServiceSettings,
  type ServiceView,
} from '../../domain/settings.ts';
import type { ResidentActivities } from '../contract.ts';

export interface OpenCaseParts {
  /** Read anew for each incident, so that an edit of resident.yaml counts from the next incident on. */
  readonly readSettings: () => ResidentSettings | Promise<ResidentSettings>;
  readonly findPreviousRun: FindPreviousRun;
}

/**
 * Takes the snapshot of the configuration that an incident lives with to its end.
 * @throws ApplicationFailure `Resident.UnknownService`, not retryable, when nobody configured the service.
 */
export function createOpenCase({ readSettings, findPreviousRun }: OpenCaseParts): ResidentActivities['openCase'] {
  return async ({ service, runId }) => {
    const settings = await readSettings();
    const snapshot = takeSnapshot(settings, service);
    const previousRunId = await findPreviousRun(service, runId);
    return { settings: snapshot, ...(previousRunId === undefined ? {} : { previousRunId }) };
  };
}

function takeSnapshot(settings: ResidentSettings, service: string): IncidentSettings {
  const own = Object.hasOwn(settings.services, service) ? settings.services[service] : undefined;
  if (!own) {
    const known = Object.keys(settings.services).sort().join(', ') || 'none';
    throw ApplicationFailure.create({
      message: `The service "${service}" is not in ${settings.file}. Add it under \`services\`, or correct the alert's label (gateway.serviceLabels: ${settings.gateway.serviceLabels.join(', ')}). Configured: ${known}.`,
      type: 'Resident.UnknownService',
      nonRetryable: true,
    });
  }
  const reachable = listReachable(settings.services, service).flatMap((name) => settings.services[name] ?? []);
  return {
    service: viewService(own, settings),
    services: Object.fromEntries(reachable.map((item) => [item.name, viewService(item, settings)])),
    timings: settings.timings,
    budgets: settings.budgets,
    canNotify: settings.notifyUrls.length > 0,
    engine: settings.engine.kind === 'claude' ? `claude/${settings.engine.model}` : 'analyst',
    configDigest: settings.digest,
  };
}

function viewService(service: ServiceSettings, { traces }: Pick<ResidentSettings, 'traces'>): ServiceView {
  const hasSource = service.source !== undefined;
  const collects: readonly FurtherSource[] = [
    ...(traces ? (['traces'] as const) : []),
    ...(service.flagsFile === undefined ? [] : (['flags'] as const)),
    ...(service.eventsFile === undefined ? [] : (['events'] as const)),
  ];
  const way = service.sandbox?.reproduce ?? service.sandbox?.test ?? service.sandbox?.run;
  return {
    service: service.name,
    owner: service.owner,
    dependsOn: service.dependsOn,
    mode: service.mode,
    approvers: service.approvers,
    hasSource,
    canReproduce: hasSource && way !== undefined,
    actions: (Object.keys(service.actions) as ActionType[]).filter((type) => service.actions[type] !== undefined),
    ...(collects.length > 0 ? { collects } : {}),
  };
}
