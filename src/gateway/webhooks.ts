import type { Context } from 'hono';
import type { OpenedIncident } from '../client/intake.ts';
import type { Alert } from '../domain/incident/alert.ts';
import { readAlertmanager } from './alertmanager.ts';
import type { GatewayParts } from './app.ts';
import { createSenderCheck } from './credentials.ts';
import { mapAlerts, type MappedAlerts } from './map-alerts.ts';
import type { GatewayMetrics } from './metrics.ts';
import { readJson } from './read-json.ts';

/** What every failed proof of identity is told; the same text, whatever was wrong. */
export const unauthorized = 'Unauthorized. Show the credentials that resident.yaml names.';

/** How long a sender should wait when Temporal does not answer. */
const retryAfterSeconds = 5;

interface Answer {
  readonly code: 202 | 400 | 401 | 413 | 415 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What one sender's webhook works with. */
interface Desk extends GatewayParts {
  readonly metrics: GatewayMetrics;
  readonly services: ReadonlySet<string>;
  /** The run last logged for a service: one line an incident, or a storm of alerts would be a storm of lines. */
  readonly told: Map<string, string>;
}

/** `POST /webhooks/<sender>` for one sender. @throws when one of its secrets is missing. */
export function createWebhook(sender: string, parts: GatewayParts, metrics: GatewayMetrics) {
  const credentials = parts.settings.gateway.webhooks[sender];
  if (!credentials) throw new Error(`gateway.webhooks names no ${sender}.`);
  const isSender = createSenderCheck(credentials, parts.resolveSecret);
  const desk: Desk = { ...parts, metrics, services: new Set(Object.keys(parts.settings.services)), told: new Map() };

  return async (context: Context): Promise<Response> => {
    const startedAt = performance.now();
    // Identity before the body: nothing of an unknown sender's body is parsed or logged.
    const answer = isSender(context.req.header('authorization'))
      ? await receive(sender, context.req.raw, desk)
      : { code: 401 as const, body: { error: unauthorized } };
    metrics.countWebhook(sender, answer.code, (performance.now() - startedAt) / 1_000);
    if (answer.code === 503) context.header('Retry-After', String(retryAfterSeconds));
    if (answer.code === 401) context.header('WWW-Authenticate', 'Bearer, Basic realm="resident"');
    return context.json(answer.body, answer.code);
  };
}

async function receive(sender: string, request: Request, desk: Desk): Promise<Answer> {
  const { settings, services, logger } = desk;
  const read = await readJson(request, settings.gateway.maxBodyBytes);
  if (!read.ok) return { code: read.refusal.status, body: { error: read.refusal.reason } };
  const notification = readAlertmanager(read.value, new Date().toISOString());
  if (!notification.ok) return { code: 400, body: { error: notification.reason } };
  const mapped = mapAlerts(notification.alerts, settings.gateway.serviceLabels, services);
  if (mapped.byService.size === 0) {
    const error = `None of the alerts names a service of resident.yaml. Known services: ${[...services].join(', ')}.`;
    return { code: 400, body: { error, unmapped: mapped.unmapped } };
  }
  if (mapped.unmapped.length > 0) logger.warn({ sender, unmapped: mapped.unmapped.length }, 'alerts without a service');
  try {
    return { code: 202, body: await deliver(sender, mapped, desk) };
  } catch (error) {
    // Never a 4xx: the sender would drop the alert. What was delivered before the failure is recognised as a repeat.
    logger.error({ sender, error: messageOf(error) }, 'Temporal did not take the alerts; the sender is asked to retry');
    return { code: 503, body: { error: 'Temporal did not take the alerts. Send them again.' } };
  }
}

/** Puts the alerts into history, all services at once. */
async function deliver(
  sender: string,
  { byService, unmapped }: MappedAlerts,
  { incidents, logger, metrics, told }: Desk,
): Promise<Readonly<Record<string, unknown>>> {
  const notOpen: string[] = [];
  const reached = await Promise.all(
    [...byService].map(async ([service, alerts]): Promise<OpenedIncident | undefined> => {
      const isFiring = alerts.some((alert) => alert.status === 'firing');
      const incident = isFiring
        ? await incidents.openOrAttach(service, alerts)
        : await incidents.attach(service, alerts);
      if (!incident) notOpen.push(service);
      else countAlerts(sender, service, alerts, metrics);
      return incident;
    }),
  );
  const opened = reached.filter((incident) => incident !== undefined);
  const unheard = opened.filter(({ service, runId }) => told.get(service) !== runId);
  for (const { service, runId } of unheard) told.set(service, runId);
  if (unheard.length + notOpen.length > 0)
    logger.info({ sender, incidents: unheard.map(({ incidentId }) => incidentId), notOpen }, 'alerts are in history');
  return { incidents: opened, unmapped, ...(notOpen.length > 0 ? { resolvedWithoutIncident: notOpen } : {}) };
}

function countAlerts(sender: string, service: string, alerts: readonly Alert[], metrics: GatewayMetrics): void {
  for (const status of ['firing', 'resolved'] as const) {
    const count = alerts.filter((alert) => alert.status === status).length;
    if (count > 0) metrics.countAlerts(sender, service, status, count);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
