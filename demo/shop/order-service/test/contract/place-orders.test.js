import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../../src/service.js';
import { listMissingNeighbours, startShop } from '../../testing/neighbours.js';

const missing = listMissingNeighbours();
const skip = missing.length > 0 && `not checked out beside this repository: ${missing.join(', ')}`;

/** Two days and nights, an order an hour. */
const HOURS = 48;
const BASKETS = [
  { sku: 'mug', quantity: 2 },
  { sku: 'lamp', quantity: 1 },
  { sku: 'clock', quantity: 3 },
];

test('orders go through the whole shop at every hour of the day', { skip }, async (t) => {
  const hours = { now: 1000 };
  const clock = { nowHours: () => hours.now, now: () => hours.now * 3_600_000 };
  const shop = await startShop({ clock, startOrderService: startService });
  t.after(() => shop.close());
  const failures = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    hours.now = 1000 + hour;
    const order = { customerId: `c${(hour % 9) + 1}`, ...BASKETS[hour % BASKETS.length] };
    const answer = await fetch(`${shop.url}/orders`, { method: 'POST', body: JSON.stringify(order) });
    const text = await answer.text();
    if (answer.status !== 201) failures.push(`hour ${hour}: ${answer.status} ${text}`);
  }
  assert.equal(
    failures.length,
    0,
    `${failures.length} of ${HOURS} orders failed, first ${failures.slice(0, 3).join('; ')}`,
  );
});
