import { Hono } from 'hono';
import { packageVersion } from '../config.ts';
import type { IncidentClient } from '../client/incident-client.ts';
import type { ResidentSettings, SecretReference } from '../domain/settings.ts';
import type { Logger } from '../logger.ts';
import { addIncidentRoutes } from './incidents.ts';
import { createMetrics } from './metrics.ts';
import { createWebhook, messageOf } from './webhooks.ts';

/** What the gateway works with; handed in, so that tests hand it fakes. */
export interface GatewayParts {
  readonly incidents: IncidentClient;
  readonly settings: ResidentSettings;
  readonly resolveSecret: (reference: SecretReference) => string;
  readonly logger: Logger;
}

/** The HTTP face of Resident. @throws when a secret that it needs is missing or empty. */
export function createApp(parts: GatewayParts): Hono {
  const app = new Hono();
  const metrics = createMetrics();
  for (const sender of Object.keys(parts.settings.gateway.webhooks)) {
    app.post(`/webhooks/${sender}`, createWebhook(sender, parts, metrics));
  }
  app.post('/webhooks/:sender', (context) =>
    context.json({ error: 'No such sender is configured. Name it under gateway.webhooks in resident.yaml.' }, 404),
  );
  app.all('/webhooks/:sender', (context) => {
    context.header('Allow', 'POST');
    return context.json({ error: 'Alerts are sent here with POST.' }, 405);
  });
  addIncidentRoutes(app, parts, metrics);
  app.get('/healthz', (context) =>
    context.json({
      status: 'alive',
      name: 'resident',
      version: packageVersion,
      checks: 'that this process answers, and nothing else; /readyz asks Temporal',
    }),
  );
  app.get('/readyz', async (context) => {
    try {
      await parts.incidents.ping();
      return context.json({ status: 'ready' });
    } catch (error) {
      return context.json({ status: 'not ready', reason: `Temporal does not answer: ${messageOf(error)}` }, 503);
    }
  });
  app.get('/metrics', (context) =>
    context.body(metrics.render(), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.notFound((context) => context.json({ error: 'Nothing is here. docs/http.md lists what is.' }, 404));
  app.onError((error, context) => {
    parts.logger.error({ error: messageOf(error), path: context.req.path }, 'request failed');
    context.header('Retry-After', '5');
    return context.json({ error: 'Temporal did not answer as expected; the gateway has logged why.' }, 503);
  });
  return app;
}
