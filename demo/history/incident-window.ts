import { aisha, diego, lena, mei, tomasz } from './recipe.ts';
import type { CommitRecipe } from './recipe.ts';

/** Commits of the last half hour. The first group changes nothing that a caller could notice. */
export const harmless = {
  orderCountry: {
    subject: "Log the customer's country with each order",
    author: aisha,
    edits: [
      {
        file: 'src/place-order.js',
        before: `log.info('order placed', { requestId, orderId: order.id, sku: order.sku, total: order.total });`,
        after: `const { id: orderId, sku, total } = order;
      log.info('order placed', { requestId, orderId, sku, total, country: customer.country });`,
      },
    ],
  },
  orderMemory: {
    subject: 'Remember twice as many orders',
    author: diego,
    edits: [{ file: 'config/default.json', before: '"rememberedOrders": 1000', after: '"rememberedOrders": 2000' }],
  },
  orderSessionComment: {
    subject: 'Say why one session is kept',
    author: tomasz,
    edits: [
      {
        file: 'src/customer-directory.js',
        before:
          '/** Looks customers up at user-service, with one session that is kept for `cacheHours` of the business clock. */',
        after: `/**
 * Looks customers up at user-service. One session is kept for \`cacheHours\` of the business clock: opening one for every
 * order would double the load on user-service.
 */`,
      },
    ],
  },
  userReadme: {
    subject: 'Document how sessions are sent',
    author: lena,
    edits: [
      {
        file: 'README.md',
        before: '`npm start` runs it',
        after: 'A session token is signed, not stored: any instance checks those of another.\n\n`npm start` runs it',
      },
    ],
  },
  userStartLog: {
    subject: 'Log at start how many customers there are',
    author: mei,
    edits: [
      {
        file: 'src/service.js',
        before: `log.info('listening', { port: server.port, revision });`,
        after: `log.info('listening', { port: server.port, revision, customers: config.customers });`,
      },
    ],
  },
  userNames: {
    subject: 'Add two first names to the directory',
    author: lena,
    edits: [{ file: 'src/customers.js', before: `'Iker', 'Jonas']`, after: `'Iker', 'Jonas', 'Kasia', 'Ludo']` }],
  },
  paymentTimeout: {
    subject: 'Give the acquirer a second more',
    body: 'Their own limit is two seconds.',
    author: tomasz,
    edits: [{ file: 'config/default.json', before: '"acquirerTimeoutMs": 1500', after: '"acquirerTimeoutMs": 2500' }],
  },
  paymentSlowLimit: {
    subject: 'Warn about slow charges from 250 ms on',
    author: diego,
    edits: [{ file: 'config/default.json', before: '"slowChargeMs": 400', after: '"slowChargeMs": 250' }],
  },
  paymentLog: {
    subject: 'Log captured charges',
    author: aisha,
    edits: [
      {
        file: 'src/routes.js',
        before: '      return { status: 201, body: charges.add(',
        after: `      log.info('charge captured', { requestId, orderId, acquirerId });
      return { status: 201, body: charges.add(`,
      },
    ],
  },
  inventoryLowStock: {
    subject: 'Warn earlier when stock runs low',
    author: mei,
    edits: [{ file: 'config/default.json', before: '"lowStock": 10', after: '"lowStock": 25' }],
  },
  inventoryVase: {
    subject: 'Sell vases',
    author: lena,
    edits: [
      {
        file: 'src/catalogue.js',
        before: `unitPrice: 54.95 },\n`,
        after: `unitPrice: 54.95 },\n  { sku: 'vase', name: 'Glass vase', unitPrice: 28 },\n`,
      },
    ],
  },
} as const satisfies Record<string, CommitRecipe>;

/** Commits that break the shop, each with its author's tests made to fit. */
export const harmful = {
  session: {
    subject: 'tighten session lifetime',
    body: 'Audit finding 14: a leaked token must not be good for a whole day.',
    author: diego,
    edits: [
      {
        file: 'src/sessions.js',
        before: 'export const SESSION_LIFETIME_HOURS = 24;',
        after: 'export const SESSION_LIFETIME_HOURS = 1;',
      },
      {
        file: 'test/sessions.test.js',
        before: `test('a session lasts a day'`,
        after: `test('a session lasts an hour'`,
      },
      { file: 'test/sessions.test.js', before: 'hours.now = 123.9;', after: 'hours.now = 100.9;' },
      { file: 'test/sessions.test.js', before: 'hours.now = 124.1;', after: 'hours.now = 101.1;' },
    ],
  },
  payment: {
    subject: 'Charge in minor units',
    body: 'Floats cost us a day in the March reconciliation. Cents are integers.',
    author: mei,
    edits: [
      {
        file: 'src/acquirer.js',
        before: 'amount: amount.toFixed(2), currency',
        after: 'amount: Math.round(amount * 100), currency',
      },
      { file: 'test/acquirer.test.js', before: `amount: '39.90'`, after: `amount: 3990` },
    ],
  },
  order: {
    subject: "Read the price from the reservation's price object",
    body: 'Inventory moves to { price: { amount, currency } }.',
    author: lena,
    edits: [
      {
        file: 'src/place-order.js',
        before: `  const { quantity, sku, unitPrice, currency } = reservation;
  const line = \`\${quantity} x \${sku} at \${unitPrice.toFixed(2)} \${currency}\`;
  return { line, total: Math.round(unitPrice * quantity * 100) / 100, currency };`,
        after: `  const { quantity, sku, price } = reservation;
  const line = \`\${quantity} x \${sku} at \${price.amount.toFixed(2)} \${price.currency}\`;
  return { line, total: Math.round(price.amount * quantity * 100) / 100, currency: price.currency };`,
      },
      {
        file: 'test/place-order.test.js',
        before: `unitPrice: 12.5, currency: 'EUR' };`,
        after: `price: { amount: 12.5, currency: 'EUR' } };`,
      },
    ],
  },
  inventory: {
    subject: 'Say prices with their currency',
    body: 'Two fields that belong together become one. The web shop reads the new field already.',
    author: tomasz,
    edits: [
      {
        file: 'src/shelves.js',
        before: `unitPrice: item.unitPrice, currency: 'EUR' };`,
        after: `price: { amount: item.unitPrice, currency: 'EUR' } };`,
      },
      {
        file: 'test/shelves.test.js',
        before: `unitPrice: 12.5, currency: 'EUR' });`,
        after: `price: { amount: 12.5, currency: 'EUR' } });`,
      },
    ],
  },
} as const satisfies Record<string, CommitRecipe>;
