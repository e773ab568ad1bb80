import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { startFallbackAlert } from '../../demo/fallback-alert.ts';
import { createShopHistory } from '../../demo/history/create-shop-history.ts';
import { writeMonitoring } from '../../demo/monitoring.ts';
import { writeResidentConfig } from '../../demo/resident-config.ts';
import type { Shop } from '../../demo/run-shop.ts';
import { loadFile } from '../../src/config/load.ts';
import { findProgram } from '../find-program.ts';

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), 'shop-monitoring-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ports = { 'order-service': 1, 'user-service': 2, 'payment-service': 3, 'inventory-service': 4 };
const shop: Shop = {
  folder,
  ports,
  acquirerPort: 5,
  repos: createShopHistory({ folder, now: new Date(), variant: 'session' }).repos,
  logFolder: path.join(folder, 'logs'),
  deploysFile: path.join(folder, 'deploys.jsonl'),
  ledgerFile: path.join(folder, 'ledger.jsonl'),
};

const [promtool, amtool] = await Promise.all([findProgram('promtool'), findProgram('amtool')]);

describe('the monitoring of the shop', () => {
  it.skipIf(!promtool)(`is a valid configuration${promtool ? '' : ' (skipped: promtool is absent)'}`, async () => {
    writeFileSync(path.join(folder, 'token'), 'sesame');
    const webhook = { url: 'http://127.0.0.1:6/webhooks/alertmanager', tokenFile: path.join(folder, 'token') };
    const files = writeMonitoring(shop, { alertmanagerPort: 7, webhook });
    const { stdout } = await run(promtool ?? '', ['check', 'config', files.prometheus]);
    expect(stdout).toContain('1 rules found');
    if (amtool) await run(amtool, ['check-config', files.alertmanager]);
  });
});

describe('the resident.yaml of the shop', () => {
  const files = { webhookTokenFile: './token', approverTokenFile: './ana-token' };

  it('is accepted by the product, with and without Prometheus', () => {
    const withMetrics = { listen: '127.0.0.1:0', prometheusUrl: 'http://127.0.0.1:9', ...files };
    const settings = loadFile(writeResidentConfig(shop, withMetrics), { outside: {} });
    expect(settings.services['order-service']?.dependsOn).toContain('user-service');
    expect(settings.services['user-service']?.objectives).toHaveLength(1);
    const without = loadFile(writeResidentConfig(shop, { listen: '127.0.0.1:0', ...files }), { outside: {} });
    expect(without.services['order-service']?.metrics).toEqual([]);
  });
});

describe('the alert without Prometheus', () => {
  it('fires when the ratio stays high, and is resolved when it falls', async () => {
    let failed = 0;
    let served = 0;
    let failing = true;
    const posted: { status: string; authorization: string | undefined }[] = [];
    const server = createServer((request, response) => {
      if (request.url === '/metrics') {
        served += 10;
        failed += failing ? 9 : 0;
        const line = (code: number, value: number) => `http_requests_total{service="x",code="${code}"} ${value}\n`;
        response.end(line(201, served - failed) + line(502, failed));
        return;
      }
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { status } = JSON.parse(Buffer.concat(chunks).toString()) as { status: string };
        posted.push({ status, authorization: request.headers.authorization });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const said: string[] = [];
    const alert = startFallbackAlert({
      shop: { ...shop, ports: { ...ports, 'order-service': port } },
      webhook: { url: `http://127.0.0.1:${port}/hook`, token: 'sesame' },
      say: (line) => said.push(line),
      timings: { windowMs: 500, holdMs: 150, everyMs: 25 },
    });
    try {
      const firing = { status: 'firing', authorization: 'Bearer sesame' };
      await vi.waitFor(() => expect(posted).toEqual([firing]), { timeout: 10_000, interval: 100 });
      failing = false;
      const resolved = { ...firing, status: 'resolved' };
      await vi.waitFor(() => expect(posted).toEqual([firing, resolved]), { timeout: 15_000, interval: 100 });
      expect(said[0]).toContain('absent');
    } finally {
      alert.stop();
      server.close();
    }
  });
});
