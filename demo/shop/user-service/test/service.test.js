import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../src/service.js';

test('a session opens the customer directory', async (t) => {
  const service = await startService({ port: 0, clock: { now: () => 0, nowHours: () => 0 } });
  t.after(() => service.close());
  const url = `http://127.0.0.1:${service.port}`;
  const headers = { 'content-type': 'application/json' };
  const opened = await fetch(`${url}/sessions`, { method: 'POST', headers, body: '{"client":"test"}' });
  const { token } = await opened.json();
  const found = await fetch(`${url}/customers/c1`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await found.json()).id, 'c1');
  const refused = await fetch(`${url}/customers/c1`);
  assert.equal(refused.status, 401);
});

test('healthz says which revision runs', async (t) => {
  const service = await startService({ port: 0, clock: { now: () => 0, nowHours: () => 0 }, revision: 'abc' });
  t.after(() => service.close());
  const answer = await fetch(`http://127.0.0.1:${service.port}/healthz`);
  assert.equal((await answer.json()).revision, 'abc');
});
