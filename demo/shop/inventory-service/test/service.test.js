import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../src/service.js';

test('reservations are made over HTTP', async (t) => {
  const service = await startService({ port: 0, clock: { now: () => 0, nowHours: () => 0 } });
  t.after(() => service.close());
  const url = `http://127.0.0.1:${service.port}`;
  const made = await fetch(`${url}/reservations`, { method: 'POST', body: '{"sku":"rug","quantity":1}' });
  assert.equal(made.status, 201);
  const released = await fetch(`${url}/reservations/r1`, { method: 'DELETE' });
  assert.equal(released.status, 200);
});

test('healthz says which revision runs', async (t) => {
  const service = await startService({ port: 0, clock: { now: () => 0, nowHours: () => 0 }, revision: 'abc' });
  t.after(() => service.close());
  const answer = await fetch(`http://127.0.0.1:${service.port}/healthz`);
  assert.equal((await answer.json()).revision, 'abc');
});
