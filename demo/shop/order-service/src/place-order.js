import { expectAnswer } from './expect-answer.js';
import { HttpError } from './platform/server.js';
import { UpstreamError } from './platform/upstream.js';

/** Returns `placeOrder({ customerId, sku, quantity }, requestId)`: customer, reservation, charge, in that order. */
export function createPlaceOrder({ customers, inventory, payment, orders, log }) {
  return async function placeOrder(request, requestId) {
    try {
      const customer = await customers.find(request.customerId, requestId);
      const reservation = await reserve(request, requestId);
      const order = { id: orders.nextId(), ...request, ...priceOf(reservation), reservationId: reservation.id };
      await charge(order, customer, requestId);
      log.info('order placed', { requestId, orderId: order.id, sku: order.sku, total: order.total });
      return orders.add(order);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      log.error(`upstream ${error.upstream} gave no answer`, {
        requestId,
        upstream: error.upstream,
        error: error.message,
      });
      throw new HttpError(502, { error: 'upstream_failed', upstream: error.upstream });
    }
  };

  async function reserve({ sku, quantity }, requestId) {
    const answer = await inventory.call('POST', '/reservations', { body: { sku, quantity }, requestId });
    return expectAnswer(inventory, answer, { log, requestId, passOn: [404, 409] });
  }

  async function charge(order, customer, requestId) {
    const body = { orderId: order.id, amount: order.total, currency: order.currency, card: customer.card };
    try {
      const answer = await payment.call('POST', '/charges', { body, requestId });
      expectAnswer(payment, answer, { log, requestId, passOn: [402] });
    } catch (error) {
      await inventory.call('DELETE', `/reservations/${order.reservationId}`, { requestId });
      throw error;
    }
  }
}

/** What a reservation costs, and the line that the invoice prints. */
export function priceOf(reservation) {
  const { quantity, sku, unitPrice, currency } = reservation;
  const line = `${quantity} x ${sku} at ${unitPrice.toFixed(2)} ${currency}`;
  return { line, total: Math.round(unitPrice * quantity * 100) / 100, currency };
}
