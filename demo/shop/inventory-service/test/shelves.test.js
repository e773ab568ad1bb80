import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShelves } from '../src/shelves.js';

const clockAt = (hours) => ({ nowHours: () => hours.now });

test('a reservation takes from the shelf and carries the price', () => {
  const shelves = createShelves({ shelfStock: 5, restockHours: 6, clock: clockAt({ now: 0 }) });
  const { reservation, left } = shelves.reserve('mug', 2);
  assert.deepEqual(reservation, { id: 'r1', sku: 'mug', quantity: 2, unitPrice: 12.5, currency: 'EUR' });
  assert.equal(left, 3);
});

test('what is not there cannot be reserved', () => {
  const shelves = createShelves({ shelfStock: 1, restockHours: 6, clock: clockAt({ now: 0 }) });
  assert.equal(shelves.reserve('mug', 2).refused, 'sold_out');
  assert.equal(shelves.reserve('unicorn').refused, 'no_such_item');
});

test('a released reservation goes back once', () => {
  const shelves = createShelves({ shelfStock: 1, restockHours: 6, clock: clockAt({ now: 0 }) });
  const { reservation } = shelves.reserve('mug');
  assert.equal(shelves.release(reservation.id), true);
  assert.equal(shelves.release(reservation.id), false);
  assert.equal(shelves.find('mug').stock, 1);
});

test('shelves are full again after the night shift', () => {
  const hours = { now: 0 };
  const shelves = createShelves({ shelfStock: 1, restockHours: 6, clock: clockAt(hours) });
  shelves.reserve('mug');
  hours.now = 6;
  assert.equal(shelves.reserve('mug').refused, undefined);
});
