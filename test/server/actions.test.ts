import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createCaptureState } from '../../src/activities/remediate/capture-state.ts';
import { createCheckAction } from '../../src/activities/remediate/check-action.ts';
import { createPerformAction } from '../../src/activities/remediate/perform-action.ts';
import { createUndoAction } from '../../src/activities/remediate/undo-action.ts';
import {
  badRevision,
  closeGate,
  killGroup,
  isRunning,
  makeAction,
  makeInput,
  makePorts,
  makeWorld,
  oldRevision,
  performElsewhere,
  readLedger,
  readLines,
  type World,
  removeWorlds,
} from './actions-harness.ts';
import { until } from '../until.ts';

afterAll(removeWorlds);

const openGate = (world: World) => rmSync(join(world.folder, 'gate'), { force: true });
const readCurrent = (world: World) => readFileSync(join(world.folder, 'current'), 'utf8').trim();
const attemptFolder = (world: World, id = 'run-1/1.1', attempt = 1) =>
  join(world.folder, 'journal', createHash('sha256').update(id).digest('hex').slice(0, 40), `attempt-${attempt}`);
const readJson = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
const typeOf = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no failure',
    (error: unknown) => (error as { type?: string }).type ?? String(error),
  );

describe('an action is performed exactly once', () => {
  test('a worker killed while its command runs is followed by one that waits for that same command', async () => {
    const world = makeWorld();
    closeGate(world);
    const first = performElsewhere(world, makeInput(world));
    await until('the command has begun', () => readLedger(world).length > 0);
    killGroup(first);
    await expect(first.result).rejects.toThrow('SIGKILL');
    const second = performElsewhere(world, makeInput(world));
    openGate(world);
    const told = await second.result;
    expect(told).toMatchObject({ result: 'done' });
    expect(told.detail).toContain('ended with 0');
    expect(readLedger(world)).toEqual([`run-1/1.1 ${oldRevision}`]);
    expect(readCurrent(world)).toBe(oldRevision);
  });

  test('a worker killed between the end of the command and its own answer is followed by one that only answers', async () => {
    const world = makeWorld();
    const first = performElsewhere(world, makeInput(world), 600_000);
    await until('the result is recorded', () => existsSync(join(attemptFolder(world), 'exit.json')));
    killGroup(first);
    await expect(first.result).rejects.toThrow('SIGKILL');
    expect(await performElsewhere(world, makeInput(world)).result).toMatchObject({ result: 'done' });
    expect(readLedger(world)).toHaveLength(1);
  });

  test('a worker killed at any moment of its start leaves at most one run to its follower', async () => {
    const world = makeWorld();
    const folder = attemptFolder(world);
    for (const file of ['spec.json', 'claim.json', 'child.json']) {
      const killed = performElsewhere(world, makeInput(world));
      await until(`${file} is there`, () => existsSync(join(folder, file)));
      killGroup(killed);
      await killed.result.catch(() => undefined);
    }
    expect(await performElsewhere(world, makeInput(world)).result).toMatchObject({ result: 'done' });
    expect(readLedger(world)).toHaveLength(1);
  });

  test('three workers at once run the command once, and all of them report it', async () => {
    const world = makeWorld();
    closeGate(world);
    const perform = createPerformAction(await makePorts(world));
    const others = [performElsewhere(world, makeInput(world)), performElsewhere(world, makeInput(world))];
    const own = [perform(makeInput(world)), perform(makeInput(world))];
    await until('the command has begun', () => readLedger(world).length > 0);
    openGate(world);
    const results = await Promise.all([...others.map((other) => other.result), ...own]);
    expect(results.map((result) => result.result)).toEqual(['done', 'done', 'done', 'done']);
    expect(readLedger(world)).toHaveLength(1);
  });

  test('after a crash of the machine the command runs again only when the state is not yet as wanted', async () => {
    const crash = async (world: World): Promise<void> => {
      closeGate(world);
      const first = performElsewhere(world, makeInput(world));
      await until('the command has begun', () => readLedger(world).length > 0);
      killGroup(first);
      const folder = attemptFolder(world);
      await until('its process is known', () => existsSync(join(folder, 'child.json')));
      process.kill(readJson(join(folder, 'claim.json')).pid, 'SIGKILL');
      process.kill(-readJson(join(folder, 'child.json')).pid, 'SIGKILL');
      openGate(world);
    };
    const before = makeWorld();
    await crash(before);
    expect(await performElsewhere(before, makeInput(before)).result).toMatchObject({ result: 'done' });
    expect(readLedger(before)).toHaveLength(2);
    expect(readCurrent(before)).toBe(oldRevision);

    const after = makeWorld();
    await crash(after);
    writeFileSync(join(after.folder, 'current'), oldRevision);
    const told = await performElsewhere(after, makeInput(after)).result;
    expect(told.detail).toContain('cut off');
    expect(readLedger(after)).toHaveLength(1);
  });

  test('a command whose wrapper alone was killed is waited for, not started a second time beside itself', async () => {
    const world = makeWorld();
    closeGate(world);
    const ports = await makePorts(world, { pollMs: 5 });
    let looks = 0;
    const read: typeof ports.commands.read = (...request) => {
      if (readLedger(world).length > 0) looks += 1;
      return ports.commands.read(...request);
    };
    const perform = createPerformAction({ ...ports, commands: { ...ports.commands, read } });
    const pending = perform(makeInput(world));
    const wrapper = () => readJson(join(attemptFolder(world), 'claim.json')).pid;
    await until('the command has begun', () => readLedger(world).length > 0);
    process.kill(wrapper(), 'SIGKILL');
    await until('the wrapper is gone', () => !isRunning(wrapper()));
    await expect(until('the runner gives it up', () => looks > 0, 500)).rejects.toThrow('in vain');
    openGate(world);
    expect((await pending).detail).toContain('state is as wanted');
    expect(readLedger(world)).toHaveLength(1);
  });
});

describe('a command', () => {
  test('that has started is let finish when the activity is cancelled; one that has not is not started', async () => {
    const world = makeWorld();
    closeGate(world);
    const cancel = new AbortController();
    const perform = createPerformAction(await makePorts(world, { signal: () => cancel.signal }));
    const pending = perform(makeInput(world));
    await until('the command has begun', () => readLedger(world).length > 0);
    cancel.abort();
    openGate(world);
    expect(await pending).toMatchObject({ result: 'done' });

    const other = makeWorld();
    const late = createPerformAction(await makePorts(other, { signal: () => cancel.signal }));
    await expect(late(makeInput(other))).rejects.toThrow();
    expect(readLedger(other)).toEqual([]);
  });

  test('over its time is ended with its whole process group, and said to be', async () => {
    const world = makeWorld(undefined, 300);
    closeGate(world);
    const perform = createPerformAction(await makePorts(world));
    expect(await typeOf(perform(makeInput(world)))).toBe('Action.TimedOut');
    expect(isRunning(readJson(join(attemptFolder(world), 'child.json')).pid)).toBe(false);
  });

  test('that fails is told with its exit code and its last words, and not run again by a retry', async () => {
    const world = makeWorld();
    writeFileSync(join(world.folder, 'broken'), '');
    const perform = createPerformAction(await makePorts(world));
    await expect(perform(makeInput(world))).rejects.toThrow(/ended with 3[^]*disk full/);
    expect(await typeOf(perform(makeInput(world)))).toBe('Action.CommandFailed');
    expect(readLedger(world)).toHaveLength(1);
  });

  test('that does not exist is a failed action, not a worker that hangs', async () => {
    const world = makeWorld({ 'service.restart': { command: ['./no-such-program'] } });
    const input = makeInput(world, makeAction(world, 'service.restart'));
    const perform = createPerformAction(await makePorts(world));
    await expect(perform(input)).rejects.toThrow(/could not be started.*ENOENT/);
  });

  test('gets its action id and a minimal environment, not the one of the worker', async () => {
    const world = makeWorld();
    process.env['RESIDENT_TEST_SECRET'] = 'hunter2';
    await createPerformAction(await makePorts(world))(makeInput(world));
    const names = readLines(join(world.folder, 'environment')).map((line) => line.split('=')[0] ?? '');
    const ofTheShell = ['PWD', 'OLDPWD', 'SHLVL', '_'];
    expect(names.filter((name) => !ofTheShell.includes(name)).sort()).toEqual(['HOME', 'PATH', 'RESIDENT_ACTION_ID']);
  });

  test('takes a parameter as one argument, whatever a shell would make of it', async () => {
    const world = makeWorld({
      'deploy.rollback': { command: ['./deploy.sh', '{revision}'], current: ['cat', 'current'] },
    });
    const odd = 'v1@{u}'.replace(/[{}]/g, ':');
    const input = makeInput(world, makeAction(world, 'deploy.rollback', { revision: odd }));
    await createPerformAction(await makePorts(world))(input);
    expect(readCurrent(world)).toBe(odd);
  });
});

describe('capture, check and undo', () => {
  test('the captured revision is brought back, once, however often the undo is asked for', async () => {
    const world = makeWorld();
    const ports = await makePorts(world);
    const action = makeAction(world);
    const state = await createCaptureState(ports)({ action });
    expect(state.values).toEqual({ revision: badRevision });
    await createPerformAction(ports)({ ...makeInput(world, action), state });
    expect((await createCheckAction(ports)({ action, state })).detail).toContain(oldRevision);
    const undo = createUndoAction(ports);
    const both = await Promise.all([undo({ action, state }), undo({ action, state })]);
    expect(both.map((one) => one.status)).toEqual(['undone', 'undone']);
    expect((await undo({ action, state })).status).toBe('undone');
    expect(readLedger(world)).toEqual([`run-1/1.1 ${oldRevision}`, `run-1/1.1/undo ${badRevision}`]);
    expect(readCurrent(world)).toBe(badRevision);
  });

  test('an action that never started has nothing to undo', async () => {
    const world = makeWorld();
    const { action, state } = makeInput(world);
    const undone = await createUndoAction(await makePorts(world))({ action, state });
    expect(undone).toMatchObject({ status: 'nothing-to-undo' });
    expect(readLedger(world)).toEqual([]);
  });

  test('an undo that keeps failing is reported as failed, and asked again it does not start over', async () => {
    const world = makeWorld();
    const ports = await makePorts(world);
    const input = makeInput(world);
    await createPerformAction(ports)(input);
    writeFileSync(join(world.folder, 'broken'), '');
    const undo = createUndoAction(ports);
    expect(await undo(input)).toMatchObject({ status: 'failed' });
    expect(await undo(input)).toMatchObject({ status: 'failed' });
    expect(readLedger(world)).toHaveLength(1 + 3);
  });

  test('a half-done action is undone although it failed', async () => {
    const world = makeWorld();
    const ports = await makePorts(world);
    const input = makeInput(world);
    writeFileSync(join(world.folder, 'broken'), '');
    await typeOf(createPerformAction(ports)(input));
    rmSync(join(world.folder, 'broken'));
    expect(await createUndoAction(ports)(input)).toMatchObject({ status: 'undone' });
    expect(readLedger(world).at(-1)).toBe(`run-1/1.1/undo ${badRevision}`);
  });

  test('what somebody else deployed since is left alone, and a person is called', async () => {
    const world = makeWorld();
    const ports = await makePorts(world);
    const input = makeInput(world);
    await createPerformAction(ports)(input);
    writeFileSync(join(world.folder, 'current'), 'c'.repeat(40));
    expect(await createUndoAction(ports)(input)).toMatchObject({ status: 'failed' });
    expect(readLedger(world)).toHaveLength(1);
  });

  test('a check that does not see the wanted revision fails and says what it saw', async () => {
    const world = makeWorld();
    const ports = await makePorts(world, { checkTimeoutMs: 50 });
    await expect(createCheckAction(ports)(makeInput(world))).rejects.toThrow(badRevision);
    expect(await typeOf(createCheckAction(ports)(makeInput(world)))).toBe('Action.CheckFailed');
  });

  test('a service that runs the wanted revision already is left as it is', async () => {
    const world = makeWorld();
    const ports = await makePorts(world);
    writeFileSync(join(world.folder, 'current'), oldRevision);
    const action = makeAction(world);
    const state = await createCaptureState(ports)({ action });
    const outcome = await createPerformAction(ports)({ ...makeInput(world, action), state });
    expect(outcome.result).toBe('already-done');
    expect((await createUndoAction(ports)({ action, state })).status).toBe('nothing-to-undo');
    expect(readLedger(world)).toEqual([]);
  });

  test('a state that cannot be read stops the action before it starts', async () => {
    const world = makeWorld();
    writeFileSync(join(world.folder, 'current'), '--force; rm -rf');
    const ports = await makePorts(world);
    expect(await typeOf(createCaptureState(ports)({ action: makeAction(world) }))).toBe('Action.StateUnknown');
  });
});
