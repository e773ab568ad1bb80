import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { findTemporal } from '../find-program.ts';
import { createBoundaryKiller, moments, nameOf } from './kill/boundaries.ts';
import { createFleet, writeFleetConfig, type Fleet } from './kill/fleet.ts';
import { startGrpcProxy } from './kill/grpc-proxy.ts';
import { approveWhenAsked, readResult } from './kill/incident.ts';
import { describeAlert, sendUntilAccepted } from './kill/sender.ts';
import { createClosing, createFolder, runNotifySink, runResident, runTemporal } from './kill/stage.ts';

const program = await findTemporal();
if (!program)
  process.stderr.write('SKIPPED, kills while undoing: no Temporal program was found; `npm test` installs one.\n');

const closing = createClosing();
const acting = ['remediation performAction', 'remediation undoAction'];
const killer = createBoundaryKiller((boundary) => acting.includes(nameOf(boundary)));
let fleet: Fleet;
let broken: string;
let state: IncidentState;

describe.skipIf(!program)('an action that fails, while the worker is killed around it and around its undo', () => {
  beforeAll(async () => {
    const folder = createFolder(closing);
    fleet = createFleet(folder);
    broken = fleet.deployed('tax');
    fleet.failDeploysOf(fleet.healthy);
    const sink = await runNotifySink(closing);
    const temporal = await runTemporal(program ?? '', folder, closing);
    const proxy = await startGrpcProxy(temporal.address, killer.taps);
    closing.add(() => proxy.stop());
    const configFile = writeFleetConfig(fleet, {});
    const addresses = { worker: proxy.address, gateway: temporal.address };
    const options = { configFile, folder, temporal: addresses, notifyUrl: sink.url };
    const { worker, address } = await runResident(options, closing);
    killer.aim(worker, proxy);
    const { incidents } = await sendUntilAccepted(address, describeAlert('firing', fleet.brokeAt));
    await approveWhenAsked(temporal.client, 120_000);
    state = await readResult(temporal.client, incidents[0]?.runId ?? '', 240_000);
  }, 400_000);
  afterAll(() => closing.end());

  test('is undone, and the incident says so', () => {
    expect(state.outcome).toBe('rolled-back');
    expect(state.undo).toMatchObject([{ status: 'undone' }]);
    expect(fleet.deployed('tax')).toBe(broken);
  });

  test('runs its command once and the command of its undo once, by the ledger of both', () => {
    const [action] = state.plan?.actions ?? [];
    const done = fleet.ledger().filter(({ event }) => event === 'done');
    expect(done).toMatchObject([
      { actionId: action?.id, revision: fleet.healthy },
      { actionId: expect.stringContaining(action?.id ?? '?') as string, revision: broken },
    ]);
    expect(fleet.ledger()).toHaveLength(4);
  });

  test('was killed at each moment of both', () => {
    const wanted = acting.flatMap((name) => moments.map((moment) => `${name} ${moment}`));
    expect(killer.kills.map((kill) => `${nameOf(kill)} ${kill.moment}`).sort()).toEqual(wanted.sort());
  });
});
