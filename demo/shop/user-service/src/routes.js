import { HttpError } from './platform/server.js';

export function createRoutes({ customers, sessions, log }) {
  function requireSession(headers, requestId) {
    const token = (headers.authorization ?? '').replace(/^Bearer /, '');
    const { client, rejected } = sessions.check(token);
    if (!rejected) return client;
    log.warn(`session rejected: ${rejected}`, { requestId, client });
    throw new HttpError(401, { error: 'session_rejected', reason: rejected });
  }

  return {
    'POST /sessions': async ({ body, requestId }) => {
      if (!body?.client) throw new HttpError(400, { error: 'client_missing' });
      log.info('session issued', { requestId, client: body.client });
      return { status: 201, body: { token: sessions.issue(body.client) } };
    },
    'GET /customers/:id': async ({ params, headers, requestId }) => {
      requireSession(headers, requestId);
      const customer = customers.find(params.id);
      if (customer) return { status: 200, body: customer };
      log.warn('no such customer', { requestId, customerId: params.id });
      throw new HttpError(404, { error: 'no_such_customer' });
    },
    'GET /customers': async () => ({ status: 200, body: { count: customers.count() } }),
  };
}
