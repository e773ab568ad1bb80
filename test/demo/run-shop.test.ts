import { execFile } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createShopHistory } from '../../demo/history/create-shop-history.ts';
import type { ShopHistory } from '../../demo/history/create-shop-history.ts';
import { startLoad } from '../../demo/load.ts';
import { deploy, readDeployedRevision, readLedger, shopTools, startShop, stopShop } from '../../demo/run-shop.ts';
import type { Shop } from '../../demo/run-shop.ts';

const run = promisify(execFile);
const soon = { timeout: 15_000, interval: 50 };

describe('the shop', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'shop-run-'));
  let history: ShopHistory;
  let shop: Shop;

  beforeAll(async () => {
    history = createShopHistory({ folder, now: new Date(), variant: 'session' });
    // Ten business hours a second: a session that lasts an hour is over after a tenth of one.
    shop = await startShop({ folder, repos: history.repos, clock: { epochMs: Date.now(), speed: 36_000 } });
  });
  afterAll(async () => {
    await stopShop(folder);
    rmSync(folder, { recursive: true, force: true });
  });

  async function placeOrder(): Promise<number> {
    const body = JSON.stringify({ customerId: 'c1', sku: 'mug', quantity: 1 });
    const url = `http://127.0.0.1:${shop.ports['order-service']}/orders`;
    return (await fetch(url, { method: 'POST', body, headers: { 'x-request-id': 'q-1' } })).status;
  }

  const readLines = (file: string) => readFileSync(file, 'utf8').trim().split('\n');

  it('takes orders, and one request id is found in the logs of all services', async () => {
    expect(await placeOrder()).toBe(201);
    const readLog = (service: string) =>
      readLines(path.join(shop.logFolder, `${service}.log`)).map((line) => JSON.parse(line) as object);
    for (const service of ['order-service', 'user-service', 'inventory-service', 'payment-service']) {
      // A service answers before its line is in the file.
      await vi.waitFor(
        () =>
          expect(readLog(service)).toContainEqual(
            expect.objectContaining({ requestId: 'q-1', service, level: 'info' }),
          ),
        soon,
      );
    }
  });

  it('has deploy records from before, and none for its own start', () => {
    const records = readLines(shop.deploysFile).map((line) => JSON.parse(line) as { at: string });
    expect(records.length).toBeGreaterThanOrEqual(12);
    for (const { at } of records) expect(Date.now() - Date.parse(at)).toBeGreaterThan(86_400_000);
    expect(readLedger(shop)).toEqual([]);
  });

  it('breaks with the deploy of the bad revision and heals with the one before', async () => {
    const { deployedBefore, toDeploy } = history.repos['user-service'];
    await deploy(shop, 'user-service', toDeploy ?? '');
    expect(await readDeployedRevision(shop, 'user-service')).toBe(toDeploy);
    await vi.waitFor(async () => expect(await placeOrder()).toBe(502), soon);
    await deploy(shop, 'user-service', deployedBefore, 'ana');
    await vi.waitFor(async () => expect(await placeOrder()).toBe(201), soon);
    const effects = readLedger(shop).map(({ service, revision, effect }) => ({ service, revision, effect }));
    expect(effects).toEqual([
      { service: 'user-service', revision: toDeploy, effect: 'switched' },
      { service: 'user-service', revision: deployedBefore, effect: 'switched' },
    ]);
  });

  it('does nothing twice when the same revision is deployed at the same time', async () => {
    const { toDeploy = '' } = history.repos['payment-service'];
    const before = readLines(shop.deploysFile).length;
    await Promise.all([1, 2, 3].map(() => deploy(shop, 'payment-service', toDeploy)));
    const effects = readLedger(shop)
      .slice(-3)
      .map(({ effect }) => effect);
    expect(effects.sort()).toEqual(['already', 'already', 'switched']);
    expect(readLines(shop.deploysFile).length).toBe(before + 1);
  });

  it('writes the action id of the environment into the ledger', async () => {
    const env = { ...process.env, RESIDENT_ACTION_ID: 'action-7' };
    await run(process.execPath, [shopTools.restart, folder, 'payment-service'], { env });
    expect(readLedger(shop).at(-1)).toMatchObject({ command: 'restart', effect: 'restarted', actionId: 'action-7' });
  });

  it('refuses a revision that does not exist and takes over the lock of a command that was killed', async () => {
    await expect(deploy(shop, 'order-service', 'f'.repeat(40))).rejects.toThrow(/has no revision/);
    await expect(deploy(shop, 'order-service', '--help')).rejects.toThrow(/has no revision/);
    // 2^22 is the highest process id that Linux gives; nobody has the one after it.
    writeFileSync(path.join(folder, 'locks', 'order-service'), '4194305');
    await deploy(shop, 'order-service', history.repos['order-service'].toDeploy ?? '');
    expect(await placeOrder()).toBe(201);
  });

  it('gets a load that stops by itself', async () => {
    const load = startLoad(shop, { ratePerSecond: 50, maxSeconds: 0.5 });
    await vi.waitFor(() => expect(load.totals().answers['201']).toBeGreaterThan(5), soon);
    await load.ended;
    expect(load.totals().sent).toBeLessThanOrEqual(30);
  });

  it('leaves no process behind', async () => {
    expect((await stopShop(folder)).sort()).toEqual([
      'acquirer',
      'inventory-service',
      'order-service',
      'payment-service',
      'user-service',
    ]);
    expect(await stopShop(folder)).toEqual([]);
    await expect(placeOrder()).rejects.toThrow('fetch failed');
  });
});
