import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { extract, type Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGit, type Git } from '../../src/adapters/git/git.ts';
import { createRepository, type FakeRepository } from '../fakes/repository.ts';

let folder: string;
let repository: FakeRepository;
let git: Git;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-git-'));
  repository = createRepository(path.join(folder, 'order'));
  git = createGit({ cacheFolder: path.join(folder, 'cache'), freshMs: 0 });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00Z`;
const window = { from: at(0), to: at(59) };

async function listFiles(tar: Buffer): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      files[header.name] = header.linkname ?? Buffer.concat(chunks).toString();
      next();
    });
  });
  reader.end(tar);
  for await (const _ of reader);
  return files;
}

async function listHeaders(tar: Buffer): Promise<Record<string, Header>> {
  const headers: Record<string, Header> = {};
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    headers[header.name] = header;
    stream.on('end', next).resume();
  });
  reader.end(tar);
  for await (const _ of reader);
  return headers;
}

describe('git', () => {
  it('lists the commits of the window, oldest first, and not those before or after', async () => {
    repository.commit('2026-11-20T09:00:00Z', 'old', { a: '1' });
    const first = repository.commit(at(10), 'first', { a: '2' });
    const second = repository.commit(at(20), 'second', { a: '3' });
    repository.commit('2026-11-21T11:00:00Z', 'later', { a: '4' });
    expect(await git.listWithin(repository.folder, window)).toEqual([first, second]);
  });

  it('spells out a branch that was merged in the window, however old its commits are', async () => {
    repository.commit('2026-11-18T09:00:00Z', 'base', { a: '1' });
    repository.git(['checkout', '--quiet', '-b', 'feature']);
    const old = repository.commit('2026-11-19T09:00:00Z', 'written days ago', { b: '1' });
    repository.git(['checkout', '--quiet', 'main']);
    repository.git(['merge', '--quiet', '--no-ff', '-m', 'merge feature', 'feature'], at(30));
    const merge = repository.git(['rev-parse', 'HEAD']);
    expect(await git.listWithin(repository.folder, window)).toEqual([old, merge]);
    expect(await git.readDiff(repository.folder, merge)).toEqual([]);
    expect((await git.readDiff(repository.folder, old)).map((file) => file.path)).toEqual(['b']);
  });

  it('lists what a deploy brought, and nothing for a deploy that went back', async () => {
    const one = repository.commit('2026-11-01T09:00:00Z', 'one', { a: '1' });
    const two = repository.commit('2026-11-02T09:00:00Z', 'two', { a: '2' });
    const three = repository.commit('2026-11-03T09:00:00Z', 'three', { a: '3' });
    repository.git(['tag', 'v3']);
    expect(await git.listBetween(repository.folder, one.slice(0, 8), 'v3')).toEqual([two, three]);
    expect(await git.listBetween(repository.folder, three, one)).toEqual([]);
  });

  it('tells of a commit what it is, and cannot be fooled by its message', async () => {
    const parent = repository.commit(at(1), 'root', { a: '1' });
    const id = repository.commit(at(2), 'subject\n\nbody\n\u001e\u001fcommit 0000\nparent x', { a: '2' });
    const [commit, ...rest] = await git.readCommits(repository.folder, [id]);
    expect(rest).toEqual([]);
    expect(commit).toMatchObject({
      id,
      author: 'Ana',
      at: '2026-11-21T09:02:00.000Z',
      subject: 'subject',
      parents: [parent],
    });
    expect(commit?.body).toContain('body');
  });

  it('shortens lock files, generated files and binaries, and keeps the line that matters', async () => {
    repository.commit(at(1), 'root', { a: '1' });
    const big = Array.from({ length: 5_000 }, (_, n) => `line ${n}`).join('\n');
    const id = repository.commit(at(2), 'change', {
      'package-lock.json': big,
      'dist/app.js': big,
      'logo.png': '\u0000\u0001binary',
      'src/sessions.js': 'export const lifetimeSeconds = 3600;\n',
      'with space.txt': 'x\n',
    });
    const files = Object.fromEntries((await git.readDiff(repository.folder, id)).map((file) => [file.path, file.diff]));
    expect(files['package-lock.json']).toMatch(/\(cut: lock file diff, 5000 lines added and 0 removed in all\)$/);
    expect(files['dist/app.js']?.length).toBeLessThan(2_000);
    expect(files['logo.png']).toContain('Binary files');
    expect(files['src/sessions.js']).toContain('+export const lifetimeSeconds = 3600;');
    expect(files['with space.txt']).toContain('+x');
  });

  it('archives the same bytes each time, with what export-ignore would leave out', async () => {
    const id = repository.commit(at(1), 'root', {
      'src/a.js': 'a',
      'test/a.test.js': 't',
      '.gitattributes': 'test export-ignore\n',
    });
    repository.commit(at(2), 'next', { 'src/a.js': 'b' });
    const [first, second] = [
      (await git.archive(repository.folder, id)).tar,
      (await git.archive(repository.folder, id)).tar,
    ];
    expect(createHash('sha256').update(first).digest('hex')).toBe(createHash('sha256').update(second).digest('hex'));
    expect(await listFiles(first)).toEqual({
      '.gitattributes': 'test export-ignore\n',
      'src/a.js': 'a',
      'test/a.test.js': 't',
    });
  });

  it('archives links as links, keeps what is executable, and writes names that are not UTF-8 as near as can be', async () => {
    await writeFile(path.join(repository.folder, 'run.sh'), '#!/bin/sh');
    await chmod(path.join(repository.folder, 'run.sh'), 0o755);
    await symlink('../../etc/passwd', path.join(repository.folder, 'link'));
    await writeFile(Buffer.concat([Buffer.from(`${repository.folder}/caf`), Buffer.from([0xe9])]), 'odd');
    const id = repository.commit(at(1), 'root', { 'dir/ünïcode.txt': 'x', '.gitattributes': '* text eol=crlf\n' });
    const { tar, notes } = await git.archive(repository.folder, id);
    const headers = await listHeaders(tar);
    expect(headers['run.sh']).toMatchObject({ mode: 0o755, type: 'file' });
    expect(headers['link']).toMatchObject({ type: 'symlink', linkname: '../../etc/passwd' });
    expect(Object.keys(headers)).toEqual(expect.arrayContaining(['caf\ufffd', 'dir/ünïcode.txt']));
    expect(notes).toEqual([
      'the link link to ../../etc/passwd leads out of the source, so in the sandbox it may lead nowhere',
      'the file caf\ufffd has a name that is not UTF-8, and is packed under the nearest one that is',
    ]);
  });

  it('notes the links that lead out of the folder of a service, and none that stay inside', async () => {
    repository.commit(at(1), 'root', { 'till/test/a.json': '1', 'shared/x.json': '2' });
    const inside = (name: string) => path.join(repository.folder, 'till', name);
    await symlink('../../shared/x.json', inside('test/fixture'));
    await symlink('test/../../shared', inside('shared'));
    await symlink('..', inside('test/up'));
    await symlink('../till/test/a.json', inside('round'));
    await symlink('a.json', inside('test/..a'));
    const { notes } = await git.archive(path.join(repository.folder, 'till'), repository.commit(at(2), 'links', {}));
    expect(notes).toEqual([
      '3 links (round to ../till/test/a.json, shared to test/../../shared, test/fixture to ../../shared/x.json): each leads out of the source, so in the sandbox it may lead nowhere',
    ]);
  });

  it('tells a folder that does not exist from a Git that is not installed', async () => {
    const absent = path.join(folder, 'absent');
    const asked = () => git.listWithin(absent, window);
    await expect(asked()).rejects.toThrow(`the folder ${absent} does not exist`);
    await expect(asked()).rejects.not.toThrow('installed');
    vi.stubEnv('PATH', folder);
    await expect(git.listWithin(repository.folder, window)).rejects.toThrow('git is not installed');
  });

  it('says how large a source may be', async () => {
    await writeFile(path.join(repository.folder, 'big'), '');
    await truncate(path.join(repository.folder, 'big'), 201_000_000);
    const id = repository.commit(at(1), 'big', {});
    await expect(git.archive(repository.folder, id)).rejects.toThrow(
      'holds 201 MB; 200 MB is the most. Point `source`',
    );
  }, 30_000);

  it('keeps to the folder of a service inside a larger repository', async () => {
    repository.commit('2026-11-01T09:00:00Z', 'root', { 'order/a': '1', 'user/a': '1' });
    const ours = repository.commit(at(1), 'ours', { 'order/a': '2', 'user/a': '2' });
    repository.commit(at(2), 'theirs', { 'user/a': '3' });
    const source = path.join(repository.folder, 'order');
    expect(await git.listWithin(source, window)).toEqual([ours]);
    expect((await git.readDiff(source, ours)).map((file) => file.path)).toEqual(['order/a']);
    expect(await listFiles((await git.archive(source, ours)).tar)).toEqual({ a: '2' });
  });

  it('mirrors a remote repository once and fetches what is new', async () => {
    const first = repository.commit(at(1), 'first', { a: '1' });
    const url = `file://${repository.folder}`;
    expect(await Promise.all([git.resolve(url, 'HEAD'), git.resolve(url, 'main')])).toEqual([first, first]);
    const second = repository.commit(at(2), 'second', { a: '2' });
    expect(await git.resolve(url, 'main')).toBe(second);
    expect(await readdir(path.join(folder, 'cache'))).toHaveLength(1);
  });

  it('runs nothing that the repository carries', async () => {
    const witness = path.join(folder, 'ran');
    const script = path.join(folder, 'evil.sh');
    await writeFile(script, `#!/bin/sh\ntouch ${witness}\n`);
    await chmod(script, 0o755);
    const id = repository.commit(at(1), 'root', { a: '1', '.gitattributes': '* diff=evil filter=evil\n' });
    for (const key of ['core.fsmonitor', 'diff.external', 'diff.evil.textconv', 'filter.evil.smudge', 'core.pager']) {
      repository.git(['config', key, script]);
    }
    await git.listWithin(repository.folder, window);
    await git.readDiff(repository.folder, id);
    await git.archive(repository.folder, id);
    expect(await readdir(folder)).not.toContain('ran');
  });

  it('takes no option for a revision, and says what is wrong and what to do', async () => {
    repository.commit(at(1), 'root', { a: '1' });
    await expect(git.resolve(repository.folder, '--output=x')).rejects.toMatchObject({ trouble: { system: 'Git' } });
    await expect(git.resolve(repository.folder, 'f00dface')).rejects.toThrow(/not in this repository/);
    await expect(git.resolve(folder, 'HEAD')).rejects.toThrow(/Check `source`/);
    await expect(git.resolve(path.join(folder, 'none'), 'HEAD')).rejects.toThrow(/Check `source`/);
  });
});
