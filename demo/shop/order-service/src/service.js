import { readFileSync } from 'node:fs';
import { createCustomerDirectory } from './customer-directory.js';
import { createOrders } from './orders.js';
import { createPlaceOrder } from './place-order.js';
import { createLog } from './platform/log.js';
import { createMetrics } from './platform/metrics.js';
import { serve } from './platform/server.js';
import { createUpstream } from './platform/upstream.js';
import { createRoutes } from './routes.js';

const config = JSON.parse(readFileSync(new URL('../config/default.json', import.meta.url), 'utf8'));

/** Starts order-service; resolves to `{ port, close }` once it answers. */
export async function startService({ port, clock, logFolder, revision = 'unknown', env = {} }) {
  const service = 'order-service';
  const log = createLog({ service, folder: logFolder, maxBytes: config.logMaxBytes });
  const metrics = createMetrics({ service, revision });
  const upstreamTo = (name, url) => createUpstream({ name, url, timeoutMs: config.upstreamTimeoutMs, metrics });
  const user = upstreamTo('user-service', env.USER_SERVICE_URL ?? 'http://127.0.0.1:7001');
  const inventory = upstreamTo('inventory-service', env.INVENTORY_SERVICE_URL ?? 'http://127.0.0.1:7002');
  const payment = upstreamTo('payment-service', env.PAYMENT_SERVICE_URL ?? 'http://127.0.0.1:7003');
  const customers = createCustomerDirectory({ user, clock, cacheHours: config.sessionCacheHours, log });
  const orders = createOrders(config.rememberedOrders);
  const placeOrder = createPlaceOrder({ customers, inventory, payment, orders, log });
  const server = await serve({ service, revision, port, log, metrics, routes: createRoutes({ placeOrder, orders }) });
  log.info('listening', { port: server.port, revision });
  return server;
}
