import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCustomers } from '../src/customers.js';

test('customers have an id, a name, a country and a card', () => {
  const customers = createCustomers(3);
  assert.equal(customers.count(), 3);
  assert.deepEqual(Object.keys(customers.find('c3')), ['id', 'name', 'country', 'card']);
});

test('an unknown customer is undefined', () => {
  assert.equal(createCustomers(3).find('c4'), undefined);
});
