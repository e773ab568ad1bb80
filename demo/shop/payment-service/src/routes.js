import { HttpError } from './platform/server.js';

export function createRoutes({ acquirer, charges, log }) {
  return {
    'POST /charges': async ({ body, requestId }) => {
      const { orderId, amount, currency, card } = body ?? {};
      if (!orderId || !(amount > 0) || !currency) throw new HttpError(400, { error: 'charge_incomplete' });
      const { state, acquirerId } = await acquirer.charge({ orderId, amount, currency, card }, requestId);
      if (state === 'declined') {
        log.warn('card declined', { requestId, orderId });
        throw new HttpError(402, { error: 'card_declined' });
      }
      if (state === 'failed') throw new HttpError(502, { error: 'acquirer_failed' });
      return { status: 201, body: charges.add({ orderId, amount, currency, acquirerId }) };
    },
    'GET /charges/:id': async ({ params }) => {
      const charge = charges.find(params.id);
      if (!charge) throw new HttpError(404, { error: 'no_such_charge' });
      return { status: 200, body: charge };
    },
  };
}
