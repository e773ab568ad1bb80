import { pino } from 'pino';
import { createResolveSecret } from '../../src/config/secrets.ts';
import { normalise } from '../../src/config/normalise.ts';
import { residentFileSchema } from '../../src/config/schema.ts';
import { createApp } from '../../src/gateway/app.ts';
import { createFakeIncidentClient, type FakeIncidentClient } from '../fakes/incident-client.ts';

const secrets = { OLD: 'old-token', NEW: 'new-token', PASSWORD: 'p4ssword', ANA: 'ana-token', BEN: 'ben-token' };

const settings = normalise(
  residentFileSchema.parse({
    version: 1,
    gateway: {
      maxBodyKilobytes: 16,
      webhooks: {
        alertmanager: {
          bearer: [{ env: 'OLD' }, { env: 'NEW' }],
          basic: { username: 'am', password: { env: 'PASSWORD' } },
        },
      },
    },
    people: [{ name: 'ana', token: { env: 'ANA' } }, { name: 'ben', token: { env: 'BEN' } }, { name: 'cy' }],
    services: { orders: {}, payments: {} },
  }),
  '/nowhere/resident.yaml',
  'digest',
  {},
);

/** A gateway in front of a fake client. */
export function createGateway(incidents: FakeIncidentClient = createFakeIncidentClient()) {
  const app = createApp({
    incidents,
    settings,
    resolveSecret: createResolveSecret(secrets),
    logger: pino({ level: 'silent' }),
  });
  return { app, incidents, settings };
}

export interface SentAlert {
  readonly status?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly generatorURL?: string;
  readonly fingerprint?: string;
}

/** A body as Alertmanager 0.25 sends it: zero time as the end of what fires, nanoseconds, quotes in the group's key. */
export function createNotification(alerts: readonly SentAlert[], truncatedAlerts = 0) {
  const filled = alerts.map((alert, index) => ({
    status: 'firing',
    labels: { alertname: 'HighErrorRatio', service: 'orders', severity: 'critical' },
    annotations: { summary: 'Errors above 5 %', description: 'line 1\nline 2 é中' },
    startsAt: '2026-11-21T09:49:43.636127629Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus.example/graph?g0.expr=rate%28errors%5B1m%5D%29+%3E+0.05&g0.tab=1',
    fingerprint: `82d4fc82b9a1f2b${index}`,
    ...alert,
  }));
  return {
    receiver: 'resident',
    status: filled.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    alerts: filled,
    groupLabels: { alertname: 'HighErrorRatio' },
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
    version: '4',
    groupKey: '{}:{alertname="HighErrorRatio", cluster="dev"}',
    truncatedAlerts,
  };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}`, 'content-type': 'application/json' });

export function post(body: unknown, headers: Record<string, string> = bearer('old-token')): RequestInit {
  return { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
}
