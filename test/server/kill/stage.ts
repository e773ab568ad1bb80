import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { openEngine } from '../../../src/adapters/docker/engine.ts';
import { labels } from '../../../src/adapters/docker/policy.ts';
import { createImageBuilder } from '../../../src/adapters/image-builder/builder.ts';
import { keepAlive } from '../../../src/cli/keep-alive.ts';
import { keepServer } from '../../../src/cli/keep-server.ts';
import { programFor } from '../../../src/cli/program.ts';
import { planWorkers } from '../../../src/cli/worker-processes.ts';
import { cacheFolder, childEnvironment } from '../../../src/config.ts';
import { freePort } from '../../../src/setup/free-port.ts';
import { startDocker, startPrometheus, startTemporal } from '../../../src/setup/servers.ts';
import { findProgram } from '../../find-program.ts';
import { secretVariables, type Fleet } from './fleet.ts';
import { until } from '../../until.ts';

/** Ends what was started, newest first. */
export interface Closing {
  add(end: () => unknown): void;
  end(): Promise<void>;
}

export function createClosing(): Closing {
  const ends: (() => unknown)[] = [];
  return {
    add: (end) => ends.push(end),
    end: async () => {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}

export function createFolder(closing: Closing): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-kill-'));
  closing.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A process that is started again whenever it ends, and can be killed. */
export interface Victim {
  readonly pid: () => number;
  /** SIGKILL. Settles when the next one has been started. */
  kill(): Promise<void>;
  /** How often it was started. */
  readonly starts: () => number;
}

/** The dev server with its state in a file, started again at its address when it is killed, and `mayStart` has settled. */
export async function runTemporal(
  program: string,
  folder: string,
  closing: Closing,
  mayStart: () => Promise<void> = async () => undefined,
): Promise<{ readonly address: string; readonly client: Client; readonly victim: Victim }> {
  const [port, uiPort] = [await freePort(), await freePort()];
  const pids: number[] = [];
  const server = await keepServer(
    'temporal',
    async () => {
      await mayStart();
      return startTemporal({
        command: program,
        env: childEnvironment(),
        stateFile: path.join(folder, 'temporal.db'),
        logFile: path.join(folder, 'temporal.log'),
        port,
        uiPort,
      });
    },
    { say: () => undefined, onStart: ({ pid }) => pids.push(pid) },
  );
  closing.add(() => server.stop());
  const connection = await Connection.connect({ address: server.address });
  closing.add(() => connection.close());
  return { address: server.address, client: new Client({ connection }), victim: createVictim(pids) };
}

interface RoleOptions {
  readonly role: string;
  readonly program: string;
  readonly configFile: string;
  readonly folder: string;
  /** All of it: nothing of ours is added. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly args?: () => readonly string[];
  readonly onMessage?: (message: unknown) => void;
}

/** A process of the product, kept running by what `resident up` keeps it running with, only without its growing pauses. */
function runRole(options: RoleOptions, closing: Closing): Victim {
  const { role, configFile, folder, environment, onMessage, args = () => [] } = options;
  const pids: number[] = [];
  const kept = keepAlive({
    role,
    spawn: () => {
      const program = programFor(options.program, ['--config', configFile, ...args()]);
      const log = openSync(path.join(folder, `${role}.log`), 'a');
      const child = spawn(program.command, program.args, {
        stdio: ['ignore', log, log, 'ipc'],
        detached: true,
        env: { ...environment, ...program.environment },
      });
      closeSync(log);
      return child;
    },
    onSpawn: (pid) => pids.push(pid),
    ...(onMessage ? { onMessage } : {}),
    onDeath: () => undefined,
    firstDelayMs: 50,
    longestDelayMs: 50,
  });
  closing.add(() => kept.stop());
  return createVictim(pids);
}

export interface ResidentOptions {
  readonly configFile: string;
  readonly folder: string;
  /** Where each process finds Temporal: itself, or a proxy before it. */
  readonly temporal: { readonly worker: string; readonly sandboxWorker?: string; readonly gateway: string };
  readonly notifyUrl: string;
  readonly dockerHost?: string | undefined;
}

export interface ResidentProcesses {
  readonly worker: Victim;
  /** The process that holds the Docker socket; absent without an engine, for then the worker does its part. */
  readonly sandboxWorker?: Victim;
  readonly gateway: Victim;
  readonly address: string;
}

/** Workers and gateway, as `resident up` would run them. Settles when the gateway listens. */
export async function runResident(options: ResidentOptions, closing: Closing): Promise<ResidentProcesses> {
  const { configFile, folder, temporal, notifyUrl, dockerHost } = options;
  const secrets = { [secretVariables.webhook]: webhookToken, [secretVariables.notify]: notifyUrl };
  let address = '';
  const gateway = runRole(
    {
      ...{ role: 'gateway', program: 'src/gateway/main.ts', configFile, folder },
      environment: childEnvironment({ ...secrets, TEMPORAL_ADDRESS: temporal.gateway }),
      // Started again it gets the same port: senders know it.
      args: () => (address ? ['--listen', new URL(address).host] : []),
      onMessage: (message) => (address = (message as { listening: string }).listening),
    },
    closing,
  );
  const extra = { ...secrets, ANTHROPIC_API_KEY: 'no-key-the-model-is-a-fake' };
  const victims = new Map<string, Victim>();
  const surroundings = { temporalAddress: temporal.worker, dockerHost: dockerHost ?? 'none', extra };
  for (const { name, program, roles, environment } of planWorkers(surroundings)) {
    const args = () => ['--roles', roles.join()];
    const own = name === 'sandbox-worker' && temporal.sandboxWorker ? { TEMPORAL_ADDRESS: temporal.sandboxWorker } : {};
    const role = { role: name, program, configFile, folder, environment: { ...environment, ...own }, args };
    victims.set(name, runRole(role, closing));
  }
  await until('the gateway listens', () => address !== '');
  const [worker, sandboxWorker] = [victims.get('worker'), victims.get('sandbox-worker')];
  if (!worker) throw new Error('There is no worker to kill.');
  return { worker, gateway, address, ...(sandboxWorker ? { sandboxWorker } : {}) };
}

function createVictim(pids: readonly number[]): Victim {
  return {
    pid: () => pids.at(-1) ?? 0,
    starts: () => pids.length,
    kill: async () => {
      const before = pids.length;
      process.kill(pids.at(-1) ?? 0, 'SIGKILL');
      await until('the killed process is started again', () => pids.length > before);
    },
  };
}

/** Our own engine with the sandbox image built; undefined, aloud, where there is no program for it. */
export async function runDocker(closing: Closing): Promise<string | undefined> {
  const command = await findProgram('dockerd');
  const given = process.env['DOCKER_HOST'];
  if (!command && !given) {
    process.stderr.write('SKIPPED, kills in the sandbox: no dockerd was found, so the sandbox answers cannot-run.\n');
    return undefined;
  }
  const host = given ?? (await startOwnDocker(command ?? '', closing));
  await createImageBuilder({ address: { dockerHost: host } }).ensureImage('node');
  return host;
}

async function startOwnDocker(command: string, closing: Closing): Promise<string> {
  const engine = await startDocker({ command, env: childEnvironment(), dataRoot: path.join(cacheFolder(), 'docker') });
  closing.add(() => engine.stop());
  return engine.address;
}

/** Containers of one incident's run, at work or left behind. */
export async function countSandboxes(dockerHost: string, runId: string): Promise<number> {
  const label = [`${labels.run}=${runId}`];
  return (await openEngine({ dockerHost }).listContainers({ all: true, filters: { label } })).length;
}

/** Prometheus over one figure, the share of failed checkouts; undefined, aloud, without the program. */
export async function runPrometheus(fleet: Fleet, closing: Closing): Promise<string | undefined> {
  const command = await findProgram('prometheus');
  if (!command) {
    process.stderr.write(
      'SKIPPED, readings of metrics: no Prometheus was found; the sender tells that the alert is resolved.\n',
    );
    return undefined;
  }
  const isHealthy = () => fleet.deployed('tax') === fleet.healthy;
  const exporter = createServer((_, response) =>
    response
      .setHeader('content-type', 'text/plain; version=0.0.4')
      .end(`checkout_error_ratio ${isHealthy() ? 0 : 0.4}\n`),
  );
  await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
  closing.add(() => exporter.close());
  const target = `127.0.0.1:${(exporter.address() as AddressInfo).port}`;
  const configFile = path.join(fleet.folder, 'prometheus.yml');
  writeFileSync(
    configFile,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs: [{ job_name: fleet, static_configs: [{ targets: ['${target}'] }] }]
`,
  );
  writeFileSync(
    path.join(fleet.folder, 'rules.yml'),
    'groups: [{ name: fleet, rules: [{ alert: CheckoutErrors, expr: checkout_error_ratio > 0.2 }] }]\n',
  );
  const server = await startPrometheus({
    command,
    env: childEnvironment(),
    configFile,
    dataDir: path.join(fleet.folder, 'prometheus'),
    logFile: path.join(fleet.folder, 'prometheus.log'),
    port: await freePort(),
  });
  closing.add(() => server.stop());
  return server.url;
}

/** Where people are told: counts the messages. */
export async function runNotifySink(closing: Closing): Promise<{ readonly url: string; readonly texts: string[] }> {
  const texts: string[] = [];
  const sink = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      texts.push(body);
      response.end();
    });
  });
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  closing.add(() => sink.close());
  return { url: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/`, texts };
}

export const webhookToken = 'kill-test';
