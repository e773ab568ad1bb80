import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrometheus, type ConditionReading, type Prometheus } from '../../src/adapters/prometheus/prometheus.ts';
import { freePort } from '../../src/setup/free-port.ts';
import { findProgram } from '../find-program.ts';
import { until } from '../until.ts';

const program = process.env['RESIDENT_TEST_PROMETHEUS'] ?? (await findProgram('prometheus'));
if (!program) console.warn('SKIPPED: no `prometheus` on the PATH and RESIDENT_TEST_PROMETHEUS is not set');

const rule = 'sum by (service) (shop_errors) / sum by (service) (shop_requests) > 0.2';

/** What the exporter tells; the tests change it as a service would change. */
const shop = { errors: 0, isGone: false };
let exporter: Server;
let server: ChildProcess | undefined;
let folder: string;
let prometheus: Prometheus;

/** Polls the rule's condition until it is in a state, and gives that reading. */
async function readUntil(state: ConditionReading['state']): Promise<ConditionReading> {
  let reading: ConditionReading | undefined;
  const isReached = async () => (reading = await prometheus.readCondition(rule, labels)).state === state;
  await until(`the condition is ${state}`, isReached, 30_000, 100);
  if (!reading) throw new Error('The condition was never read.');
  return reading;
}

function writeMetrics(): string {
  if (shop.isGone) return '# nothing\n';
  return [
    `shop_errors{service="order"} ${shop.errors}`,
    'shop_requests{service="order"} 100',
    'shop_errors{service="user"} 0',
    'shop_requests{service="user"} 100',
    'shop_ratio{service="order"} NaN',
    'shop_limit{service="order"} +Inf',
    '',
  ].join('\n');
}

beforeAll(async () => {
  if (!program) return;
  exporter = createServer((_, response) =>
    response.setHeader('content-type', 'text/plain; version=0.0.4').end(writeMetrics()),
  );
  exporter.listen(0, '127.0.0.1');
  await once(exporter, 'listening');
  folder = await mkdtemp(path.join(tmpdir(), 'resident-prometheus-'));
  const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
  await writeFile(
    path.join(folder, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '200ms', scrape_timeout: '200ms', evaluation_interval: '200ms' },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'shop', static_configs: [{ targets: [target] }] }],
    }),
  );
  await writeFile(
    path.join(folder, 'rules.yml'),
    JSON.stringify({
      groups: [{ name: 'shop', rules: [{ alert: 'TooManyErrors', expr: rule, labels: { severity: 'critical' } }] }],
    }),
  );
  const port = await freePort();
  server = spawn(
    program,
    [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  prometheus = createPrometheus({ url: `http://127.0.0.1:${port}` });
  // It is refused until the server listens.
  const isScraped = () =>
    prometheus.query('shop_requests').then(
      (series) => series.length === 2,
      () => false,
    );
  await until('both services are scraped', isScraped, 30_000, 100);
});

afterAll(async () => {
  if (!program) return;
  if (server && server.exitCode === null) {
    server.kill('SIGTERM');
    await once(server, 'exit');
  }
  exporter.closeAllConnections();
  exporter.close();
  await rm(folder, { recursive: true, force: true });
});

const labels = { alertname: 'TooManyErrors', service: 'order', severity: 'critical' };

describe.skipIf(!program)('a real Prometheus', () => {
  it('tells the expression of a rule by its name, whatever the sender claims', async () => {
    const told = await prometheus.findExpression({ name: 'TooManyErrors', labels, expression: 'vector(0) > 1' });
    expect(told?.replace(/\s+/g, '')).toBe(rule.replace(/\s+/g, ''));
    expect(await prometheus.findExpression({ name: 'Unheard', labels })).toBeUndefined();
  });

  it('a healthy condition is ok, with its value, although the expression answers nothing', async () => {
    expect(await prometheus.query(rule)).toEqual([]);
    expect(await prometheus.readCondition(rule, labels)).toMatchObject({ state: 'ok', value: 0, threshold: '> 0.2' });
  });

  it('a condition that holds is breached, and only for the service that it names', async () => {
    shop.errors = 40;
    expect(await readUntil('breached')).toMatchObject({ value: 0.4, threshold: '> 0.2' });
    expect(await prometheus.readCondition(rule, { ...labels, service: 'user' })).toMatchObject({
      state: 'ok',
      value: 0,
    });
  });

  it('a range has values that JSON can hold, with their times', async () => {
    const now = Date.now();
    const window = { from: new Date(now - 60_000).toISOString(), to: new Date(now).toISOString() };
    const [series] = await prometheus.queryRange('shop_errors{service="order"}', window);
    expect(series?.labels).toMatchObject({ service: 'order' });
    expect(series?.points.at(-1)?.[1]).toBe(40);
    const [nan] = await prometheus.queryRange('shop_ratio', window);
    expect(nan?.points).toEqual([]);
    expect(nan?.notNumbers).toBeGreaterThan(0);
  });

  it('a long window is asked in at most 600 points', async () => {
    const now = Date.now();
    const window = { from: new Date(now - 7 * 86_400_000).toISOString(), to: new Date(now).toISOString() };
    const [series] = await prometheus.queryRange('vector(1)', window);
    expect(series?.points.length).toBeGreaterThan(500);
    expect(series?.points.length).toBeLessThanOrEqual(600);
  });

  it('what is no number is unknown, not ok', async () => {
    expect(await prometheus.readCondition('shop_ratio > 0.5', labels)).toMatchObject({ state: 'unknown', value: null });
    expect(await prometheus.readCondition('shop_limit > 0.5', labels)).toMatchObject({
      state: 'breached',
      value: null,
    });
  });

  it('a wrong expression is told as such, short or too long for a URL', async () => {
    await expect(prometheus.query('sum(')).rejects.toMatchObject({ trouble: { kind: 'BadQuery', retryable: false } });
    const long = Array.from({ length: 300 }, (_, n) => `shop_errors{n="${n}"}`).join(' or ');
    expect(await prometheus.query(long)).toEqual([]);
  });

  it('a metric that vanished is unknown, not recovered', async () => {
    shop.isGone = true;
    expect((await readUntil('unknown')).detail).toContain('has no data');
  });
});
