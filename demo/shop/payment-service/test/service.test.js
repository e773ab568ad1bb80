import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startService } from '../src/service.js';

test('a charge that lacks its amount is refused', async (t) => {
  const service = await startService({ port: 0 });
  t.after(() => service.close());
  const url = `http://127.0.0.1:${service.port}/charges`;
  const answer = await fetch(url, { method: 'POST', body: '{"orderId":"o1","currency":"EUR"}' });
  assert.equal(answer.status, 400);
});

test('healthz says which revision runs', async (t) => {
  const service = await startService({ port: 0, revision: 'abc' });
  t.after(() => service.close());
  const answer = await fetch(`http://127.0.0.1:${service.port}/healthz`);
  assert.equal((await answer.json()).revision, 'abc');
});
