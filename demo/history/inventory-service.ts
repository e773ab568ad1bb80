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

/** inventory-service up to the state in demo/shop, oldest commit first. */
export const inventoryHistory: readonly CommitRecipe[] = [
  {
    subject: 'Keep shelves and reserve from them',
    author: mei,
    adds: [...START_FILES, 'src/shelves.js', 'src/catalogue.js', ...PLATFORM_FILES],
  },
  { subject: 'Test reservations', author: mei, adds: ['test/shelves.test.js'] },
  {
    subject: 'Sell rugs',
    author: lena,
    edits: [
      {
        file: 'src/catalogue.js',
        before: `'Stoneware mug', unitPrice: 12.5 },\n`,
        after: `'Stoneware mug', unitPrice: 12.5 },\n  { sku: 'rug', name: 'Wool rug', unitPrice: 240 },\n`,
      },
    ],
  },
  { subject: 'Test reservations over HTTP', author: mei, adds: ['test/service.test.js'] },
  takeRotation(diego),
  {
    subject: 'Say so when an item is sold out',
    author: diego,
    edits: [
      {
        file: 'src/routes.js',
        before: `      if (refused) throw new HttpError(409, { error: refused });\n`,
        after: `      if (refused) {
        log.warn('reservation refused: sold out', { requestId, sku: body.sku, quantity: body.quantity });
        throw new HttpError(409, { error: refused });
      }
`,
      },
    ],
  },
  takeProcessMetrics(diego),
  {
    subject: 'Warn when stock is low',
    author: tomasz,
    edits: [
      {
        file: 'src/routes.js',
        before: 'const { reservation, refused }',
        after: 'const { reservation, refused, left }',
      },
      {
        file: 'src/routes.js',
        before: '      return { status: 201, body: reservation };\n',
        after: `      if (left < config.lowStock) log.warn('stock is low', { requestId, sku: body.sku, left });
      return { status: 201, body: reservation };
`,
      },
      {
        file: 'src/routes.js',
        before: 'createRoutes({ shelves, log })',
        after: 'createRoutes({ shelves, config, log })',
      },
      {
        file: 'src/service.js',
        before: 'createRoutes({ shelves, log })',
        after: 'createRoutes({ shelves, config, log })',
      },
      { file: 'config/default.json', before: '{ "shelfStock"', after: '{ "lowStock": 10, "shelfStock"' },
    ],
  },
  {
    subject: 'Sell wall clocks',
    author: lena,
    edits: [
      {
        file: 'src/catalogue.js',
        before: `'Wool rug', unitPrice: 240 },\n`,
        after: `'Wool rug', unitPrice: 240 },\n  { sku: 'clock', name: 'Wall clock', unitPrice: 54.95 },\n`,
      },
    ],
  },
  takeBodyLimit(mei),
  {
    subject: 'Forget old reservations',
    body: 'The map grew by forty megabytes a day.',
    author: tomasz,
    edits: [
      {
        file: 'src/shelves.js',
        before: '/** Stock per item.',
        after: 'const REMEMBERED_RESERVATIONS = 2000;\n\n/** Stock per item.',
      },
      {
        file: 'src/shelves.js',
        before: '      return { reservation, left',
        after: `      if (reservations.size > REMEMBERED_RESERVATIONS) reservations.delete(reservations.keys().next().value);
      return { reservation, left`,
      },
    ],
  },
  takeQuickClose(tomasz),
  {
    subject: 'Sell signed prints, one at a time',
    author: aisha,
    edits: [
      {
        file: 'src/catalogue.js',
        before: '/** What the shop sells. Prices are in euros. */',
        after:
          '/** What the shop sells. Prices are in euros; `shelfStock` is set where the shelf holds less than usual. */',
      },
      {
        file: 'src/catalogue.js',
        before: `unitPrice: 54.95 },\n`,
        after: `unitPrice: 54.95 },\n  { sku: 'print', name: 'Signed print', unitPrice: 75, shelfStock: 1 },\n`,
      },
      {
        file: 'src/shelves.js',
        before: '{ ...item, stock: shelfStock }',
        after: '{ ...item, stock: item.shelfStock ?? shelfStock }',
      },
      {
        file: 'src/shelves.js',
        before: 'item.stock = shelfStock;',
        after: 'item.stock = item.shelfStock ?? shelfStock;',
      },
    ],
  },
];
