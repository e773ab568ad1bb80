import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { readRunFile, type RunFile } from '../../src/cli/run-file.ts';
import { childEnvironment } from '../../src/config.ts';
import { isAlive } from '../../src/setup/process-identity.ts';
import { findTemporal } from '../find-program.ts';

const program = await findTemporal();
if (!program) process.stderr.write('SKIPPED, `resident up`: no Temporal program was found; `npm test` installs one.\n');

const folder = mkdtempSync(path.join(tmpdir(), 'resident-up-'));
const stateFolder = path.join(folder, '.resident');
const config = path.join(folder, 'resident.yaml');
const resident = new URL('../../bin/resident.js', import.meta.url).pathname;
const wait = { timeout: 60_000, interval: 100 };
const started: ChildProcess[] = [];

writeFileSync(
  config,
  `version: 1
gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: UP_TEST_TOKEN } } } }
timings: { debounceSeconds: 600 }
services: { orders: {} }
`,
);

function up(file = config): ChildProcess {
  const child = spawn(process.execPath, [resident, 'up', '--config', file, '--no-docker', '--no-install'], {
    env: childEnvironment({ UP_TEST_TOKEN: 'token', TEMPORAL_ADDRESS: '' }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  started.push(child);
  return child;
}

/** What it says on its terminal, so far. */
function listen(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  return () => said;
}

async function untilServing(differs: (run: RunFile) => boolean = () => true): Promise<RunFile> {
  await expect
    .poll(async () => {
      const run = readRunFile(stateFolder);
      return run?.gateway !== undefined && differs(run) && (await isReady(run.gateway.address));
    }, wait)
    .toBe(true);
  const run = readRunFile(stateFolder);
  if (!run) throw new Error('run.json is gone.');
  return run;
}

async function isReady(address: string): Promise<boolean> {
  return fetch(`${address}/readyz`).then(
    (response) => response.ok,
    () => false,
  );
}

async function sendAlert(run: RunFile): Promise<string> {
  const response = await fetch(`${run.gateway?.address}/webhooks/alertmanager`, {
    method: 'POST',
    headers: { authorization: 'Bearer token' },
    body: JSON.stringify({
      version: '4',
      status: 'firing',
      alerts: [{ status: 'firing', labels: { alertname: 'A', service: 'orders' }, startsAt: '2026-11-21T09:00:00Z' }],
    }),
  });
  expect(response.status).toBe(202);
  const body = (await response.json()) as { incidents: { runId: string }[] };
  return body.incidents[0]?.runId ?? '';
}

function kill(run: RunFile, role: string): void {
  const { pid } = run.processes[role] ?? {};
  if (pid === undefined) throw new Error(`run.json names no ${role}.`);
  process.kill(pid, 'SIGKILL');
}

afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
  for (const { pid } of Object.values(readRunFile(stateFolder)?.processes ?? {})) {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  }
});

describe.skipIf(!program)('resident up', () => {
  test('loses no incident when gateway, server and itself are killed, and leaves no process behind', async () => {
    const first = up();
    const run = await untilServing();
    const runId = await sendAlert(run);

    kill(run, 'gateway');
    kill(run, 'temporal');
    const pidOf = (state: RunFile, role: string) => state.processes[role]?.pid;
    const restarted = await untilServing(
      (now) => pidOf(now, 'gateway') !== pidOf(run, 'gateway') && pidOf(now, 'temporal') !== pidOf(run, 'temporal'),
    );
    expect(restarted.gateway).toEqual(run.gateway);
    expect(restarted.temporal).toEqual(run.temporal);
    expect(await sendAlert(restarted)).toBe(runId);

    first.kill('SIGKILL');
    await expect.poll(() => first.signalCode, wait).toBe('SIGKILL');
    const second = up();
    const said = listen(second);
    const again = await untilServing((now) => now.supervisor.pid === second.pid);
    expect(again.temporal).toEqual(run.temporal);
    expect(await sendAlert(again)).toBe(runId);
    const before = [...Object.values(run.processes), ...Object.values(restarted.processes)];
    expect(before.map(({ pid }) => pid).filter(isAlive)).toEqual([]);

    await expect.poll(said, wait).toMatch(/one open incident goes on:\n.* orders, in phase triage, since /);

    const latest = readRunFile(stateFolder);
    second.kill('SIGTERM');
    await expect.poll(() => second.exitCode, wait).toBe(0);
    expect(
      Object.values(latest?.processes ?? {})
        .map(({ pid }) => pid)
        .filter(isAlive),
    ).toEqual([]);
    expect(readRunFile(stateFolder)).toBeUndefined();
    expect(readFileSync(path.join(stateFolder, 'logs', 'gateway.log'), 'utf8')).not.toContain('token');
  });

  test('ends at once at the second Ctrl-C, with 130, and kills what had not ended in order', async () => {
    const child = up();
    const said = listen(child);
    const run = await untilServing((now) => now.supervisor.pid === child.pid);
    const gateway = run.processes['gateway']?.pid ?? 0;
    // A stopped process hears no SIGTERM: the orderly end waits for it.
    process.kill(gateway, 'SIGSTOP');
    onTestFinished(() => void (isAlive(gateway) && process.kill(gateway, 'SIGKILL')));
    child.kill('SIGINT');
    await expect.poll(said, wait).toContain('ending after SIGINT; once more ends it at once');
    expect(child.exitCode).toBeNull();
    expect(isAlive(gateway)).toBe(true);

    const secondAt = performance.now();
    child.kill('SIGINT');
    await expect.poll(() => child.exitCode, wait).toBe(130);
    // In order it would take the ten seconds after which a child is ended by force.
    expect(performance.now() - secondAt).toBeLessThan(8_000);
    expect(said()).toMatch(/ended at once: .*gateway/);
    const pids = Object.values(run.processes).map(({ pid }) => pid);
    await expect.poll(() => pids.filter(isAlive), wait).toEqual([]);
    expect(readRunFile(stateFolder)).toBeUndefined();
  });

  test('gives up with 1, and says who has the port, when the gateway cannot listen', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const taken = path.join(mkdtempSync(path.join(tmpdir(), 'resident-taken-')), 'resident.yaml');
    writeFileSync(taken, `version: 1\ngateway: { listen: 127.0.0.1:${port} }\nservices: { orders: {} }\n`);
    const child = up(taken);
    const said = listen(child);
    await expect.poll(() => child.exitCode, wait).toBe(1);
    other.close();
    expect(said()).toMatch(/the gateway process ended \(exit code 1: listen EADDRINUSE.*starting it again/);
    expect(said()).toContain(`The gateway cannot start: 127.0.0.1:${port} is in use by process ${process.pid} (`);
    expect(readRunFile(path.join(path.dirname(taken), '.resident'))).toBeUndefined();
  });
});
