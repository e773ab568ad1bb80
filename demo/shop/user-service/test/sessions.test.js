import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessions } from '../src/sessions.js';

function sessionsAt(hours) {
  const clock = { nowHours: () => hours.now };
  return createSessions({ key: 'test', clock });
}

test('a fresh session names its client', () => {
  const sessions = sessionsAt({ now: 100 });
  assert.deepEqual(sessions.check(sessions.issue('order-service')), { client: 'order-service' });
});

test('a session lasts a day', () => {
  const hours = { now: 100 };
  const sessions = sessionsAt(hours);
  const token = sessions.issue('order-service');
  hours.now = 123.9;
  assert.equal(sessions.check(token).rejected, undefined);
  hours.now = 124.1;
  assert.equal(sessions.check(token).rejected, 'expired');
});

test('a token that was tampered with is refused', () => {
  const sessions = sessionsAt({ now: 100 });
  const token = sessions.issue('order-service');
  assert.equal(sessions.check(token.replace('order', 'other')).rejected, 'bad signature');
  assert.equal(sessions.check('garbage').rejected, 'malformed');
});
