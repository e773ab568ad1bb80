import http from 'node:http';

/**
 * The outside payment provider: not one of the shop's services, without logs or metrics that the shop could read.
 * It wants `{ reference, amount: "39.90", currency, card }` and declines the cards whose number ends in 13.
 */
const server = http.createServer(async (request, response) => {
  let text = '';
  for await (const chunk of request) text += chunk;
  const { status, body } = answer(`${request.method} ${request.url}`, text);
  setTimeout(() => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)), 5);
});

let payments = 0;

function answer(route, text) {
  if (route === 'GET /healthz') return { status: 200, body: { status: 'ok', service: 'acquirer', pid: process.pid } };
  if (route !== 'POST /v1/payments') return { status: 404, body: { errors: [] } };
  const payment = parse(text);
  const errors = [
    ...(typeof payment.reference === 'string' ? [] : ['reference: is missing']),
    ...(/^\d+\.\d\d$/.test(payment.amount) ? [] : ['amount: must be a decimal string with two places']),
    ...(/^[A-Z]{3}$/.test(payment.currency) ? [] : ['currency: must be an ISO 4217 code']),
  ];
  if (errors.length > 0) return { status: 422, body: { errors } };
  if (String(payment.card).endsWith('13')) return { status: 402, body: { state: 'declined' } };
  payments += 1;
  return { status: 201, body: { id: `pay-${payments}`, state: 'captured' } };
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
process.once('SIGINT', () => process.exit(0));
