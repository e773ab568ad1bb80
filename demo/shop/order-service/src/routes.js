import { HttpError } from './platform/server.js';

export function createRoutes({ placeOrder, orders }) {
  return {
    'POST /orders': async ({ body, requestId }) => {
      const { customerId, sku, quantity = 1 } = body ?? {};
      if (!customerId || !sku) throw new HttpError(400, { error: 'order_incomplete' });
      return { status: 201, body: await placeOrder({ customerId, sku, quantity }, requestId) };
    },
    'GET /orders/:id': async ({ params }) => {
      const order = orders.find(params.id);
      if (!order) throw new HttpError(404, { error: 'no_such_order' });
      return { status: 200, body: order };
    },
  };
}
