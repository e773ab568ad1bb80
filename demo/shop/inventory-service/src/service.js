import { readFileSync } from 'node:fs';
import { createLog } from './platform/log.js';
import { createMetrics } from './platform/metrics.js';
import { serve } from './platform/server.js';
import { createRoutes } from './routes.js';
import { createShelves } from './shelves.js';

const config = JSON.parse(readFileSync(new URL('../config/default.json', import.meta.url), 'utf8'));

/** Starts inventory-service; resolves to `{ port, close }` once it answers. */
export async function startService({ port, clock, logFolder, revision = 'unknown' }) {
  const service = 'inventory-service';
  const log = createLog({ service, folder: logFolder, maxBytes: config.logMaxBytes });
  const metrics = createMetrics({ service, revision });
  const shelves = createShelves({ ...config, clock });
  const server = await serve({ service, revision, port, log, metrics, routes: createRoutes({ shelves, config, log }) });
  log.info('listening', { port: server.port, revision });
  return server;
}
