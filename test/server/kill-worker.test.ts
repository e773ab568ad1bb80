import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeModel, type FakeModel } from '../../demo/fake-model.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { findTemporal } from '../find-program.ts';
import { createBoundaryKiller, moments, nameOf } from './kill/boundaries.ts';
import { createFleet, writeFleetConfig, type Fleet } from './kill/fleet.ts';
import { startGrpcProxy } from './kill/grpc-proxy.ts';
import { listActivities, type ActivityRun } from './kill/histories.ts';
import { approveWhenAsked, incidentId, readResult } from './kill/incident.ts';
import { describeAlert, sendUntilAccepted } from './kill/sender.ts';
import {
  countSandboxes,
  createClosing,
  createFolder,
  runDocker,
  runNotifySink,
  runPrometheus,
  runResident,
  runTemporal,
  type Victim,
} from './kill/stage.ts';
import { until } from '../until.ts';

const program = await findTemporal();
if (!program)
  process.stderr.write('SKIPPED, kills of the worker: no Temporal program was found; `npm test` installs one.\n');

const closing = createClosing();
const extraKills: string[] = [];
/** Each worker process talks through a proxy of its own, and dies at the boundaries of its own activities. */
const killer = createBoundaryKiller();
/** Now and then a Schedule starts the removal of leftovers as well, which is no part of the incident. */
const sandboxKiller = createBoundaryKiller(({ workflow }) => workflow === 'incident');
const listKills = () => [...killer.kills, ...sandboxKiller.kills].sort((one, other) => one.atMs - other.atMs);
let fleet: Fleet;
let model: FakeModel;
let state: IncidentState;
let activities: readonly ActivityRun[];
let hasDocker = false;
let leftSandboxes = 0;
/** Two cores that others use as well have taken eight minutes; alone they take about three. */
const liveLimitMs = 900_000;
const startedMs = Date.now();
const say = (text: string) =>
  process.stderr.write(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

describe.skipIf(!program)('an incident whose worker is killed at every boundary of every activity', () => {
  beforeAll(live, liveLimitMs);
  afterAll(() => closing.end());

  test('ends recovered, with the diagnosis, the action and the report of an undisturbed one', () => {
    expect(state.outcome).toBe('recovered');
    expect(state.diagnosis).toMatchObject({ verdict: 'cause', service: 'tax', change: fleet.culprit });
    expect(state.diagnosis?.engine).toContain('fake-model');
    expect(state.plan?.actions).toMatchObject([{ type: 'deploy.rollback', target: 'tax' }]);
    expect(state.reproduction?.verdict).toBe(hasDocker ? 'reproduced' : 'cannot-run');
    expect(fleet.deployed('tax')).toBe(fleet.healthy);
    expect(readFileSync(state.report ?? '', 'utf8')).toContain(fleet.culprit.slice(0, 10));
  });

  test('was killed at each of the three moments of each activity type that its histories hold', () => {
    const wanted = [...new Set(activities.map(nameOf))].flatMap((name) => moments.map((moment) => `${name} ${moment}`));
    expect(
      listKills()
        .map((kill) => `${nameOf(kill)} ${kill.moment}`)
        .sort(),
    ).toEqual(wanted.sort());
    expect(wanted.length).toBeGreaterThanOrEqual(18 * moments.length);
  });

  test('took another attempt wherever a result was lost', () => {
    for (const name of new Set(activities.map(nameOf))) {
      const attempts = activities.filter((one) => nameOf(one) === name).map((one) => one.attempt);
      expect(Math.max(...attempts), name).toBeGreaterThanOrEqual(3);
    }
  });

  test('performed each action once, by the ledger of the deploy command', () => {
    const [action] = state.plan?.actions ?? [];
    expect(fleet.ledger()).toEqual([
      { actionId: action?.id, service: 'tax', revision: fleet.healthy, event: 'begun' },
      { actionId: action?.id, service: 'tax', revision: fleet.healthy, event: 'done' },
    ]);
  });

  test('left no sandbox behind', () => {
    expect(leftSandboxes).toBe(0);
  });

  test('paid for no answer of the model twice, by the count of the model', () => {
    const calls = model.calls();
    expect(calls.map((call) => call.answered)).toEqual(calls.map(() => 1));
    expect(calls.some((call) => call.requests > 1)).toBe(true);
    expect(calls).toHaveLength(state.modelCalls);
  });

  test('was also killed in the middle of a model call, a sandbox run and an action, and lost its server', () => {
    expect(extraKills).toEqual([
      'worker, while the model answers',
      'server, while the model answers',
      ...(hasDocker ? ['sandbox worker, while a sandbox runs'] : []),
      'worker, while the deploy command works',
    ]);
  });
});

async function live(): Promise<void> {
  const folder = createFolder(closing);
  fleet = createFleet(folder);
  const dockerHost = await runDocker(closing);
  hasDocker = dockerHost !== undefined;
  const prometheusUrl = await runPrometheus(fleet, closing);
  const sink = await runNotifySink(closing);
  model = await startFakeModel({ ledgerFile: path.join(folder, 'model.jsonl'), delayMs: 600 });
  closing.add(() => model.stop());
  const temporal = await runTemporal(program ?? '', folder, closing);
  const proxy = await startGrpcProxy(temporal.address, killer.taps);
  closing.add(() => proxy.stop());
  const configFile = writeFleetConfig(fleet, { modelUrl: model.url, ...(prometheusUrl ? { prometheusUrl } : {}) });
  const sandboxProxy = await startGrpcProxy(temporal.address, sandboxKiller.taps);
  closing.add(() => sandboxProxy.stop());
  const addresses = { worker: proxy.address, sandboxWorker: sandboxProxy.address, gateway: temporal.address };
  const options = { configFile, folder, temporal: addresses, notifyUrl: sink.url, dockerHost };
  const { worker, sandboxWorker, address } = await runResident(options, closing);
  killer.aim(worker, proxy);
  if (sandboxWorker) sandboxKiller.aim(sandboxWorker, sandboxProxy);
  const { incidents } = await sendUntilAccepted(address, describeAlert('firing', fleet.brokeAt));
  const runId = incidents[0]?.runId ?? '';
  say('alert accepted');

  const isSandboxed = async () => dockerHost !== undefined && (await countSandboxes(dockerHost, runId)) > 0;
  const extra = killAtExtraMoments(path.join(folder, 'model.jsonl'), temporal.victim, isSandboxed).catch(
    (error: unknown) => error,
  );
  const telling = setInterval(tellKills, 100);
  closing.add(() => clearInterval(telling));
  await approveWhenAsked(temporal.client, liveLimitMs);
  await until('the rollback is done', () => fleet.deployed('tax') === fleet.healthy, 120_000);
  await sendUntilAccepted(address, describeAlert('resolved', fleet.brokeAt));
  state = await readResult(temporal.client, runId, liveLimitMs);
  if ((await extra) instanceof Error) say(String(await extra));
  activities = await listActivities(temporal.client, incidentId, runId);
  leftSandboxes = dockerHost === undefined ? 0 : await countSandboxes(dockerHost, runId);
  tellKills();
  if (state.outcome !== 'recovered') say(state.timeline.map(({ at, text }) => `${at} ${text}`).join('\n'));
  const starts = `${worker.starts() - 1} kills of the worker, ${(sandboxWorker?.starts() ?? 1) - 1} of the sandbox worker`;
  say(`outcome ${state.outcome}: ${listKills().length} boundaries, ${starts}`);
}

/** What the moments between two records look like from outside: the model was asked, the deploy command has begun. */
async function killAtExtraMoments(
  modelLedger: string,
  server: Victim,
  isSandboxed: () => Promise<boolean>,
): Promise<void> {
  const isAnswering = () => {
    if (model.calls().length === 0) return false;
    const events = readFileSync(modelLedger, 'utf8').split('\n').filter(Boolean);
    return events.filter((line) => line.includes('"request"')).length * 2 > events.length;
  };
  const strikeWhen = async (what: string, isNow: () => boolean | Promise<boolean>, by = killer) => {
    await until(what, async () => (await isNow()) && (await by.strike()), 300_000);
    extraKills.push(what);
    say(`SIGKILL ${what}`);
  };
  await strikeWhen('worker, while the model answers', isAnswering);
  await until('the model is asked again', () => model.calls().length > 1 && isAnswering(), 300_000);
  await server.kill();
  extraKills.push('server, while the model answers');
  say('SIGKILL server, while the model answers');
  if (hasDocker) await strikeWhen('sandbox worker, while a sandbox runs', isSandboxed, sandboxKiller);
  await strikeWhen('worker, while the deploy command works', () => fleet.ledger().length === 1);
}

let told = 0;
function tellKills(): void {
  for (const kill of listKills().slice(told)) say(`SIGKILL worker: ${nameOf(kill)}, ${kill.moment}`);
  told = listKills().length;
}
