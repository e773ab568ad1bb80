import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { createPythonHistory, pythonServices, type PythonHistory } from './python-history.ts';
import type { PythonService, PythonVariant } from './python-commits.ts';

const run = promisify(execFile);
const sources = path.join(import.meta.dirname, 'python');
const hourMs = 3_600_000;

export interface PythonFleet {
  readonly folder: string;
  readonly history: PythonHistory;
  readonly ports: Readonly<Record<PythonService, number>>;
  /** Runs the fleet's own tool, as its continuous delivery would. */
  readonly tool: (...args: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface LedgerLine {
  readonly command: string;
  readonly service: string;
  readonly revision: string;
  readonly effect: 'switched' | 'already' | 'restarted';
  /** The action of Resident on whose behalf the tool ran. */
  readonly action?: string;
}

/** Starts the three services at the revisions from before the incident, and the outside provider of exchange rates. */
export async function startPythonFleet(folder: string, variant: PythonVariant): Promise<PythonFleet> {
  const history = createPythonHistory(folder, variant);
  const [booking, slots, rates, exchange] = [await takePort(), await takePort(), await takePort(), await takePort()];
  const ports = { booking, slots, rates };
  for (const name of ['logs', 'run', 'secrets']) mkdirSync(path.join(folder, name));
  for (const name of ['fleet.py', 'exchange.py']) copyFileSync(path.join(sources, name), path.join(folder, name));
  chmodSync(path.join(folder, 'fleet.py'), 0o755);
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const description = {
    exchange,
    services: Object.fromEntries(
      pythonServices.map((name) => [name, { port: ports[name], repository: history.repositories[name] }]),
    ),
    environment: {
      ...{ SLOTS_URL: at(slots), RATES_URL: at(rates), EXCHANGE_URL: at(exchange) },
      ...{ PYTHONDONTWRITEBYTECODE: '1', TZ: 'UTC' },
    },
  };
  writeFileSync(path.join(folder, 'fleet.json'), JSON.stringify(description));
  const tool: PythonFleet['tool'] = async (...args) => {
    const env = { ...process.env, DEPLOYED_BY: 'pipeline' };
    const { stdout } = await run(path.join(folder, 'fleet.py'), args, { cwd: folder, env, timeout: 60_000 });
    return stdout.trim();
  };
  const stop = async (): Promise<void> => void (await tool('stop'));
  try {
    await tool('exchange', 'up');
    for (const name of pythonServices) await tool('deploy', name, history.deployed[name]);
  } catch (error) {
    await stop();
    throw error;
  }
  backdateDeploys(path.join(folder, 'deploys.jsonl'));
  writeFileSync(path.join(folder, 'ledger.jsonl'), '');
  return { folder, history, ports, tool, stop };
}

/**
 * A free port below those that systems give out by themselves (Linux: from 32768 on): a service that is deployed anew must find its
 * port again, though others on this machine open and close theirs.
 */
async function takePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}

/** What runs has run for a day and a half: only the processes were started just now. */
function backdateDeploys(file: string): void {
  const at = new Date(Date.now() - 36 * hourMs).toISOString();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const dated = lines.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), at }));
  writeFileSync(file, `${dated.join('\n')}\n`);
}

export function readPythonLedger(fleet: PythonFleet): readonly LedgerLine[] {
  const lines = readFileSync(path.join(fleet.folder, 'ledger.jsonl'), 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as LedgerLine);
}

/** Writes resident.yaml as the fleet's owners did, with this run's addresses filled in. */
export function writePythonConfig(
  fleet: PythonFleet,
  values: { readonly GATEWAY_PORT: number; readonly PROMETHEUS: string; readonly MODE: string },
): string {
  const template = readFileSync(path.join(sources, 'resident.yaml'), 'utf8');
  const text = template.replaceAll(/\$\{([A-Z_]+)\}/g, (_, name: string) =>
    String(values[name as keyof typeof values]),
  );
  const file = path.join(fleet.folder, 'resident.yaml');
  writeFileSync(file, text);
  return file;
}

export interface PythonLoad {
  /** Answers so far, by status. */
  readonly answers: Readonly<Record<string, number>>;
  readonly stop: () => void;
}

const currencies = ['EUR', 'EUR', 'USD', 'GBP', 'PLN', 'EUR', 'USD'];

/** People who book rooms, eight a second; now and then one pays in a currency that does not exist, or forgets the day. */
export function startPythonLoad(fleet: PythonFleet): PythonLoad {
  const answers: Record<string, number> = {};
  let number = 0;
  const send = async (): Promise<void> => {
    number += 1;
    const day = `2026-12-${String(1 + (number % 28)).padStart(2, '0')}`;
    const currency = number % 31 === 0 ? 'XAU' : currencies[number % currencies.length];
    const body = number % 43 === 0 ? {} : { day, minutes: number % 5 === 0 ? 120 : 60, currency };
    const request = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) };
    const status = await fetch(`http://127.0.0.1:${fleet.ports.booking}/bookings`, request).then(
      async (answer) => (await answer.text(), String(answer.status)),
      () => 'none',
    );
    answers[status] = (answers[status] ?? 0) + 1;
  };
  const ticker = setInterval(() => void send(), 125);
  return { answers, stop: () => clearInterval(ticker) };
}
