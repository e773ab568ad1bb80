import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createCustomers } from './customers.js';
import { createLog } from './platform/log.js';
import { createMetrics } from './platform/metrics.js';
import { serve } from './platform/server.js';
import { createRoutes } from './routes.js';
import { createSessions } from './sessions.js';

const config = JSON.parse(readFileSync(new URL('../config/default.json', import.meta.url), 'utf8'));

/** Starts user-service; resolves to `{ port, close }` once it answers. */
export async function startService({ port, clock, logFolder, revision = 'unknown', env = {} }) {
  const service = 'user-service';
  const log = createLog({ service, folder: logFolder, maxBytes: config.logMaxBytes });
  const metrics = createMetrics({ service, revision });
  const sessions = createSessions({ key: env.SESSION_KEY ?? randomBytes(32).toString('hex'), clock });
  const routes = createRoutes({ customers: createCustomers(config.customers), sessions, log });
  const server = await serve({ service, revision, port, log, metrics, routes });
  log.info('listening', { port: server.port, revision });
  return server;
}
