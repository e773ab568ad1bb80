import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCharges } from '../src/charges.js';

test('a charge is found by its id', () => {
  const charges = createCharges(10);
  const { id } = charges.add({ orderId: 'o1', amount: 10 });
  assert.equal(charges.find(id).orderId, 'o1');
});

test('old charges are forgotten', () => {
  const charges = createCharges(2);
  const first = charges.add({ orderId: 'o1' });
  charges.add({ orderId: 'o2' });
  charges.add({ orderId: 'o3' });
  assert.equal(charges.find(first.id), undefined);
});
