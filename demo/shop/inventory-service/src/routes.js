import { HttpError } from './platform/server.js';

export function createRoutes({ shelves, config, log }) {
  return {
    'GET /items/:sku': async ({ params }) => {
      const item = shelves.find(params.sku);
      if (!item) throw new HttpError(404, { error: 'no_such_item' });
      return { status: 200, body: item };
    },
    'POST /reservations': async ({ body, requestId }) => {
      const { reservation, refused, left } = shelves.reserve(body?.sku, body?.quantity);
      if (refused === 'no_such_item') throw new HttpError(404, { error: refused });
      if (refused) {
        log.warn('reservation refused: sold out', { requestId, sku: body.sku, quantity: body.quantity });
        throw new HttpError(409, { error: refused });
      }
      if (left < config.lowStock) log.warn('stock is low', { requestId, sku: body.sku, left });
      return { status: 201, body: reservation };
    },
    'DELETE /reservations/:id': async ({ params, requestId }) => {
      const isReleased = shelves.release(params.id);
      if (!isReleased) throw new HttpError(404, { error: 'no_such_reservation' });
      log.info('reservation released', { requestId, reservationId: params.id });
      return { status: 200, body: { released: params.id } };
    },
  };
}
