import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findTemporal } from '../find-program.ts';
import { createFleet, writeFleetConfig } from './kill/fleet.ts';
import { startGrpcProxy, type Call, type GrpcProxy } from './kill/grpc-proxy.ts';
import { hasSignal } from './kill/histories.ts';
import { incidentId, readState } from './kill/incident.ts';
import { describeAlert, sendOnce, sendUntilAccepted } from './kill/sender.ts';
import { createClosing, createFolder, runNotifySink, runResident, runTemporal, type Victim } from './kill/stage.ts';
import { until } from '../until.ts';

const program = await findTemporal();
if (!program)
  process.stderr.write('SKIPPED, kills of the gateway: no Temporal program was found; `npm test` installs one.\n');

const closing = createClosing();
const isIntake = ({ method }: Call) =>
  method === 'SignalWithStartWorkflowExecution' || method === 'SignalWorkflowExecution';

/** What the next call that carries an alert meets on its way. */
let next: 'passes' | 'is held before the server' | 'is held after the server' = 'passes';
let isHeld = false;
let serverMayStart = Promise.resolve();
let gateway = '';
let temporal: Awaited<ReturnType<typeof runTemporal>>;
let proxy: GrpcProxy;
let victim: Victim;
let brokeAtMs = Date.now() - 240_000;

/** Each test has an alert of its own, and ends what it opened. */
const nextAlert = () => describeAlert('firing', new Date((brokeAtMs += 1_000)).toISOString());

describe.skipIf(!program)('a gateway that is killed while it takes an alert', () => {
  beforeAll(async () => {
    const folder = createFolder(closing);
    const fleet = createFleet(folder);
    const sink = await runNotifySink(closing);
    temporal = await runTemporal(program ?? '', folder, closing, () => serverMayStart);
    proxy = await startGrpcProxy(temporal.address, {
      onRequest: (call) => hold(call, 'is held before the server'),
      onResponse: (call) => hold(call, 'is held after the server'),
    });
    closing.add(() => proxy.stop());
    const configFile = writeFleetConfig(fleet, {});
    const addresses = { worker: temporal.address, gateway: proxy.address };
    const options = { configFile, folder, temporal: addresses, notifyUrl: sink.url };
    const resident = await runResident(options, closing);
    gateway = resident.address;
    victim = resident.gateway;
    await until('the gateway is ready', () => isReady());
  }, 120_000);
  // What a failed test left open is no business of the next one.
  afterEach(async () => {
    await temporal.client.workflow.getHandle(incidentId).terminate('the test is over');
  });
  afterAll(() => closing.end());

  test('after the alert is in history and before it answers: the retry is recognised as a repeat', async () => {
    const alert = nextAlert();
    await killWhile('is held after the server', alert);
    expect(await hasSignal(temporal.client, incidentId, 'alert')).toBe(true);

    const { incidents } = await sendUntilAccepted(gateway, alert);

    const state = await readState(temporal.client, 'the alert is told', (seen) => seen.repeatedAlerts > 0);
    expect(incidents).toMatchObject([{ incidentId, runId: state.runId }]);
    expect(state.alerts).toHaveLength(1);
    expect(state.repeatedAlerts).toBe(1);
    expect(await countRuns()).toBe(1);
  }, 120_000);

  test('after it read the alert and before the server has it: the retry opens the one incident', async () => {
    const before = await countRuns();
    const alert = nextAlert();
    await killWhile('is held before the server', alert);
    expect(await countRuns()).toBe(before);

    const { incidents } = await sendUntilAccepted(gateway, alert);

    const state = await readState(temporal.client, 'the alert is told', (seen) => seen.alerts.length > 0);
    expect(incidents).toMatchObject([{ incidentId, runId: state.runId }]);
    expect(state.alerts).toHaveLength(1);
    expect(state.repeatedAlerts).toBe(0);
    expect(await countRuns()).toBe(before + 1);
  }, 120_000);

  test('without a server it answers 503, and takes the alert when the server is back', async () => {
    const before = await countRuns();
    const alert = nextAlert();
    let startServer = (): void => undefined;
    serverMayStart = new Promise((resolve) => (startServer = resolve));
    const killing = temporal.victim.kill();
    const answer = await sendOnce(gateway, alert);
    expect(answer.status).toBe(503);
    startServer();
    await killing;

    const { incidents } = await sendUntilAccepted(gateway, alert);

    const state = await readState(temporal.client, 'the alert is told', (seen) => seen.alerts.length > 0);
    expect(incidents).toMatchObject([{ incidentId, runId: state.runId }]);
    expect(state.alerts).toHaveLength(1);
    expect(await countRuns()).toBe(before + 1);
  }, 120_000);
});

function hold(call: Call, where: typeof next): Promise<unknown> | undefined {
  if (next !== where || !isIntake(call)) return undefined;
  isHeld = true;
  return new Promise(() => undefined);
}

/** Sends an alert, and kills the gateway while its call to the server is held. The sender sees a broken connection. */
async function killWhile(where: typeof next, alert: unknown): Promise<void> {
  next = where;
  isHeld = false;
  const sending = sendOnce(gateway, alert).then(
    ({ status }) => `answered ${status}`,
    () => 'no answer',
  );
  await until('the alert is on its way', () => isHeld, 20_000);
  await victim.kill();
  expect(await sending).toBe('no answer');
  next = 'passes';
}

async function isReady(): Promise<boolean> {
  return fetch(`${gateway}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Runs of the incident, open or closed. Visibility is a moment behind, so the number is read until it stands still. */
async function countRuns(): Promise<number> {
  const count = async () => (await temporal.client.workflow.count(`WorkflowId = '${incidentId}'`)).count;
  let seen = -1;
  await until(
    'visibility stands still',
    async () => {
      const before = seen;
      seen = await count();
      return seen === before;
    },
    10_000,
    300,
  );
  return seen;
}
