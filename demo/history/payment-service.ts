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

/** payment-service up to the state in demo/shop, oldest commit first. */
export const paymentHistory: readonly CommitRecipe[] = [
  {
    subject: 'Charge cards through the acquirer',
    author: diego,
    adds: [...START_FILES, 'src/acquirer.js', 'src/charges.js', ...PLATFORM_FILES],
  },
  { subject: 'Test the translation to the acquirer', author: diego, adds: ['test/acquirer.test.js'] },
  { subject: 'Test the book of charges', author: diego, adds: ['test/charges.test.js'] },
  takeRotation(lena),
  {
    subject: 'Tell declined cards from failures',
    author: aisha,
    edits: [
      {
        file: 'src/acquirer.js',
        before: `      log.error('acquirer refused`,
        after: `      if (status === 402) return { state: 'declined' };\n      log.error('acquirer refused`,
      },
      {
        file: 'src/routes.js',
        before: `      if (state === 'failed')`,
        after: `      if (state === 'declined') {
        log.warn('card declined', { requestId, orderId });
        throw new HttpError(402, { error: 'card_declined' });
      }
      if (state === 'failed')`,
      },
      {
        file: 'test/acquirer.test.js',
        before: `test('captured is recognised'`,
        after: `test('captured and declined are told apart'`,
      },
      {
        file: 'test/acquirer.test.js',
        before: `acquirerId: 'pay-1' });\n`,
        after: `acquirerId: 'pay-1' });
  const declined = acquirerThatAnswers(() => ({ status: 402, body: {} }));
  assert.deepEqual(await declined.charge(order), { state: 'declined' });
`,
      },
    ],
  },
  takeProcessMetrics(lena),
  { subject: 'Test the service over HTTP', author: mei, adds: ['test/service.test.js'] },
  {
    subject: 'Warn about slow charges',
    author: tomasz,
    edits: [
      {
        file: 'src/acquirer.js',
        before: `      if (status === 201)`,
        after: `      const durationMs = Math.round(performance.now() - startedAt);
      if (durationMs > slowChargeMs) log.warn('slow charge', { requestId, upstream: 'acquirer', durationMs });
      if (status === 201)`,
      },
      {
        file: 'src/acquirer.js',
        before: '    try {\n',
        after: '    const startedAt = performance.now();\n    try {\n',
      },
      {
        file: 'src/acquirer.js',
        before: 'createAcquirer({ upstream, log })',
        after: 'createAcquirer({ upstream, log, slowChargeMs })',
      },
      {
        file: 'src/service.js',
        before: 'createAcquirer({ upstream, log })',
        after: 'createAcquirer({ upstream, log, slowChargeMs: config.slowChargeMs })',
      },
      { file: 'config/default.json', before: '"rememberedCharges"', after: '"slowChargeMs": 400, "rememberedCharges"' },
      {
        file: 'test/acquirer.test.js',
        before: 'createAcquirer({ upstream, log })',
        after: 'createAcquirer({ upstream, log, slowChargeMs: 1000 })',
      },
    ],
  },
  takeBodyLimit(mei),
  {
    subject: 'Do not wait for the acquirer for ever',
    author: tomasz,
    edits: [{ file: 'config/default.json', before: '"acquirerTimeoutMs": 30000', after: '"acquirerTimeoutMs": 1500' }],
  },
  takeQuickClose(lena),
  {
    subject: 'Refuse charges without an amount',
    author: aisha,
    edits: [
      {
        file: 'src/routes.js',
        before: `if (!orderId || !currency) throw`,
        after: `if (!orderId || !(amount > 0) || !currency) throw`,
      },
      {
        file: 'test/service.test.js',
        before: `a charge that lacks its order`,
        after: `a charge that lacks its amount`,
      },
      {
        file: 'test/service.test.js',
        before: `'{"amount":10,"currency":"EUR"}'`,
        after: `'{"orderId":"o1","currency":"EUR"}'`,
      },
    ],
  },
];
