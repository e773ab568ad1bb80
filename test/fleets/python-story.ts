import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import { readRunFile } from '../../src/cli/run-file.ts';
import type { IncidentJson } from '../../src/client/incident-json.ts';
import { cacheFolder, childEnvironment } from '../../src/config.ts';
import { freePort } from '../../src/setup/free-port.ts';
import { startDocker } from '../../src/setup/servers.ts';
import { waitUntil } from '../../src/setup/wait-until.ts';
import { outageAfterMs, type PythonVariant } from './python-commits.ts';
import { startPythonFleet, startPythonLoad, writePythonConfig, type PythonFleet } from './python-fleet.ts';
import { findReady, sendPythonAlert, startPythonMonitoring } from './python-monitoring.ts';

export interface PythonStory {
  readonly fleet: PythonFleet;
  readonly configFile: string;
  readonly hasDocker: boolean;
  readonly hasMonitoring: boolean;
  /** Deploys what the variant deploys while people book rooms; ends once the alert has opened an incident. */
  readonly play: () => Promise<void>;
  /** The incident as `GET /incidents/booking` tells it; undefined while there is none. */
  readonly show: () => Promise<IncidentJson | undefined>;
  readonly decide: (decision: object) => Promise<{ readonly status: number; readonly body: unknown }>;
  readonly stop: () => Promise<void>;
}

const resident = path.resolve(import.meta.dirname, '../../bin/resident.js');

/** Starts the fleet, its monitoring and `resident up`, as somebody who has only written a resident.yaml would. */
export async function openPythonStory(folder: string, variant: PythonVariant, mode: string): Promise<PythonStory> {
  const ends: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const dockerHost = await openDocker(ends);
    const fleet = await startPythonFleet(folder, variant);
    ends.push(() => fleet.stop());
    const [webhookSecret, token] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    const passwordFile = path.join(folder, 'secrets', 'webhook');
    writeFileSync(passwordFile, webhookSecret, { mode: 0o600 });
    writeFileSync(path.join(folder, 'secrets', 'ruth'), token, { mode: 0o600 });
    const gatewayPort = await freePort();
    const gateway = `http://127.0.0.1:${gatewayPort}`;
    const webhook = { url: `${gateway}/webhooks/alertmanager`, passwordFile };
    const monitoring = await startPythonMonitoring(fleet, webhook);
    ends.push(() => monitoring?.stop());
    // Nobody listens on the port where there is no Prometheus: a source that is down must not fail anything.
    const prometheus = monitoring?.url ?? `http://127.0.0.1:${await freePort()}`;
    const configFile = writePythonConfig(fleet, { GATEWAY_PORT: gatewayPort, PROMETHEUS: prometheus, MODE: mode });
    await startResident(configFile, dockerHost, ends);
    const load = startPythonLoad(fleet);
    ends.push(() => load.stop());
    const authorization = `Bearer ${token}`;
    const show = async (): Promise<IncidentJson | undefined> => {
      const answer = await fetch(`${gateway}/incidents/booking`, { headers: { authorization } });
      return answer.ok ? ((await answer.json()) as IncidentJson) : undefined;
    };
    const play = async (): Promise<void> => {
      await playFaults(fleet, variant);
      if (!monitoring) {
        await waitUntil(() => (load.answers['502'] ?? 0) > 20, { limitMs: 30_000 });
        await sendPythonAlert(webhook.url, webhookSecret);
      }
      if (!(await waitUntil(async () => (await show()) !== undefined, { limitMs: 60_000 })))
        throw new Error(`No incident was opened. Answers: ${JSON.stringify(load.answers)}`);
    };
    const decide: PythonStory['decide'] = async (decision) => {
      const headers = { authorization, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(decision) };
      const answer = await fetch(`${gateway}/incidents/booking/decision`, init);
      return { status: answer.status, body: await answer.json() };
    };
    const has = { hasDocker: dockerHost !== undefined, hasMonitoring: monitoring !== undefined };
    return { fleet, configFile, ...has, play, show, decide, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** DOCKER_HOST, an engine that runs, or one of our own over the cache; undefined without one, or without the Python image. */
async function openDocker(ends: (() => unknown)[]): Promise<string | undefined> {
  const found = await findReady('docker');
  if (!found) return undefined;
  let host = found.address;
  try {
    if (host === undefined) {
      const dataRoot = path.join(cacheFolder(), 'docker');
      const engine = await startDocker({ command: found.path ?? '', env: childEnvironment(), dataRoot });
      ends.push(() => engine.stop());
      host = engine.address;
    }
    await createImageBuilder({ address: { dockerHost: host } }).ensureImage('python');
    return host;
  } catch (error) {
    console.warn(`No sandbox: ${String(error)}`);
    return undefined;
  }
}

async function startResident(configFile: string, dockerHost: string | undefined, ends: (() => unknown)[]) {
  const folder = path.dirname(configFile);
  const logFile = path.join(folder, 'up.log');
  const log = openSync(logFile, 'a');
  const args = [resident, 'up', '--config', configFile, '--no-install', ...(dockerHost ? [] : ['--no-docker'])];
  const child = spawn(process.execPath, args, {
    env: childEnvironment({ TEMPORAL_ADDRESS: '', ...(dockerHost ? { DOCKER_HOST: dockerHost } : {}) }),
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  ends.push(() => endChild(child));
  const isUp = (): boolean => readRunFile(path.join(folder, '.resident'))?.gateway !== undefined;
  await waitUntil(() => isUp() || child.exitCode !== null, { limitMs: 120_000 });
  if (!isUp()) throw new Error(`\`resident up\` did not come up:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
}

async function endChild(child: ChildProcess): Promise<void> {
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  child.kill('SIGTERM');
  if (!(await waitUntil(hasEnded, { limitMs: 30_000 }))) child.kill('SIGKILL');
}

async function playFaults(fleet: PythonFleet, variant: PythonVariant): Promise<void> {
  const startedAt = Date.now();
  const until = (afterMs: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, Math.max(0, startedAt + afterMs - Date.now())));
  for (const step of fleet.history.plan) {
    await until(step.afterMs);
    await fleet.tool('deploy', step.service, step.revision);
  }
  if (variant !== 'outage') return;
  await until(outageAfterMs);
  await fleet.tool('exchange', 'down');
}
