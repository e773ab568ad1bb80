import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { execa } from 'execa';
import type { ServiceHistory, ShopHistory } from './history/create-shop-history.ts';
import { SERVICES } from './history/recipe.ts';
import type { ServiceName } from './history/recipe.ts';

const DEPLOY_LIMIT_MS = 60_000;

/** In a group of its own: a Ctrl-C of the demo's terminal must not break a deploy off half way. */
const run = (file: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; timeout?: number } = {}) =>
  execa(file, args, { ...options, extendEnv: options.env === undefined, detached: true });

/** The commands of the shop's engineers: plain Node programs with an argv of their own, no shell. */
export const shopTools = {
  deploy: tool('deploy'),
  bringUp: tool('bring-up'),
  current: tool('current'),
  restart: tool('restart'),
  acquirer: tool('acquirer'),
} as const;

export interface Shop {
  readonly folder: string;
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly acquirerPort: number;
  readonly repos: Readonly<Record<ServiceName, ServiceHistory>>;
  readonly logFolder: string;
  readonly deploysFile: string;
  readonly ledgerFile: string;
}

/** `speed` business hours pass in each hour of wall time; 3600 is an hour a second. */
export interface ShopClock {
  readonly epochMs: number;
  readonly speed: number;
}

/**
 * Starts the four services at the revisions that were deployed before the incident, and the outside acquirer. The
 * processes outlive this one: `stopShop` ends them. Throws when a service does not become healthy.
 */
export async function startShop(options: {
  folder: string;
  repos: ShopHistory['repos'];
  ports?: Readonly<Record<ServiceName, number>>;
  clock?: ShopClock;
}): Promise<Shop> {
  const folder = path.resolve(options.folder);
  const clock = options.clock ?? { epochMs: Date.now(), speed: 3600 };
  const [acquirerPort = 0, ...free] = await findFreePorts(SERVICES.length + 1);
  const ports = options.ports ?? (Object.fromEntries(SERVICES.map((name, i) => [name, free[i]])) as Shop['ports']);
  const shop: Shop = {
    folder,
    ports,
    acquirerPort,
    repos: options.repos,
    logFolder: path.join(folder, 'logs'),
    deploysFile: path.join(folder, 'deploys.jsonl'),
    ledgerFile: path.join(folder, 'ledger.jsonl'),
  };
  for (const name of ['logs', 'run']) mkdirSync(path.join(folder, name), { recursive: true });
  writeShopFile(shop, clock);
  writePastDeploys(shop);
  writeFileSync(shop.ledgerFile, '', { flag: 'a' });
  await run(process.execPath, [shopTools.acquirer, 'start', folder]);
  await Promise.all(
    SERVICES.map((name) =>
      run(process.execPath, [shopTools.bringUp, folder, name, options.repos[name].deployedBefore]),
    ),
  );
  return shop;
}

/** Runs the deploy tool, as the continuous delivery of the shop would; throws with its output when it fails. */
export async function deploy(shop: Shop, service: ServiceName, revision: string, by = 'ci'): Promise<string> {
  const env = { ...process.env, DEPLOYED_BY: by };
  const args = [shopTools.deploy, shop.folder, service, revision];
  const { stdout } = await run(process.execPath, args, { env, timeout: DEPLOY_LIMIT_MS });
  return stdout.trim();
}

/** The revision that the deploy tool last put in place. */
export async function readDeployedRevision(shop: Shop, service: ServiceName): Promise<string> {
  const { stdout } = await run(process.execPath, [shopTools.current, shop.folder, service]);
  return stdout.trim();
}

/** Takes the outside payment provider down: from now on it refuses connections. */
export async function stopAcquirer(shop: Shop): Promise<void> {
  await run(process.execPath, [shopTools.acquirer, 'stop', shop.folder]);
}

export async function startAcquirer(shop: Shop): Promise<void> {
  await run(process.execPath, [shopTools.acquirer, 'start', shop.folder]);
}

/**
 * Ends every process of the shop in `folder` by its pid file, after checking its command line; one that is gone or is
 * a stranger's is left alone. Returns the names of what it ended.
 */
export async function stopShop(folder: string): Promise<string[]> {
  const runFolder = path.join(folder, 'run');
  if (!existsSync(runFolder)) return [];
  const names = readdirSync(runFolder).filter((name) => name.endsWith('.json'));
  const ended = await Promise.all(names.map((name) => endProcess(path.resolve(folder), path.basename(name, '.json'))));
  return ended.filter((name) => name !== undefined);
}

/** The lines of `ledger.jsonl`: one for each execution of the deploy or restart tool, written by the tool itself. */
export function readLedger(shop: Shop): LedgerLine[] {
  const lines = readFileSync(shop.ledgerFile, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as LedgerLine);
}

export interface LedgerLine {
  readonly at: string;
  readonly command: 'deploy' | 'restart';
  readonly service: ServiceName;
  readonly revision: string;
  /** `already`: the revision ran, and nothing was done. */
  readonly effect: 'switched' | 'already' | 'restarted';
  readonly actionId?: string;
}

function tool(name: string): string {
  return path.join(import.meta.dirname, 'shop', 'tools', `${name}.js`);
}

async function endProcess(folder: string, name: string): Promise<string | undefined> {
  const { pid } = JSON.parse(readFileSync(path.join(folder, 'run', `${name}.json`), 'utf8')) as { pid: number };
  const marker = name === 'acquirer' ? path.join('acquirer', 'main.js') : path.join(folder, 'releases', name);
  if (!(await hasCommandLine(pid, marker))) return undefined;
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 3000;
  while (await hasCommandLine(pid, marker)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return name;
}

async function hasCommandLine(pid: number, marker: string): Promise<boolean> {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(marker);
    const { stdout } = await run('ps', ['-o', 'command=', '-p', String(pid)]);
    return stdout.includes(marker);
  } catch {
    return false;
  }
}

function writeShopFile(shop: Shop, clock: ShopClock): void {
  const url = (port: number) => `http://127.0.0.1:${port}`;
  const services = SERVICES.map((name) => [name, { port: shop.ports[name], repository: shop.repos[name].path }]);
  const environment = {
    LOG_FOLDER: shop.logFolder,
    CLOCK_EPOCH: String(clock.epochMs),
    CLOCK_SPEED: String(clock.speed),
    SESSION_KEY: randomBytes(32).toString('hex'),
    USER_SERVICE_URL: url(shop.ports['user-service']),
    INVENTORY_SERVICE_URL: url(shop.ports['inventory-service']),
    PAYMENT_SERVICE_URL: url(shop.ports['payment-service']),
    ACQUIRER_URL: url(shop.acquirerPort),
  };
  const content = { services: Object.fromEntries(services) as object, acquirerPort: shop.acquirerPort, environment };
  writeFileSync(path.join(shop.folder, 'shop.json'), JSON.stringify(content, null, 2), { mode: 0o600 });
}

/** Deploys of the weeks before, a quarter of an hour after their commits, so that the records do not begin with the demo. */
function writePastDeploys(shop: Shop): void {
  const records = SERVICES.flatMap((service) => {
    const { revisions, deployedBefore } = shop.repos[service];
    const last = revisions.findIndex(({ sha }) => sha === deployedBefore);
    return revisions.slice(last - 3, last + 1).map(({ sha, at }, index) => ({
      id: `deploy-${sha.slice(0, 8)}`,
      service,
      revision: sha,
      previous: revisions[last - 4 + index]?.sha,
      at: new Date(Date.parse(at) + 15 * 60_000).toISOString(),
      by: 'ci',
      status: 'succeeded',
    }));
  });
  records.sort((left, right) => left.at.localeCompare(right.at));
  writeFileSync(shop.deploysFile, records.map((record) => JSON.stringify(record) + '\n').join(''));
}

/** Ports that were free a moment ago. They are all held open until the last one is found, so that they differ. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const listen = (server: (typeof servers)[number]) =>
    new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const ports = await Promise.all(servers.map(listen));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
