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

/** user-service up to the state in demo/shop, oldest commit first. */
export const userHistory: readonly CommitRecipe[] = [
  {
    subject: 'Serve the customer directory',
    author: lena,
    adds: [...START_FILES, 'src/customers.js', ...PLATFORM_FILES],
  },
  { subject: 'Test the customer directory', author: lena, adds: ['test/customers.test.js'] },
  takeRotation(tomasz),
  {
    subject: 'Give every customer a card',
    author: aisha,
    edits: [
      { file: 'src/customers.js', before: 'COUNTRIES.length] }', after: 'COUNTRIES.length], card: `card-${number}` }' },
      { file: 'test/customers.test.js', before: 'a name and a country', after: 'a name, a country and a card' },
      { file: 'test/customers.test.js', before: `'name', 'country']`, after: `'name', 'country', 'card']` },
    ],
  },
  {
    subject: 'Add signed sessions',
    body: 'Not asked for yet: the other teams need a release to start sending them.',
    author: aisha,
    adds: ['src/sessions.js', 'test/sessions.test.js'],
    edits: [
      {
        file: 'README.md',
        before: '| `GET /customers/:id`',
        after:
          '| `POST /sessions`     | `{ client }` in, a signed session token out                 |\n| `GET /customers/:id`',
      },
      {
        file: 'src/service.js',
        before: `import { readFileSync } from 'node:fs';`,
        after: `import { randomBytes } from 'node:crypto';\nimport { readFileSync } from 'node:fs';`,
      },
      {
        file: 'src/service.js',
        before: `import { createRoutes } from './routes.js';`,
        after: `import { createRoutes } from './routes.js';\nimport { createSessions } from './sessions.js';`,
      },
      {
        file: 'src/service.js',
        before: 'startService({ port, logFolder',
        after: 'startService({ port, clock, logFolder',
      },
      { file: 'src/service.js', before: `revision = 'unknown' })`, after: `revision = 'unknown', env = {} })` },
      {
        file: 'src/service.js',
        before: '  const routes = createRoutes({ customers: createCustomers(config.customers), log });',
        after: `  const sessions = createSessions({ key: env.SESSION_KEY ?? randomBytes(32).toString('hex'), clock });
  const routes = createRoutes({ customers: createCustomers(config.customers), sessions, log });`,
      },
      {
        file: 'src/routes.js',
        before: 'createRoutes({ customers, log })',
        after: 'createRoutes({ customers, sessions, log })',
      },
      {
        file: 'src/routes.js',
        before: '  return {\n',
        after: `  return {
    'POST /sessions': async ({ body, requestId }) => {
      if (!body?.client) throw new HttpError(400, { error: 'client_missing' });
      log.info('session issued', { requestId, client: body.client });
      return { status: 201, body: { token: sessions.issue(body.client) } };
    },
`,
      },
    ],
  },
  takeProcessMetrics(tomasz),
  {
    subject: 'Show customers only to who has a session',
    author: aisha,
    adds: ['test/service.test.js'],
    edits: [
      {
        file: 'src/routes.js',
        before: 'sessions, log }) {\n',
        after: `sessions, log }) {
  function requireSession(headers, requestId) {
    const token = (headers.authorization ?? '').replace(/^Bearer /, '');
    const { client, rejected } = sessions.check(token);
    if (!rejected) return client;
    log.warn(\`session rejected: \${rejected}\`, { requestId, client });
    throw new HttpError(401, { error: 'session_rejected', reason: rejected });
  }

`,
      },
      {
        file: 'src/routes.js',
        before: `async ({ params, requestId }) => {\n`,
        after: `async ({ params, headers, requestId }) => {\n      requireSession(headers, requestId);\n`,
      },
    ],
  },
  {
    subject: 'Compare signatures in constant time',
    author: diego,
    edits: [
      { file: 'src/sessions.js', before: 'import { createHmac }', after: 'import { createHmac, timingSafeEqual }' },
      {
        file: 'src/sessions.js',
        before: 'if (signature !== sign(`${client}.${issuedMilliHours}`))',
        after: 'if (!isSame(signature, sign(`${client}.${issuedMilliHours}`)))',
      },
      {
        file: 'src/sessions.js',
        before: '  };\n}\n',
        after: `  };
}

function isSame(left, right) {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
`,
      },
    ],
  },
  takeBodyLimit(mei),
  {
    subject: 'Log look-ups of unknown customers',
    author: diego,
    edits: [
      {
        file: 'src/routes.js',
        before: '{ status: 200, body: customer };\n',
        after: `{ status: 200, body: customer };\n      log.warn('no such customer', { requestId, customerId: params.id });\n`,
      },
    ],
  },
  {
    subject: 'Count customers',
    author: mei,
    edits: [
      {
        file: 'src/routes.js',
        before: '    },\n  };\n',
        after: `    },\n    'GET /customers': async () => ({ status: 200, body: { count: customers.count() } }),\n  };\n`,
      },
      {
        file: 'README.md',
        before: ' |\n\n`npm',
        after: ' |\n| `GET /customers`     | how many customers there are                                |\n\n`npm',
      },
    ],
  },
  takeQuickClose(tomasz),
  {
    subject: 'Open the directory to two hundred customers',
    author: lena,
    edits: [{ file: 'config/default.json', before: '"customers": 50,', after: '"customers": 200,' }],
  },
];
