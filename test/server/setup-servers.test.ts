import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/config.ts';
import { freePort } from '../../src/setup/free-port.ts';
import { lookFor } from '../../src/setup/look-for.ts';
import { acceptsTcp, dockerVersionAt } from '../../src/setup/probe.ts';
import { isAlive } from '../../src/setup/process-identity.ts';
import type { ProgramName } from '../../src/setup/programs.ts';
import { startAlertmanager, startDocker, startPrometheus, startTemporal } from '../../src/setup/servers.ts';

const root = path.resolve(import.meta.dirname, '../..');
const commands = {
  temporal: await findCommand('temporal'),
  docker: await findCommand('docker'),
  prometheus: await findCommand('prometheus'),
  alertmanager: await findCommand('alertmanager'),
};
for (const [name, command] of Object.entries(commands)) {
  if (!command) console.warn(`SKIPPED: no ${name} to start; run \`npx tsx bin/resident.js doctor\` to see why`);
}

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-servers-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!commands.temporal)('Temporal', () => {
  it('goes on where it was when it is started again on the same port and file', async () => {
    const options = await temporalOptions();
    const first = await startTemporal(options);
    const id = await withClient(first.address, async (client) => {
      const handle = await client.workflow.start('nobody-runs-this', {
        taskQueue: 'none',
        workflowId: 'kept',
        searchAttributes: { ResidentService: ['shop'], ResidentAwaitingApproval: [true] },
      });
      return handle.firstExecutionRunId;
    });
    await first.stop();
    const second = await startTemporal(options);
    expect(second.address).toBe(first.address);
    const kept = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
    expect([kept.runId, kept.status.name]).toEqual([id, 'RUNNING']);
    await second.stop();
  });

  it('loses nothing that it has acknowledged when it is killed outright', async () => {
    const options = await temporalOptions();
    const first = await startTemporal(options);
    const start = { taskQueue: 'none', workflowId: 'kept' };
    await withClient(first.address, (client) => client.workflow.start('nobody-runs-this', start));
    process.kill(first.pid, 'SIGKILL');
    await first.exited;
    const second = await startTemporal(options);
    const kept = await withClient(second.address, (client) => client.workflow.getHandle('kept').describe());
    expect(kept.status.name).toBe('RUNNING');
    await second.stop();
    expect(await acceptsTcp('127.0.0.1', options.port)).toBe(false);
  });

  it('is not led astray by the TEMPORAL_ variables of the user', async () => {
    const options = await temporalOptions({ TEMPORAL_ADDRESS: '127.0.0.1:1', TEMPORAL_TLS: 'true' });
    const server = await startTemporal(options);
    await server.stop();
  });
});

describe.skipIf(!commands.prometheus || !commands.alertmanager)('Prometheus and Alertmanager', () => {
  it('start, stop, and start again on the same data', async () => {
    const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
    const prometheusYml = path.join(folder, 'prometheus.yml');
    const alertmanagerYml = path.join(folder, 'alertmanager.yml');
    await writeFile(prometheusYml, 'global: { scrape_interval: 1s }\n');
    await writeFile(alertmanagerYml, 'route: { receiver: none }\nreceivers: [{ name: none }]\n');
    for (const _round of [1, 2]) {
      const prometheus = await startPrometheus({
        ...monitoring('prometheus', prometheusPort),
        configFile: prometheusYml,
      });
      const alertmanager = await startAlertmanager({
        ...monitoring('alertmanager', alertmanagerPort),
        configFile: alertmanagerYml,
      });
      expect((await fetch(`${prometheus.url}/api/v1/query?query=1`)).status).toBe(200);
      expect((await fetch(`${alertmanager.url}/api/v2/status`)).status).toBe(200);
      await Promise.all([prometheus.stop(), alertmanager.stop()]);
      expect([isAlive(prometheus.pid), isAlive(alertmanager.pid)]).toEqual([false, false]);
    }
  });

  it('tell what is wrong with their configuration', async () => {
    const configFile = path.join(folder, 'prometheus.yml');
    await writeFile(configFile, 'nonsense: true\n');
    const starting = startPrometheus({ ...monitoring('prometheus', await freePort()), configFile });
    await expect(starting).rejects.toThrow(/field nonsense not found/);
  });
});

describe.skipIf(!commands.docker)('the Docker engine', () => {
  it('runs on a socket of its own, is shared by who asks at the same time, and ends with the last', async () => {
    const options = { command: commands.docker ?? '', env: process.env, dataRoot: path.join(folder, 'docker') };
    const [first, second] = await Promise.all([startDocker(options), startDocker(options)]);
    expect(second).toMatchObject({ address: first.address, pid: first.pid });
    await first.stop();
    expect(await dockerVersionAt(socketOf(first.address))).toBe(first.version);
    await second.stop();
    expect(isAlive(first.pid)).toBe(false);
    const again = await startDocker(options);
    expect(again.pid).not.toBe(first.pid);
    await again.stop();
    await expectNoTrace();
  });

  it('is adopted when a killed run left it behind, and started anew when it was killed itself', async () => {
    const dataRoot = path.join(folder, 'docker');
    const left = await startDockerAndDie(dataRoot, 'SIGKILL');
    expect(isAlive(left)).toBe(true);
    const options = { command: commands.docker ?? '', env: process.env, dataRoot };
    const adopted = await startDocker(options);
    expect(adopted.pid).toBe(left);
    process.kill(left, 'SIGKILL');
    await expect.poll(() => isAlive(left)).toBe(false);
    const anew = await startDocker(options);
    expect(anew.pid).not.toBe(left);
    await Promise.all([adopted.stop(), anew.stop()]);
    await expectNoTrace();
  });

  it('ends by itself when the only command that uses it gets Ctrl-C', async () => {
    const left = await startDockerAndDie(path.join(folder, 'docker'), 'SIGINT');
    await expect.poll(() => isAlive(left), { timeout: 20_000 }).toBe(false);
    await expectNoTrace();
  });
});

async function findCommand(name: ProgramName): Promise<string | undefined> {
  // The user's own servers are not ours to stop and start.
  const look = await lookFor(name, { env: { PATH: process.env['PATH'] }, cacheFolder: cacheFolder() });
  return look.is === 'found' ? look.found.path : undefined;
}

async function temporalOptions(env: Record<string, string> = {}) {
  return {
    command: commands.temporal ?? '',
    env: { ...process.env, ...env },
    stateFile: path.join(folder, 'temporal.db'),
    logFile: path.join(folder, 'temporal.log'),
    port: await freePort(),
    uiPort: await freePort(),
  };
}

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await use(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

function monitoring(name: 'prometheus' | 'alertmanager', port: number) {
  return {
    command: commands[name] ?? '',
    env: process.env,
    dataDir: path.join(folder, name),
    logFile: path.join(folder, `${name}.log`),
    port,
  };
}

function socketOf(address: string): string {
  return address.replace('unix://', '');
}

/** Starts an engine in a process of its own, and ends that process; gives the engine's pid. */
async function startDockerAndDie(dataRoot: string, signal: NodeJS.Signals): Promise<number> {
  const source = `
    import { startDocker } from ${JSON.stringify(path.join(root, 'src/setup/servers.ts'))};
    const engine = await startDocker({ command: ${JSON.stringify(commands.docker)}, env: process.env, dataRoot: ${JSON.stringify(dataRoot)} });
    console.log('engine ' + engine.pid);
    setInterval(() => undefined, 1000);`;
  const file = path.join(folder, 'start.mts');
  await writeFile(file, source);
  const child = spawn(process.execPath, ['--import', 'tsx', file], { cwd: root });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, { timeout: 60_000 }).toContain('engine ');
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
  return Number(/engine (\d+)/.exec(output)?.[1]);
}

/** No containerd, no mount and no socket of this test's engine is left. */
async function expectNoTrace(): Promise<void> {
  await expect.poll(async () => (await readFile('/proc/mounts', 'utf8')).includes(folder)).toBe(false);
  const pids = await readFile(path.join(folder, 'docker-run/exec/containerd/containerd.pid'), 'utf8').catch(() => '0');
  await expect.poll(() => Number(pids) > 0 && isAlive(Number(pids))).toBe(false);
}
