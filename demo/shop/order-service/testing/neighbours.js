import { existsSync } from 'node:fs';
import http from 'node:http';

const beside = new URL('../../', import.meta.url);
const NEIGHBOURS = ['user-service', 'inventory-service', 'payment-service'];

/** The neighbours whose repositories do not lie beside this one. */
export function listMissingNeighbours() {
  return NEIGHBOURS.filter((name) => !existsSync(entryOf(name)));
}

/**
 * Starts this service, its neighbours and a stand-in for the acquirer in this process, on loopback, all with one clock
 * that only the test moves. Returns the address of order-service and `close`.
 */
export async function startShop({ clock, startOrderService }) {
  const acquirer = await startAcquirerStub();
  const [user, inventory, payment] = await Promise.all(
    NEIGHBOURS.map(async (name) => {
      const { startService } = await import(entryOf(name));
      return startService({ port: 0, clock, env: { ACQUIRER_URL: addressOf(acquirer) } });
    }),
  );
  const env = {
    USER_SERVICE_URL: addressOf(user),
    INVENTORY_SERVICE_URL: addressOf(inventory),
    PAYMENT_SERVICE_URL: addressOf(payment),
  };
  const order = await startOrderService({ port: 0, clock, env });
  const close = () => Promise.all([order, user, inventory, payment, acquirer].map((service) => service.close()));
  return { url: addressOf(order), close };
}

function entryOf(name) {
  return new URL(`${name}/src/service.js`, beside);
}

function addressOf({ port }) {
  return `http://127.0.0.1:${port}`;
}

/** Accepts what the acquirer's published v1 accepts: `POST /v1/payments` with a decimal string as amount. */
async function startAcquirerStub() {
  const server = http.createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { amount } = JSON.parse(text);
    const isValid = typeof amount === 'string' && /^\d+\.\d\d$/.test(amount);
    const body = isValid ? { id: 'pay-1', state: 'captured' } : { errors: ['amount: must be a decimal string'] };
    response.writeHead(isValid ? 201 : 422, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { port: server.address().port, close };
}
