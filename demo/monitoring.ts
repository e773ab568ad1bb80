import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { SERVICES } from './history/recipe.ts';
import { findFreePorts } from './run-shop.ts';
import type { Shop } from './run-shop.ts';

export const ALERT_NAME = 'OrderServiceErrorRatioHigh';

/** The share of requests that a service answered with 5xx in the last ten seconds; no value when nobody asked. */
export function errorRatio(service: string): string {
  const rate = (labels: string) => `sum(rate(http_requests_total{service="${service}"${labels}}[10s]))`;
  return `(${rate(',code=~"5.."')} or vector(0)) / (${rate('')} > 0)`;
}

/** For each neighbour of `service`: the share of its calls that got no answer, or one that is nobody's normal business. */
export function upstreamErrorRatio(service: string): string {
  const rate = (labels: string) =>
    `sum by (upstream) (rate(upstream_requests_total{service="${service}"${labels}}[10s]))`;
  return `(${rate(',code!~"2..|402|404|409"')} or ${rate('')} * 0) / (${rate('')} > 0)`;
}

export interface MonitoringFiles {
  readonly folder: string;
  readonly prometheus: string;
  readonly rules: string;
  readonly alertmanager: string;
}

/**
 * Writes prometheus.yml, its rules and alertmanager.yml into `<shop folder>/monitoring`. `webhook.tokenFile` holds the
 * bearer token that Alertmanager shows to Resident. Valid for Prometheus 2.42 and Alertmanager 0.25.
 */
export function writeMonitoring(
  shop: Shop,
  options: { alertmanagerPort: number; webhook: { url: string; tokenFile: string } },
): MonitoringFiles {
  const folder = path.join(shop.folder, 'monitoring');
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: unknown) => {
    const file = path.join(folder, name);
    writeFileSync(file, stringify(content, { lineWidth: 0 }));
    return file;
  };
  const rules = write('rules.yml', describeRules());
  return {
    folder,
    rules,
    prometheus: write('prometheus.yml', describeScrapes(shop, rules, options.alertmanagerPort)),
    alertmanager: write('alertmanager.yml', describeRoutes(options.webhook)),
  };
}

export interface Monitoring {
  readonly prometheusUrl: string;
  readonly alertmanagerUrl: string;
  readonly stop: () => Promise<void>;
}

/** Starts both servers on loopback and waits until both are ready; throws with the end of their log when one is not. */
export async function startMonitoring(
  shop: Shop,
  options: { prometheusBinary: string; alertmanagerBinary: string; webhook: { url: string; tokenFile: string } },
): Promise<Monitoring> {
  const [prometheusPort = 0, alertmanagerPort = 0] = await findFreePorts(2);
  const files = writeMonitoring(shop, { alertmanagerPort, webhook: options.webhook });
  const prometheusUrl = `http://127.0.0.1:${prometheusPort}`;
  const alertmanagerUrl = `http://127.0.0.1:${alertmanagerPort}`;
  const servers = [
    startServer(files.folder, 'alertmanager', options.alertmanagerBinary, [
      `--config.file=${files.alertmanager}`,
      `--storage.path=${path.join(files.folder, 'alertmanager-data')}`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      '--cluster.listen-address=',
    ]),
    startServer(files.folder, 'prometheus', options.prometheusBinary, [
      `--config.file=${files.prometheus}`,
      `--storage.tsdb.path=${path.join(files.folder, 'prometheus-data')}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]),
  ];
  const stop = async () => {
    await Promise.all(servers.map(({ child }) => endServer(child)));
  };
  try {
    await Promise.all([waitUntilReady(servers[0], alertmanagerUrl), waitUntilReady(servers[1], prometheusUrl)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { prometheusUrl, alertmanagerUrl, stop };
}

function describeRules(): unknown {
  const rule = {
    alert: ALERT_NAME,
    expr: `${errorRatio('order-service')} > 0.2`,
    for: '3s',
    labels: { severity: 'critical', service: 'order-service' },
    annotations: {
      summary: 'order-service answers too many requests with errors',
      description: '{{ $value | humanizePercentage }} of the requests of the last ten seconds were answered with 5xx.',
    },
  };
  return { groups: [{ name: 'shop', interval: '1s', rules: [rule] }] };
}

function describeScrapes(shop: Shop, rules: string, alertmanagerPort: number): unknown {
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    scrape_configs: SERVICES.map((name) => ({
      job_name: name,
      static_configs: [{ targets: [`127.0.0.1:${shop.ports[name]}`] }],
    })),
  };
}

function describeRoutes(webhook: { url: string; tokenFile: string }): unknown {
  return {
    route: {
      receiver: 'resident',
      group_by: ['service'],
      group_wait: '1s',
      group_interval: '2s',
      repeat_interval: '1m',
    },
    receivers: [
      {
        name: 'resident',
        webhook_configs: [
          {
            url: webhook.url,
            send_resolved: true,
            http_config: { authorization: { type: 'Bearer', credentials_file: path.resolve(webhook.tokenFile) } },
          },
        ],
      },
    ],
  };
}

interface StartedServer {
  readonly child: ChildProcess;
  readonly name: string;
  readonly logFile: string;
}

function startServer(folder: string, name: string, binary: string, args: readonly string[]): StartedServer {
  const logFile = path.join(folder, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(binary, args, { cwd: folder, stdio: ['ignore', log, log] });
  closeSync(log);
  // A program that is absent shows in waitUntilReady; without a listener the event would end this process.
  child.on('error', (error) => writeFileSync(logFile, `${binary}: ${error.message}\n`, { flag: 'a' }));
  writeFileSync(path.join(folder, `${name}.pid`), String(child.pid ?? ''));
  return { child, name, logFile };
}

async function waitUntilReady(server: StartedServer | undefined, url: string): Promise<void> {
  if (!server) return;
  const deadline = Date.now() + 20_000;
  while (Date.now() < deadline && server.child.pid !== undefined && server.child.exitCode === null) {
    const response = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const tail = readFileSync(server.logFile, 'utf8').slice(-2000);
  throw new Error(`${server.name} did not become ready at ${url}. The end of ${server.logFile}:\n${tail}`);
}

async function endServer(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(hard);
}
