import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { createRepository } from '../../fakes/repository.ts';

/** Two services that exist as files alone: `checkout` asks `tax`, and a commit of `tax` broke its rates minutes ago. */
export interface Fleet {
  readonly folder: string;
  readonly culprit: string;
  /** The revision of `tax` that ran before. */
  readonly healthy: string;
  /** ISO time at which the failures began. */
  readonly brokeAt: string;
  readonly deployed: (service: string) => string;
  /** What the deploy command did, a line a call: the witness of actions. */
  readonly ledger: () => readonly LedgerLine[];
  /** From now on a deploy of this revision does its work and then says that it failed. */
  readonly failDeploysOf: (revision: string) => void;
}

export interface LedgerLine {
  readonly actionId: string;
  readonly service: string;
  readonly revision: string;
  readonly event: 'begun' | 'done';
}

const minute = 60_000;
/** Long enough to be seen at work, and killed, from outside. */
const deployMs = 1_000;

const healthyRates = `const percents = { DE: 19, FR: 20 };

/** The rate of a country in percent. */
export function rateOf(country) {
  return percents[country];
}
`;
const brokenRates = `const percents = { north: { DE: 19 }, south: { FR: 20 } };

/** The rate of a country in percent. */
export function rateOf(country, region) {
  return percents[region][country];
}
`;
const contractTest = `import assert from 'node:assert/strict';
import test from 'node:test';
import { totalOf } from '../src/total.js';
import { rateOf } from '../../tax/src/rates.js';

test('an order to Germany has a total', () => assert.equal(totalOf(100, rateOf('DE')), 119));
`;
const deployScript = `import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const [service, revision] = process.argv.slice(2);
const note = (event) => appendFileSync('ledger.jsonl', JSON.stringify({ actionId: process.env.RESIDENT_ACTION_ID, service, revision, event }) + '\\n');
note('begun');
setTimeout(() => {
  const previous = readFileSync('deployed/' + service, 'utf8');
  writeFileSync('deployed/' + service, revision);
  const at = new Date().toISOString();
  appendFileSync('deploys.jsonl', JSON.stringify({ id: 'd-' + at, service, revision, previous, at }) + '\\n');
  note('done');
  if (existsSync('fails') && readFileSync('fails', 'utf8') === revision) process.exitCode = 1;
}, ${deployMs});
`;

export function createFleet(folder: string): Fleet {
  const nowMs = Date.now();
  const ago = (minutes: number) => new Date(nowMs - minutes * minute).toISOString();
  for (const name of ['logs', 'deployed', 'repos']) mkdirSync(path.join(folder, name), { recursive: true });
  const manifest = (name: string) => ({ 'package.json': JSON.stringify({ name, type: 'module' }) });

  const tax = createRepository(path.join(folder, 'repos', 'tax'));
  tax.commit(ago(3000), 'Tell the rate of a country', { ...manifest('tax'), 'src/rates.js': healthyRates });
  const healthy = tax.commit(ago(60), 'Say what the service is for', { 'README.md': '# tax\n' });
  const culprit = tax.commit(ago(9), 'Keep the rates by region', { 'src/rates.js': brokenRates });
  const head = tax.commit(ago(8), 'Name the owners', { 'README.md': '# tax\n\nOwned by team-tax.\n' });

  const checkout = createRepository(path.join(folder, 'repos', 'checkout'));
  const total = 'export const totalOf = (net, percent) => (net * (100 + percent)) / 100;\n';
  const first = checkout.commit(ago(3000), 'Compute totals', { ...manifest('checkout'), 'src/total.js': total });
  const second = checkout.commit(ago(12), 'Test the total with tax as it is', {
    'test/contract.test.js': contractTest,
  });

  writeFileSync(path.join(folder, 'deployed', 'tax'), head);
  writeFileSync(path.join(folder, 'deployed', 'checkout'), second);
  writeLines(path.join(folder, 'deploys.jsonl'), [
    { id: 'd-1', service: 'tax', revision: healthy, at: ago(55) },
    { id: 'd-2', service: 'checkout', revision: second, previous: first, at: ago(11) },
    { id: 'd-3', service: 'tax', revision: head, previous: healthy, at: ago(5) },
  ]);
  writeLogs(folder, nowMs);
  writeFileSync(path.join(folder, 'deploy.mjs'), deployScript);
  const current = `import { readFileSync } from 'node:fs';\nconsole.log(readFileSync('deployed/' + process.argv[2], 'utf8'));\n`;
  writeFileSync(path.join(folder, 'current.mjs'), current);
  return {
    folder,
    culprit,
    healthy,
    brokeAt: ago(4),
    deployed: (service) => readFileSync(path.join(folder, 'deployed', service), 'utf8'),
    ledger: () => readLines(path.join(folder, 'ledger.jsonl')),
    failDeploysOf: (revision) => writeFileSync(path.join(folder, 'fails'), revision),
  };
}

/** Half an hour of quiet; then, for the last four minutes, every third request to Germany fails. */
function writeLogs(folder: string, nowMs: number): void {
  const stack =
    "TypeError: Cannot read properties of undefined (reading 'DE')\n" +
    '    at rateOf (/srv/tax/src/rates.js:5:26)\n    at answer (/srv/tax/src/server.js:21:10)';
  const tax: unknown[] = [];
  const checkout: unknown[] = [];
  for (let atMs = nowMs - 30 * minute; atMs < nowMs; atMs += 5_000) {
    const time = new Date(atMs).toISOString();
    const isBroken = atMs > nowMs - 4 * minute && atMs % 3 !== 0;
    const requestId = `r${atMs}`;
    if (isBroken) {
      tax.push({ time, level: 'error', service: 'tax', msg: 'GET /rates/DE failed', requestId, stack });
      const msg = 'tax answered 500 to GET /rates/DE';
      checkout.push({ time, level: 'error', service: 'checkout', msg, upstream: 'tax', status: 500, requestId });
    } else {
      tax.push({ time, level: 'info', service: 'tax', msg: 'GET /rates/DE answered 200', requestId });
      checkout.push({ time, level: 'info', service: 'checkout', msg: 'order placed', requestId });
    }
  }
  writeLines(path.join(folder, 'logs', 'tax.log'), tax);
  writeLines(path.join(folder, 'logs', 'checkout.log'), checkout);
}

export interface FleetConfig {
  readonly prometheusUrl?: string;
  /** Address of the fake model; without it the analyst works alone. */
  readonly modelUrl?: string;
}

/** Names of the variables that the configuration reads its secrets from. */
export const secretVariables = { webhook: 'KILL_TEST_WEBHOOK_TOKEN', notify: 'KILL_TEST_NOTIFY_URL' } as const;

/** Writes resident.yaml as the fleet's engineers would, with short durations. */
export function writeFleetConfig(fleet: Fleet, { prometheusUrl, modelUrl }: FleetConfig): string {
  const file = path.join(fleet.folder, 'resident.yaml');
  const ratio = 'checkout_error_ratio';
  const describe = (name: string, extra: object) => ({
    owner: `team-${name}`,
    source: `./repos/${name}`,
    language: 'node',
    logs: [{ files: `./logs/${name}*.log`, format: 'json' }],
    deploys: { file: './deploys.jsonl' },
    actions: {
      'deploy.rollback': {
        command: ['node', 'deploy.mjs', name, '{revision}'],
        current: ['node', 'current.mjs', name],
      },
    },
    mode: 'assist',
    approvers: ['ana'],
    ...extra,
  });
  const sandbox = { image: 'node', test: ['node', '--test'], reproduce: ['node', '--test', 'test/'], memoryMb: 128 };
  const watched = {
    metrics: [{ name: 'error ratio', expr: ratio }],
    objectives: [{ name: 'errors below 5 %', expr: ratio, max: 0.05 }],
  };
  const content = {
    version: 1,
    gateway: { listen: '127.0.0.1:0', webhooks: { alertmanager: { bearer: { env: secretVariables.webhook } } } },
    people: [{ name: 'ana' }],
    notify: { webhooks: [{ env: secretVariables.notify }] },
    ...(prometheusUrl === undefined ? {} : { prometheus: { url: prometheusUrl } }),
    ...(modelUrl === undefined ? {} : { engine: { kind: 'claude', model: 'fake-model', baseUrl: modelUrl } }),
    windows: { lookbackMinutes: 2, baselineMinutes: 15, changesHours: 1 },
    timings: {
      debounceSeconds: 1,
      watchMinutes: 0.05,
      watchReadings: 2,
      heartbeatSeconds: 2,
      sandboxTimeoutSeconds: 60,
    },
    services: {
      checkout: describe('checkout', { dependsOn: ['tax'], sandbox, ...(prometheusUrl ? watched : {}) }),
      tax: describe('tax', { sandbox: { image: 'node', memoryMb: 128 } }),
    },
  };
  writeFileSync(file, stringify(content, { lineWidth: 0 }));
  return file;
}

function writeLines(file: string, values: readonly unknown[]): void {
  writeFileSync(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
}

function readLines(file: string): LedgerLine[] {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as LedgerLine);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
