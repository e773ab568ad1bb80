import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLocateFailure } from '../../src/activities/observe/locate-failure.ts';
import { createGit, type Git } from '../../src/adapters/git/git.ts';
import { createRepository, type FakeRepository } from '../fakes/repository.ts';

let folder: string;
let repository: FakeRepository;
let git: Git;
let wrote: string;
let changed: string;
let later: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-blame-'));
  repository = createRepository(path.join(folder, 'shop'));
  git = createGit({ cacheFolder: path.join(folder, 'cache'), freshMs: 0 });
  const file = 'services/app/src/com/shop/Total.java';
  wrote = repository.commit('2026-11-21T09:00:00Z', 'Write it', {
    [file]: 'one\ntwo\n',
    'services/app/a/x.js': '1\n',
    'services/app/b/x.js': '1\n',
  });
  changed = repository.commit('2026-11-21T09:01:00Z', 'Count vat, token=hunter2', { [file]: 'one\nTWO\n' });
  later = repository.commit('2026-11-21T09:02:00Z', 'Later', { [file]: 'new\none\nTWO\n' });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const source = () => path.join(repository.folder, 'services/app');

describe('the commit that last touched a line', () => {
  it('is told as of the revision that ran, for a path in the folder of the service', async () => {
    const file = 'src/com/shop/Total.java';
    expect(await git.lastTouched(source(), changed, file, 1)).toMatchObject({ commit: wrote, file });
    expect(await git.lastTouched(source(), changed, file, 2)).toMatchObject({ commit: changed });
    expect(await git.lastTouched(source(), later, file, 1)).toMatchObject({ commit: later, subject: 'Later' });
    expect(await git.lastTouched(repository.folder, changed, `services/app/${file}`, 2)).toMatchObject({
      commit: changed,
    });
  });

  it('finds a file by the end of its path where one alone ends so', async () => {
    expect(await git.lastTouched(source(), changed, 'com/shop/Total.java', 2)).toMatchObject({
      commit: changed,
      file: 'src/com/shop/Total.java',
    });
    expect(await git.lastTouched(source(), changed, 'srv/app/src/com/shop/Total.java', 2)).toMatchObject({
      commit: changed,
    });
    expect(await git.lastTouched(source(), changed, 'x.js', 1)).toBeUndefined();
    expect(await git.lastTouched(source(), changed, 'absent.js', 1)).toBeUndefined();
  });

  it('is not told for a line that is not there', async () => {
    expect(await git.lastTouched(source(), changed, 'src/com/shop/Total.java', 99)).toBeUndefined();
  });
});

describe('locateFailure', () => {
  const locate = (location: { service: string; file: string; line: number; revision: string }) => {
    const services = { app: { source: source() } };
    return createLocateFailure({ services, git, redact: (text) => text.replace('hunter2', '[[SECRET]]') })({
      location,
    });
  };

  it('adds commit and subject, without secrets', async () => {
    const location = { service: 'app', revision: changed, file: 'com/shop/Total.java', line: 2 };
    expect(await locate(location)).toEqual({
      ...location,
      file: 'src/com/shop/Total.java',
      commit: changed,
      subject: 'Count vat, token=[[SECRET]]',
    });
  });

  it('leaves what a hostile output made up as it is', async () => {
    for (const made of [
      { service: 'app', revision: changed, file: '../../../../etc/passwd', line: 1 },
      { service: 'app', revision: changed, file: '--output=/tmp/x', line: 1 },
      { service: 'app', revision: 'f'.repeat(40), file: 'a/x.js', line: 1 },
      { service: 'other', revision: changed, file: 'a/x.js', line: 1 },
    ])
      expect(await locate(made)).toEqual(made);
  });
});
