import { readFileSync } from 'node:fs';
import { createAcquirer } from './acquirer.js';
import { createCharges } from './charges.js';
import { createLog } from './platform/log.js';
import { createMetrics } from './platform/metrics.js';
import { serve } from './platform/server.js';
import { createUpstream } from './platform/upstream.js';
import { createRoutes } from './routes.js';

const config = JSON.parse(readFileSync(new URL('../config/default.json', import.meta.url), 'utf8'));

/** Starts payment-service; resolves to `{ port, close }` once it answers. */
export async function startService({ port, logFolder, revision = 'unknown', env = {} }) {
  const service = 'payment-service';
  const log = createLog({ service, folder: logFolder, maxBytes: config.logMaxBytes });
  const metrics = createMetrics({ service, revision });
  const url = env.ACQUIRER_URL ?? 'http://127.0.0.1:7070';
  const upstream = createUpstream({ name: 'acquirer', url, timeoutMs: config.acquirerTimeoutMs, metrics });
  const acquirer = createAcquirer({ upstream, log, slowChargeMs: config.slowChargeMs });
  const routes = createRoutes({ acquirer, charges: createCharges(config.rememberedCharges), log });
  const server = await serve({ service, revision, port, log, metrics, routes });
  log.info('listening', { port: server.port, revision });
  return server;
}
