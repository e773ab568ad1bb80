import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOrders } from '../src/orders.js';
import { createPlaceOrder, priceOf } from '../src/place-order.js';

const reservation = { id: 'r1', sku: 'mug', quantity: 2, unitPrice: 12.5, currency: 'EUR' };

function shopWhere({ reserved = { status: 201, body: reservation }, charged = { status: 201, body: {} } } = {}) {
  const calls = [];
  const upstream = (name, answers) => ({
    name,
    call: async (method, path, options) => {
      calls.push({ name, method, path, body: options.body });
      return answers[method];
    },
  });
  const customers = { find: async (id) => ({ id, country: 'DE', card: 'card-1' }) };
  const inventory = upstream('inventory-service', { POST: reserved, DELETE: { status: 200, body: {} } });
  const payment = upstream('payment-service', { POST: charged });
  const log = { info: () => {}, error: () => {} };
  return { calls, placeOrder: createPlaceOrder({ customers, inventory, payment, orders: createOrders(10), log }) };
}

test('a reservation is priced', () => {
  assert.deepEqual(priceOf(reservation), { line: '2 x mug at 12.50 EUR', total: 25, currency: 'EUR' });
});

test('an order reserves, charges and is kept', async () => {
  const { calls, placeOrder } = shopWhere();
  const order = await placeOrder({ customerId: 'c1', sku: 'mug', quantity: 2 }, 'q1');
  assert.equal(order.total, 25);
  assert.deepEqual(calls[1].body, { orderId: 'o1', amount: 25, currency: 'EUR', card: 'card-1' });
});

test('sold out is passed on', async () => {
  const { placeOrder } = shopWhere({ reserved: { status: 409, body: { error: 'sold_out' } } });
  await assert.rejects(placeOrder({ customerId: 'c1', sku: 'mug', quantity: 2 }), { status: 409 });
});

test('a charge that fails releases the goods and answers 502', async () => {
  const { calls, placeOrder } = shopWhere({ charged: { status: 500, body: {} } });
  await assert.rejects(placeOrder({ customerId: 'c1', sku: 'mug', quantity: 2 }), { status: 502 });
  assert.deepEqual(calls.at(-1), {
    name: 'inventory-service',
    method: 'DELETE',
    path: '/reservations/r1',
    body: undefined,
  });
});
