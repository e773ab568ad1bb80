import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../src/service.js';

const clock = { now: () => 0, nowHours: () => 0 };

test('an order that lacks its item is refused', async (t) => {
  const service = await startService({ port: 0, clock });
  t.after(() => service.close());
  const url = `http://127.0.0.1:${service.port}/orders`;
  const answer = await fetch(url, { method: 'POST', body: '{"customerId":"c1"}' });
  assert.equal(answer.status, 400);
});

test('healthz says which revision runs', async (t) => {
  const service = await startService({ port: 0, clock, revision: 'abc' });
  t.after(() => service.close());
  const answer = await fetch(`http://127.0.0.1:${service.port}/healthz`);
  assert.equal((await answer.json()).revision, 'abc');
});
