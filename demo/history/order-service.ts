import { PLATFORM_FILES, takeBodyLimit, takeProcessMetrics, takeQuickClose, takeRotation } from './platform-kit.ts';
import { aisha, diego, lena, mei, tomasz } from './recipe.ts';
import type { CommitRecipe } from './recipe.ts';

const START_FILES = [
  'package.json',
  'README.md',
  'config/default.json',
  'src/main.js',
  'src/service.js',
  'src/routes.js',
];
const ORDER_FILES = ['orders', 'customer-directory', 'expect-answer', 'place-order'].map((name) => `src/${name}.js`);

/** order-service up to the state in demo/shop, oldest commit first. */
export const orderHistory: readonly CommitRecipe[] = [
  { subject: 'Take orders', author: lena, adds: [...START_FILES, ...ORDER_FILES, ...PLATFORM_FILES] },
  { subject: 'Test placing orders', author: lena, adds: ['test/place-order.test.js'] },
  {
    subject: 'Pass sold out on to the customer',
    author: aisha,
    edits: [
      { file: 'src/place-order.js', before: 'passOn: [404] });', after: 'passOn: [404, 409] });' },
      {
        file: 'test/place-order.test.js',
        before: `test('a charge that fails`,
        after: `test('sold out is passed on', async () => {
  const { placeOrder } = shopWhere({ reserved: { status: 409, body: { error: 'sold_out' } } });
  await assert.rejects(placeOrder({ customerId: 'c1', sku: 'mug', quantity: 2 }), { status: 409 });
});

test('a charge that fails`,
      },
    ],
  },
  takeRotation(aisha),
  {
    subject: 'Keep the session of user-service',
    body: 'We opened one for every order. Theirs last a day; we renew after twenty hours.',
    author: tomasz,
    adds: ['test/customer-directory.test.js'],
    edits: [
      {
        file: 'src/customer-directory.js',
        before: '/** Looks customers up at user-service, with a session for each look-up. */',
        after:
          '/** Looks customers up at user-service, with one session that is kept for `cacheHours` of the business clock. */',
      },
      {
        file: 'src/customer-directory.js',
        before: 'createCustomerDirectory({ user, log }) {\n',
        after: 'createCustomerDirectory({ user, clock, cacheHours, log }) {\n  let session;\n\n',
      },
      {
        file: 'src/customer-directory.js',
        before: 'async function openSession(requestId) {\n',
        after: `async function openSession(requestId) {
    if (session && clock.nowHours() - session.openedAtHour < cacheHours) return session.token;
`,
      },
      {
        file: 'src/customer-directory.js',
        before: '    log.info(',
        after: '    session = { token, openedAtHour: clock.nowHours() };\n    log.info(',
      },
      {
        file: 'src/service.js',
        before: 'createCustomerDirectory({ user, log })',
        after: 'createCustomerDirectory({ user, clock, cacheHours: config.sessionCacheHours, log })',
      },
      {
        file: 'src/service.js',
        before: 'startService({ port, logFolder',
        after: 'startService({ port, clock, logFolder',
      },
      {
        file: 'config/default.json',
        before: '"rememberedOrders"',
        after: '"sessionCacheHours": 20, "rememberedOrders"',
      },
    ],
  },
  { subject: 'Test the service over HTTP', author: mei, adds: ['test/service.test.js'] },
  takeProcessMetrics(diego),
  {
    subject: 'Test against the neighbours when they are checked out',
    body: 'The nightly job has all four repositories beside each other.',
    author: mei,
    adds: ['testing/neighbours.js', 'test/contract/place-orders.test.js'],
    edits: [
      {
        file: 'README.md',
        before: '`npm test` tests it. Settings',
        after:
          '`npm test` tests it; the tests in `test/contract` also\n' +
          'start the neighbours when their repositories lie beside this one. Settings',
      },
    ],
  },
  {
    subject: 'Release the goods when the charge fails',
    author: aisha,
    edits: [
      {
        file: 'src/place-order.js',
        before: `    const answer = await payment.call('POST', '/charges', { body, requestId });
    expectAnswer(payment, answer, { log, requestId, passOn: [402] });
`,
        after: `    try {
      const answer = await payment.call('POST', '/charges', { body, requestId });
      expectAnswer(payment, answer, { log, requestId, passOn: [402] });
    } catch (error) {
      await inventory.call('DELETE', \`/reservations/\${order.reservationId}\`, { requestId });
      throw error;
    }
`,
      },
      {
        file: 'test/place-order.test.js',
        before: 'that fails answers 502',
        after: 'that fails releases the goods and answers 502',
      },
      {
        file: 'test/place-order.test.js',
        before: '  const { placeOrder } = shopWhere({ charged',
        after: '  const { calls, placeOrder } = shopWhere({ charged',
      },
      {
        file: 'test/place-order.test.js',
        before: `{ status: 502 });\n`,
        after: `{ status: 502 });
  assert.deepEqual(calls.at(-1), {
    name: 'inventory-service',
    method: 'DELETE',
    path: '/reservations/r1',
    body: undefined,
  });
`,
      },
    ],
  },
  takeBodyLimit(mei),
  {
    subject: 'Test orders over two days',
    author: mei,
    edits: [
      {
        file: 'test/contract/place-orders.test.js',
        before: '/** A working day, an order an hour. */\nconst HOURS = 8;',
        after: '/** Two days and nights, an order an hour. */\nconst HOURS = 48;',
      },
    ],
  },
  takeQuickClose(tomasz),
  {
    subject: 'Wait two seconds for neighbours, not five',
    author: diego,
    edits: [{ file: 'config/default.json', before: '"upstreamTimeoutMs": 5000', after: '"upstreamTimeoutMs": 2000' }],
  },
];
