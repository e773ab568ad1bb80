import type { Alert } from '../domain/incident/alert.ts';
import type { UnmappedAlert } from './alertmanager.ts';

export interface MappedAlerts {
  readonly byService: ReadonlyMap<string, readonly Alert[]>;
  readonly unmapped: readonly { readonly name: string; readonly fingerprint: string; readonly reason: string }[];
}

/** More alerts of one notification than this tell nothing new about a service, and would fill its history. */
const maxPerService = 100;

/**
 * Gives each alert to the service that its labels name. The first label that names a configured service counts: `job` is
 * often the scraper's name and no service at all.
 */
export function mapAlerts(
  alerts: readonly UnmappedAlert[],
  serviceLabels: readonly string[],
  services: ReadonlySet<string>,
): MappedAlerts {
  const byService = new Map<string, Alert[]>();
  const unmapped: MappedAlerts['unmapped'][number][] = [];
  for (const alert of alerts) {
    const label = serviceLabels.find((name) => services.has(alert.labels[name] ?? ''));
    const service = label === undefined ? undefined : alert.labels[label];
    if (service === undefined) {
      unmapped.push({ name: alert.name, fingerprint: alert.fingerprint, reason: explain(alert, serviceLabels) });
      continue;
    }
    const mapped = byService.get(service) ?? [];
    mapped.push({ ...alert, service });
    byService.set(service, mapped);
  }
  for (const [service, mapped] of byService) byService.set(service, limit(mapped));
  return { byService, unmapped };
}

function explain(alert: UnmappedAlert, serviceLabels: readonly string[]): string {
  const tried = serviceLabels.filter((name) => alert.labels[name] !== undefined);
  if (tried.length === 0) return `it has none of the labels ${serviceLabels.join(', ')}`;
  return `${tried.map((name) => `${name}=${alert.labels[name]?.slice(0, 100)}`).join(', ')} names no configured service`;
}

function limit(alerts: readonly Alert[]): Alert[] {
  const left = Math.max(0, alerts.length - maxPerService);
  return alerts
    .slice(0, maxPerService)
    .map((alert) => (left === 0 ? alert : { ...alert, truncatedAlerts: (alert.truncatedAlerts ?? 0) + left }));
}
