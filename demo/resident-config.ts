import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { SERVICES } from './history/recipe.ts';
import type { ServiceName } from './history/recipe.ts';
import { errorRatio, upstreamErrorRatio } from './monitoring.ts';
import { shopTools } from './run-shop.ts';
import type { Shop } from './run-shop.ts';

export interface ResidentConfigOptions {
  /** host:port of the gateway. */
  readonly listen: string;
  /** Absent where Prometheus is: then no metric is configured. */
  readonly prometheusUrl?: string;
  /** File with the bearer token that Alertmanager shows. */
  readonly webhookTokenFile: string;
  /** File with the token of ana, who approves. */
  readonly approverTokenFile: string;
  readonly temporalAddress?: string;
  readonly mode?: 'observe' | 'assist' | 'semi-auto' | 'collaborative';
  /** Address of a Messages API; with it Claude argues on top of the analyst. */
  readonly modelUrl?: string;
  /** A Git repository that outlives the shop, so that the next demo can recall what this one learned. */
  readonly lessonsRepository?: string;
  /** How soon a killed worker is noticed; the product's default when absent. */
  readonly heartbeatSeconds?: number;
}

const dependencies: Record<ServiceName, readonly ServiceName[]> = {
  'order-service': ['user-service', 'inventory-service', 'payment-service'],
  'user-service': [],
  'payment-service': [],
  'inventory-service': [],
};

const owners: Record<ServiceName, string> = {
  'order-service': 'team-orders',
  'user-service': 'team-identity',
  'payment-service': 'team-payments',
  'inventory-service': 'team-warehouse',
};

/** Writes `<shop folder>/resident.yaml`, as an engineer of the shop would, and returns its path. */
export function writeResidentConfig(shop: Shop, options: ResidentConfigOptions): string {
  const file = path.join(shop.folder, 'resident.yaml');
  const services = Object.fromEntries(SERVICES.map((name) => [name, describeService(shop, name, options)]));
  const content = {
    version: 1,
    ...(options.temporalAddress === undefined ? {} : { temporal: { address: options.temporalAddress } }),
    gateway: {
      listen: options.listen,
      webhooks: { alertmanager: { bearer: { file: options.webhookTokenFile } } },
    },
    people: [{ name: 'ana', token: { file: options.approverTokenFile } }],
    ...(options.prometheusUrl === undefined ? {} : { prometheus: { url: options.prometheusUrl } }),
    // The demo's healthy time is short: look back twenty seconds, and compare with the minute before.
    windows: { lookbackMinutes: 0.33, baselineMinutes: 1, changesHours: 1 },
    timings: {
      debounceSeconds: 1,
      approvalTimeoutMinutes: 30,
      watchMinutes: 0.33,
      watchReadings: 2,
      ...(options.heartbeatSeconds === undefined ? {} : { heartbeatSeconds: options.heartbeatSeconds }),
    },
    ...(options.modelUrl === undefined
      ? {}
      : { engine: { kind: 'claude', model: 'fake-model', baseUrl: options.modelUrl } }),
    ...(options.lessonsRepository === undefined ? {} : { lessons: { repository: options.lessonsRepository } }),
    services,
  };
  writeFileSync(file, stringify(content, { lineWidth: 0 }));
  return file;
}

function describeService(shop: Shop, name: ServiceName, options: ResidentConfigOptions): unknown {
  const folder = shop.folder;
  const hasMetrics = options.prometheusUrl !== undefined;
  return {
    owner: owners[name],
    source: `./${path.relative(folder, shop.repos[name].path)}`,
    language: 'node',
    dependsOn: dependencies[name],
    logs: [{ files: `./logs/${name}*.log`, format: 'json' }],
    ...(hasMetrics ? { metrics: describeMetrics(name) } : {}),
    deploys: { file: './deploys.jsonl' },
    sandbox: {
      image: 'node',
      test: ['node', '--test'],
      ...(name === 'order-service' ? { reproduce: ['node', '--test', 'test/contract/place-orders.test.js'] } : {}),
      memoryMb: 256,
    },
    ...(hasMetrics ? { objectives: [{ name: 'errors below 5 %', expr: errorRatio(name), max: 0.05 }] } : {}),
    actions: {
      'deploy.rollback': {
        command: ['node', shopTools.deploy, folder, name, '{revision}'],
        current: ['node', shopTools.current, folder, name],
      },
      'service.restart': {
        command: ['node', shopTools.restart, folder, name],
        current: ['node', shopTools.current, folder, name],
      },
    },
    mode: options.mode ?? 'assist',
    approvers: ['ana'],
  };
}

function describeMetrics(name: ServiceName): unknown {
  const callsOthers = name === 'order-service' || name === 'payment-service';
  const seconds = (part: string) => `sum(rate(http_request_duration_seconds_${part}{service="${name}"}[10s]))`;
  return [
    { name: 'error ratio', expr: errorRatio(name) },
    { name: 'requests per second', expr: `sum(rate(http_requests_total{service="${name}"}[10s]))` },
    { name: 'mean duration in seconds', expr: `${seconds('sum')} / (${seconds('count')} > 0)` },
    ...(callsOthers ? [{ name: 'upstream error ratio', expr: upstreamErrorRatio(name) }] : []),
    { name: 'unauthorized ratio', expr: unauthorizedRatio(name) },
  ];
}

/** The share of answers that were 401: a neighbour's failure that is no 5xx of its own. */
function unauthorizedRatio(name: ServiceName): string {
  const rate = (labels: string) => `sum(rate(http_requests_total{service="${name}"${labels}}[10s]))`;
  return `(${rate(',code="401"')} or vector(0)) / (${rate('')} > 0)`;
}
