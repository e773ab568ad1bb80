import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { createCaptureState } from '../../src/activities/remediate/capture-state.ts';
import { createCheckAction } from '../../src/activities/remediate/check-action.ts';
import { createPerformAction } from '../../src/activities/remediate/perform-action.ts';
import { createUndoAction } from '../../src/activities/remediate/undo-action.ts';
import { createConfigRepository } from '../../src/adapters/config-repository.ts';
import {
  closeGate,
  killGroup,
  makeAction,
  makeInput,
  makePorts,
  makeWorld,
  performElsewhere,
  readLines,
  type World,
  removeWorlds,
} from './actions-harness.ts';
import { until } from '../until.ts';

afterAll(removeWorlds);

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=ana', '-c', 'user.email=ana@example.org', ...args], {
    encoding: 'utf8',
  }).trim();

interface ConfigWorld extends World {
  readonly repository: string;
  readonly bad: string;
}

/** A configuration whose second commit is the bad one, with a later, innocent commit on top. */
function makeConfigWorld(): ConfigWorld {
  const world = makeWorld();
  const repository = join(world.folder, 'config');
  mkdirSync(repository);
  git(repository, 'init', '--quiet', '--initial-branch=main');
  const commit = (file: string, text: string, message: string): string => {
    writeFileSync(join(repository, file), text);
    git(repository, 'add', '.');
    git(repository, 'commit', '--quiet', '-m', message);
    return git(repository, 'rev-parse', 'HEAD');
  };
  commit('session.json', '{\n  "hours": 24\n}\n', 'first');
  const bad = commit('session.json', '{\n  "hours": 1\n}\n', 'shorten sessions');
  commit('other.json', '{}\n', 'something else');
  writeFileSync(
    join(world.folder, 'reload.sh'),
    '#!/bin/sh\necho "$RESIDENT_ACTION_ID" >> reloads\nwhile [ -e gate ]; do sleep 0.05; done\n',
  );
  chmodSync(join(world.folder, 'reload.sh'), 0o755);
  return { ...world, repository, bad, actions: { 'config.rollback': { repository, reload: ['./reload.sh'] } } };
}

const readHours = (world: ConfigWorld) =>
  readFileSync(join(world.repository, 'session.json'), 'utf8').replace(/\D/g, '');
const readReloads = (world: World) => readLines(join(world.folder, 'reloads'));
const countCommits = (world: ConfigWorld) => Number(git(world.repository, 'rev-list', '--count', 'HEAD'));

async function prepare(world: ConfigWorld) {
  const ports = await makePorts(world);
  const action = makeAction(world, 'config.rollback', { commit: world.bad });
  const state = await createCaptureState(ports)({ action });
  return { ports, action, state, input: { ...makeInput(world, action), state } };
}

describe('config.rollback', () => {
  test('reverts the accused commit in one commit that names the action, updates the files and reloads', async () => {
    const world = makeConfigWorld();
    const { ports, input } = await prepare(world);
    expect(await createPerformAction(ports)(input)).toMatchObject({ result: 'done' });
    expect(readHours(world)).toBe('24');
    expect(existsSync(join(world.repository, 'other.json'))).toBe(true);
    expect(git(world.repository, 'status', '--porcelain')).toBe('');
    expect(git(world.repository, 'log', '-1', '--format=%(trailers:key=Resident-Action,valueonly)')).toBe('run-1/1.1');
    expect((await createCheckAction(ports)(input)).detail).toContain('stands in the history');
    expect(readReloads(world)).toEqual(['run-1/1.1']);
  });

  test('is done once by many at once, and again after the worker was killed while it reloaded', async () => {
    const world = makeConfigWorld();
    const { input } = await prepare(world);
    closeGate(world);
    const performers = [performElsewhere(world, input), performElsewhere(world, input)];
    await until('the reload has begun', () => readReloads(world).length > 0);
    if (performers[0]) killGroup(performers[0]);
    const third = performElsewhere(world, input);
    rmSync(join(world.folder, 'gate'));
    expect(await third.result).toMatchObject({ result: 'done' });
    await performers[1]?.result;
    expect(countCommits(world)).toBe(4);
    expect(readReloads(world)).toEqual(['run-1/1.1']);
  });

  test('is undone by a revert of the revert and a second reload, once', async () => {
    const world = makeConfigWorld();
    const { ports, input } = await prepare(world);
    await createPerformAction(ports)(input);
    const undo = createUndoAction(ports);
    expect(await undo(input)).toMatchObject({ status: 'undone' });
    expect(await undo(input)).toMatchObject({ status: 'undone' });
    expect(readHours(world)).toBe('1');
    expect(countCommits(world)).toBe(5);
    expect(readReloads(world)).toEqual(['run-1/1.1', 'run-1/1.1/undo']);
  });

  test('does not start when the head has moved since the state was captured', async () => {
    const world = makeConfigWorld();
    const { ports, input } = await prepare(world);
    git(world.repository, 'commit', '--quiet', '--allow-empty', '-m', 'meanwhile');
    await expect(createPerformAction(ports)(input)).rejects.toMatchObject({ type: 'Action.StateChanged' });
    expect(readHours(world)).toBe('1');
  });

  test('does not overwrite changes that somebody has not committed', async () => {
    const world = makeConfigWorld();
    const { ports, input } = await prepare(world);
    appendFileSync(join(world.repository, 'session.json'), '\n');
    await expect(createPerformAction(ports)(input)).rejects.toThrow('uncommitted changes');
    expect(countCommits(world)).toBe(3);
  });

  test('an undo that conflicts with a later change is a failed undo, and leaves the files alone', async () => {
    const world = makeConfigWorld();
    const { ports, input } = await prepare(world);
    await createPerformAction(ports)(input);
    writeFileSync(join(world.repository, 'session.json'), '{\n  "hours": 7\n}\n');
    git(world.repository, 'commit', '--quiet', '-am', 'by hand');
    expect(await createUndoAction(ports)(input)).toMatchObject({ status: 'failed' });
    expect(readHours(world)).toBe('7');
    expect(git(world.repository, 'status', '--porcelain')).toBe('');
  });
});

describe('the configuration repository', () => {
  test('finishes the files of a revert that was cut off after the branch had moved', async () => {
    const world = makeConfigWorld();
    const repository = createConfigRepository({ PATH: process.env['PATH'] ?? '' });
    const request = { repository: world.repository, commit: world.bad, actionId: 'x/1', subject: 'Revert' };
    await repository.revert(request);
    git(world.repository, 'read-tree', '-m', '-u', 'HEAD', 'HEAD^');
    expect(readHours(world)).toBe('1');
    expect(await repository.revert(request)).toMatchObject({ isNew: false });
    expect(readHours(world)).toBe('24');
  });

  test('runs no hook of the repository', async () => {
    const world = makeConfigWorld();
    const witness = join(world.folder, 'hooked');
    for (const hook of ['post-checkout', 'pre-commit', 'reference-transaction', 'post-index-change']) {
      const file = join(world.repository, '.git', 'hooks', hook);
      writeFileSync(file, `#!/bin/sh\ntouch ${witness}\n`);
      chmodSync(file, 0o755);
    }
    const { ports, input } = await prepare(world);
    await createPerformAction(ports)(input);
    expect(existsSync(witness)).toBe(false);
  });

  test('knows which commits are in the history of the head', async () => {
    const world = makeConfigWorld();
    const repository = createConfigRepository({ PATH: process.env['PATH'] ?? '' });
    expect(await repository.holdsCommit(world.repository, world.bad)).toBe(true);
    expect(await repository.holdsCommit(world.repository, 'f'.repeat(40))).toBe(false);
    expect(await repository.holdsCommit(world.repository, '--all')).toBe(false);
    expect(await repository.holdsCommit(world.folder, world.bad)).toBe(false);
  });

  test('tells an action apart from one whose id begins alike', async () => {
    const world = makeConfigWorld();
    const repository = createConfigRepository({ PATH: process.env['PATH'] ?? '' });
    await repository.revert({ repository: world.repository, commit: world.bad, actionId: 'x/1.10', subject: 'Revert' });
    expect(await repository.findByAction(world.repository, 'x/1.1')).toBeUndefined();
    expect(await repository.findByAction(world.repository, 'x/1.10')).toBeDefined();
  });
});
