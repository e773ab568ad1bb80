import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAcquirer, toPayment } from '../src/acquirer.js';

const order = { orderId: 'o1', amount: 39.9, currency: 'EUR', card: 'card-1' };

function acquirerThatAnswers(answer) {
  const logged = [];
  const log = { warn: (msg) => logged.push(msg), error: (msg) => logged.push(msg) };
  const upstream = { call: async () => answer() };
  return { logged, ...createAcquirer({ upstream, log, slowChargeMs: 1000 }) };
}

test('an order becomes a payment of the acquirer', () => {
  assert.deepEqual(toPayment(order), { reference: 'o1', amount: '39.90', currency: 'EUR', card: 'card-1' });
});

test('captured and declined are told apart', async () => {
  const captured = acquirerThatAnswers(() => ({ status: 201, body: { id: 'pay-1' } }));
  assert.deepEqual(await captured.charge(order), { state: 'captured', acquirerId: 'pay-1' });
  const declined = acquirerThatAnswers(() => ({ status: 402, body: {} }));
  assert.deepEqual(await declined.charge(order), { state: 'declined' });
});

test('no answer and a strange answer are failures, and logged', async () => {
  const silent = acquirerThatAnswers(() => {
    throw new Error('acquirer: no route');
  });
  assert.deepEqual(await silent.charge(order), { state: 'failed' });
  assert.deepEqual(silent.logged, ['charge failed']);
  const strange = acquirerThatAnswers(() => ({ status: 418, body: {} }));
  assert.deepEqual(await strange.charge(order), { state: 'failed' });
});
