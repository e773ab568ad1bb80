import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAskSource } from '../../src/activities/observe/ask-source.ts';
import { createGit, type Git } from '../../src/adapters/git/git.ts';
import type { SourceQuestion } from '../../src/domain/diagnosis/questions.ts';
import { createRedact, type Redact } from '../../src/domain/redaction.ts';
import { createRepository, type FakeRepository } from '../fakes/repository.ts';

let folder: string;
let repository: FakeRepository;
let git: Git;
let first: string;
let second: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-git-source-'));
  repository = createRepository(path.join(folder, 'shop'));
  git = createGit({ cacheFolder: path.join(folder, 'cache'), freshMs: 0 });
  await symlink('/etc/passwd', path.join(repository.folder, 'link'));
  first = repository.commit('2026-11-21T09:00:00Z', 'Add the till', {
    'till/total.js': 'export const rate = 1;\nexport const total = (sum) => sum * rate;\n',
    'other/total.js': 'export const rate = 9;\n',
    'till/logo.png': 'rate\0rate',
  });
  second = repository.commit('2026-11-21T10:00:00Z', 'Raise the rate', {
    'till/total.js': 'export const rate = 2;\nexport const total = (sum) => sum * rate;\n',
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** The service is a folder of the repository. */
const source = () => path.join(repository.folder, 'till');

const hideSum = (text: string) => text.replaceAll('sum', '[[SECRET]]');

async function ask(question: SourceQuestion, redact: Redact = hideSum): Promise<string> {
  const askSource = createAskSource({ services: { till: { source: source() } }, git, redact });
  const answer = await askSource({ call: { ...question, id: 'q1' } });
  expect(answer.id).toBe('q1');
  return answer.text;
}

describe('source of a service', () => {
  it('is listed with the paths and sizes of its own folder, without links', async () => {
    expect(await git.listFiles(source(), second)).toEqual([
      { path: 'logo.png', bytes: 9 },
      { path: 'total.js', bytes: 65 },
    ]);
    expect((await git.listFiles(repository.folder, second)).map((file) => file.path)).not.toContain('link');
  });

  it('is searched in its own folder at a revision, upper and lower case alike, without binary files', async () => {
    expect(await git.search(source(), first, 'RATE =')).toEqual([
      { path: 'total.js', line: 1, text: 'export const rate = 1;' },
    ]);
    expect(await git.search(source(), second, 'no such text')).toEqual([]);
    expect(await git.search(source(), second, '-e rate')).toEqual([]);
  });

  it('is blamed line by line', async () => {
    expect(await git.blame(source(), second, 'total.js', 1, 99)).toEqual([
      expect.objectContaining({ line: 1, commit: second, subject: 'Raise the rate', at: '2026-11-21T10:00:00.000Z' }),
      expect.objectContaining({
        line: 2,
        commit: first,
        author: 'Ana',
        text: 'export const total = (sum) => sum * rate;',
      }),
    ]);
    expect(await git.blame(source(), second, 'total.js', 7, 9)).toEqual([]);
    expect(await git.blame(source(), second, 'absent.js', 1, 2)).toBeUndefined();
  });

  it.each(['../other/total.js', 'absent.js', 'total.js\nHEAD:other/total.js', 'logo.png', ''])(
    'gives no text for %j',
    async (name) => {
      expect(await git.readFile(source(), second, name)).toBeUndefined();
    },
  );

  it('holds of a link its own text, not what it points at', async () => {
    expect(await git.readFile(repository.folder, second, 'link')).toBe('/etc/passwd');
  });
});

describe('a question about source', () => {
  it('is answered with numbered lines, redacted', async () => {
    expect(await ask({ name: 'read_file', service: 'till', path: 'total.js', fromLine: 2, toLine: 9 })).toBe(
      '2: export const total = ([[SECRET]]) => [[SECRET]] * rate;',
    );
    expect(await ask({ name: 'read_file', service: 'till', path: 'total.js', revision: first })).toContain('rate = 1');
    expect(await ask({ name: 'search_source', service: 'till', text: 'rate =' })).toBe(
      'total.js:1: export const rate = 2;',
    );
    expect(await ask({ name: 'blame', service: 'till', path: 'total.js', fromLine: 1, toLine: 1 })).toContain(
      `${second.slice(0, 12)} 2026-11-21T10:00:00.000Z Ana (Raise the rate): export const rate = 2;`,
    );
  });

  it('holds no line of a key, though no such line says that it is one, and keeps the numbers of those behind it', async () => {
    const key = ['-----BEGIN PRIVATE', ' KEY-----\nMIIEow9aaaa\nMIIEow9bbbb\n-----END PRIVATE', ' KEY-----'].join('');
    repository.commit('2026-11-21T11:00:00Z', 'Keep the key at hand', {
      'till/key.js': `\`${key}\`;\nexport const x = 1;\n`,
    });
    const asked = { service: 'till', path: 'key.js' };
    const answers = [
      await ask({ ...asked, name: 'read_file', fromLine: 2, toLine: 9 }, createRedact()),
      await ask({ ...asked, name: 'blame', fromLine: 2, toLine: 9 }, createRedact()),
      await ask({ service: 'till', name: 'search_source', text: 'MIIEow9' }, createRedact()),
    ];
    expect(answers.join('\n')).not.toContain('MIIEow9');
    expect(answers[0]).toContain('5: export const x = 1;');
    expect(answers[1]).toMatch(/^5: .*: export const x = 1;$/m);
    expect(answers[2]).toContain('key.js:2: ');
  });

  it('gets the reason where it cannot be answered', async () => {
    expect(await ask({ name: 'read_file', service: 'till', path: 'absent.js' })).toMatch(/no text file absent\.js/);
    expect(await ask({ name: 'read_file', service: 'bank', path: 'total.js' })).toMatch(/No source of bank/);
    expect(await ask({ name: 'search_source', service: 'till', text: 'nothing here' })).toBe('There is nothing.');
    expect(await ask({ name: 'search_source', service: 'till', text: 'rate', revision: 'f'.repeat(40) })).toMatch(
      /^Not answered: /,
    );
  });
});
