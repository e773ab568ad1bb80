import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCustomerDirectory } from '../src/customer-directory.js';

function directoryAt(hours, customerAnswer = { status: 200, body: { id: 'c1' } }) {
  const opened = [];
  const user = {
    name: 'user-service',
    call: async (method) => {
      if (method === 'GET') return customerAnswer;
      opened.push(hours.now);
      return { status: 201, body: { token: `t${opened.length}` } };
    },
  };
  const log = { info: () => {}, error: () => {} };
  const clock = { nowHours: () => hours.now };
  return { opened, ...createCustomerDirectory({ user, clock, cacheHours: 20, log }) };
}

test('one session serves many look-ups', async () => {
  const hours = { now: 0 };
  const directory = directoryAt(hours);
  await directory.find('c1');
  hours.now = 19;
  await directory.find('c1');
  assert.deepEqual(directory.opened, [0]);
});

test('a new session is opened in time', async () => {
  const hours = { now: 0 };
  const directory = directoryAt(hours);
  await directory.find('c1');
  hours.now = 20;
  await directory.find('c1');
  assert.deepEqual(directory.opened, [0, 20]);
});

test('an unknown customer is passed on, another failure is a 502', async () => {
  await assert.rejects(directoryAt({ now: 0 }, { status: 404, body: {} }).find('c9'), { status: 404 });
  await assert.rejects(directoryAt({ now: 0 }, { status: 500, body: {} }).find('c9'), { status: 502 });
});
