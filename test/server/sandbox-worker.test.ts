import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openEngine } from '../../src/adapters/docker/engine.ts';
import { labels } from '../../src/adapters/docker/policy.ts';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';
import { readRunFile, type RunFile } from '../../src/cli/run-file.ts';
import { childEnvironment } from '../../src/config.ts';
import { reaperScheduleId } from '../../src/domain/names.ts';
import type { SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';
import { findTemporal } from '../find-program.ts';
import { createClosing, createFolder, runTemporal } from './kill/stage.ts';
import { address, isEngineThere, limits, makeTar } from './sandbox-harness.ts';
import { until } from '../until.ts';

const program = await findTemporal();
if (!program)
  process.stderr.write('SKIPPED, the sandbox worker: no Temporal program was found; `npm test` installs one.\n');

const closing = createClosing();
const secrets = { PROBE_TOKEN: 'a-token-nobody-may-see', ANTHROPIC_API_KEY: 'a-key-nobody-may-see' };
const probeQueue = 'probe';
const docker = openEngine(address);
let client: Client;
let folder: string;
let request: SandboxRequest;
let count = 0;
/** What `up` says on its standard output, so far. */
let said = '';

const config = `version: 1
gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: PROBE_TOKEN } } } }
timings: { heartbeatSeconds: 3 }
sandbox: { concurrent: 3 }
services: { orders: { language: node, sandbox: { test: [node, --test] } } }
`;

describe.skipIf(!program || !isEngineThere)('the sandbox worker of `resident up`', () => {
  beforeAll(start, 120_000);
  afterAll(() => closing.end());

  test('is a process of its own that knows the way to Docker and no other secret; the others know no way to it', async () => {
    const { processes } = readRun();
    const sandbox = readEnvironment(processes['sandbox-worker']?.pid);
    expect(sandbox).toContain(`DOCKER_HOST=${address.dockerHost ?? 'unix:///var/run/docker.sock'}`);
    expect(sandbox.filter((line) => /may-see/.test(line))).toEqual([]);
    const dockerHost = address.dockerHost ?? 'unix:///var/run/docker.sock';
    expect(readRun().docker).toEqual({ address: dockerHost, isOurs: false });
    await expect.poll(() => said, { timeout: 20_000 }).toContain(`Sandbox   ${dockerHost}\n`);
    for (const name of ['worker', 'gateway']) {
      const environment = readEnvironment(processes[name]?.pid);
      expect(environment, name).toContain(`PROBE_TOKEN=${secrets.PROBE_TOKEN}`);
      expect(environment.filter((line) => /docker/i.test(line.split('=')[0] ?? ''))).toEqual([]);
    }
  });

  test('refuses at once what is no request, and an image that nobody named', async () => {
    const wrongs: [object, RegExp][] = [
      [{ command: 'rm -rf /' }, /command: /],
      [{ workService: '../../etc' }, /workService: must be a plain service name/],
      [{ limits: { ...limits, memoryMb: 1_000_000 } }, /limits.memoryMb: /],
      [{ image: 'postgres:16' }, /postgres:16 is no known language/],
    ];
    for (const [wrong, message] of wrongs) {
      const handle = await probe({ ...request, ...wrong });
      const failure = await handle.result().then(
        () => undefined,
        (error: { cause?: { cause?: { type?: string; message?: string } } }) => error.cause?.cause,
      );
      expect(failure).toMatchObject({ type: 'Sandbox.BadRequest', message: expect.stringMatching(message) as string });
    }
  });

  test('ends the container within two seconds of a cancel that has reached it', async () => {
    const handle = await probe(sleeper());
    await until('the sandbox runs', async () => (await countSandboxes()) === 1);
    const cancelledMs = Date.now();
    await handle.cancel();
    await until('no sandbox is left', async () => (await countSandboxes()) === 0, 20_000);
    const tookMs = Date.now() - cancelledMs;
    process.stderr.write(`cancelled and gone after ${tookMs} ms\n`);
    // The worker asks once a second, so a cancel is there after one second, and a little more on the way.
    expect(tookMs).toBeLessThan(3_500);
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  });

  test('killed with SIGKILL in mid-run, leaves no container 30 s after its return, and mends its Schedule', async () => {
    const schedule = client.schedule.getHandle(reaperScheduleId);
    await schedule.update((found) => ({ ...found, spec: { intervals: [{ every: '9 hours' }] } }));
    const handle = await probe(sleeper());
    await until('the sandbox runs', async () => (await countSandboxes()) === 1);
    const before = readRun().processes['sandbox-worker']?.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await until('it is started again', () => readRun().processes['sandbox-worker']?.pid !== before);
    const returnedMs = Date.now();
    await until('no sandbox is left', async () => (await countSandboxes()) === 0, 30_000);
    process.stderr.write(`gone ${Date.now() - returnedMs} ms after the return of the worker\n`);
    await until('the Schedule is as it should be', async () => {
      const [interval] = (await schedule.describe()).spec.intervals ?? [];
      return interval?.every === 300_000;
    });
    await expect(handle.result()).rejects.toThrow();
  });

  test('makes one Schedule that removes what no one owns, and leaves alone what a living worker runs', async () => {
    const [dead, living] = [await startStranger('dead'), await startStranger('living')];
    const ended = new Promise((resolve) => dead.process.once('exit', resolve));
    dead.process.kill('SIGKILL');
    await ended;
    const schedules: string[] = [];
    for await (const { scheduleId } of client.schedule.list()) schedules.push(scheduleId);
    expect(schedules).toEqual([reaperScheduleId]);
    await client.schedule.getHandle(reaperScheduleId).trigger();
    await until('the leftover is gone', async () => !(await isThere(dead.id)), 60_000);
    expect(await isThere(living.id)).toBe(true);
    const { spec, policies } = await client.schedule.getHandle(reaperScheduleId).describe();
    expect([spec.intervals, policies.overlap]).toMatchObject([[{ every: 300_000 }], 'SKIP']);
  });
});

async function start(): Promise<void> {
  folder = createFolder(closing);
  const temporal = await runTemporal(program ?? '', folder, closing);
  client = temporal.client;
  request = await makeRequest();
  const configFile = path.join(folder, 'resident.yaml');
  writeFileSync(configFile, config);
  const resident = new URL('../../bin/resident.js', import.meta.url).pathname;
  const up = spawn(process.execPath, [resident, 'up', '--config', configFile, '--no-install'], {
    env: childEnvironment({ ...secrets, TEMPORAL_ADDRESS: temporal.address }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  up.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise((resolve) => up.once('exit', resolve));
  closing.add(async () => {
    up.kill('SIGTERM');
    await ended;
  });
  await runProbes(temporal.address);
  await until('the sandbox worker has made its Schedule', async () => {
    const schedule = client.schedule.getHandle(reaperScheduleId);
    return schedule.describe().then(
      () => true,
      () => false,
    );
  });
}

/** The workflow of the probe runs in the test itself, on a queue of its own. */
async function runProbes(temporal: string): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: temporal });
  const worker = await Worker.create({
    connection,
    taskQueue: probeQueue,
    workflowsPath: path.join(import.meta.dirname, 'sandbox-probe-workflow.ts'),
  });
  const running = worker.run();
  closing.add(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
}

function probe(args: SandboxRequest): Promise<WorkflowHandle> {
  count += 1;
  return client.workflow.start('sandboxProbe', { taskQueue: probeQueue, workflowId: `probe-${count}`, args: [args] });
}

async function makeRequest(): Promise<SandboxRequest> {
  const store = createEvidenceStore({ folder: path.join(folder, '.resident', 'evidence') });
  const { digest, bytes } = await store.put(await makeTar({ 'README.md': 'nothing to see' }));
  const revisions = ['1', '2'].map((digit) => ({ service: 'orders', revision: digit.repeat(40), digest, bytes }));
  return {
    ...{ incidentId: 'incident/orders', runId: `worker-test-${process.pid}`, image: 'node', workService: 'orders' },
    ...{ setup: [], command: ['true'], suspectService: 'orders', revisions, suspectIndex: 1, neighbours: [], limits },
  };
}

function sleeper(): SandboxRequest {
  return { ...request, command: ['sleep', '100'], limits: { ...limits, timeoutMs: 100_000 } };
}

function readRun(): RunFile {
  const run = readRunFile(path.join(folder, '.resident'));
  if (!run) throw new Error('`resident up` is gone.');
  return run;
}

function readEnvironment(pid = 0): readonly string[] {
  return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
}

async function countSandboxes(): Promise<number> {
  const label = [`${labels.run}=${request.runId}`];
  return (await docker.listContainers({ all: true, filters: { label } })).length;
}

/** A sandbox of another process on the same engine. */
async function startStranger(name: string) {
  const runId = `${name}-${process.pid}`;
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    path.join(import.meta.dirname, 'sandbox-process.ts'),
    runId,
  ]);
  const filters = { label: [`${labels.run}=${runId}`] };
  closing.add(async () => {
    child.kill('SIGKILL');
    for (const { Id } of await docker.listContainers({ all: true, filters })) {
      await docker.getContainer(Id).remove({ force: true });
    }
  });
  await until(`the sandbox of ${name} runs`, async () => (await docker.listContainers({ filters })).length === 1);
  const [container] = await docker.listContainers({ filters });
  return { process: child, id: container?.Id ?? '' };
}

async function isThere(id: string): Promise<boolean> {
  return (await docker.listContainers({ all: true, filters: { id: [id] } })).length > 0;
}
