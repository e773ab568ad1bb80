import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLessonStore } from '../../src/adapters/lesson-store.ts';
import type { Lesson } from '../../src/domain/evidence/lesson.ts';
import { learnLesson } from '../../src/domain/evidence/lessons.ts';
import { closedState } from '../incident-state.ts';

let folder: string;
let repository: string;
const environment = { PATH: process.env['PATH'] ?? '' };
const lesson = learnLesson(closedState)!;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'lessons-'));
  repository = path.join(folder, 'state', 'lessons');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=ana', '-c', 'user.email=ana@example', ...args], {
    cwd: repository,
    encoding: 'utf8',
  }).trim();
const open = () => createLessonStore({ repository, environment });

describe('createLessonStore', () => {
  it('makes the repository, commits a lesson once, and reads it back from HEAD', async () => {
    expect(await open().keep(lesson)).toEqual({ path: `${lesson.id}.md`, isNew: true });
    expect(await open().keep(lesson)).toEqual({ path: `${lesson.id}.md`, isNew: false });
    expect(git('log', '--format=%an %s')).toBe('Resident Learn from OrderErrors on order-service: recovered');
    expect(git('status', '--porcelain')).toBe('');
    expect(await open().read()).toEqual({ lessons: [lesson], faults: [] });
  });

  it('has no lessons where there is no repository, and makes none by reading', async () => {
    await mkdir(path.dirname(repository), { recursive: true });
    expect(await open().read()).toEqual({ lessons: [], faults: [] });
  });

  it('does not take the repository around it for its own', async () => {
    await mkdir(repository, { recursive: true });
    execFileSync('git', ['init', '-q'], { cwd: folder });
    expect(await open().read()).toEqual({ lessons: [], faults: [] });
    await open().keep(lesson);
    expect(git('rev-parse', '--show-toplevel')).toContain('lessons');
  });

  it('leaves what people edited and staged alone', async () => {
    await open().keep(lesson);
    await writeFile(path.join(repository, 'README.md'), 'ours');
    git('add', 'README.md');
    const file = path.join(repository, `${lesson.id}.md`);
    const edited = (await readFile(file, 'utf8')).replace('What it was', 'What it really was');
    await writeFile(file, edited);
    git('commit', '-qm', 'Correct', '--', `${lesson.id}.md`);
    await open().keep(lesson);
    await open().keep({ ...lesson, id: 'another' });
    expect(git('status', '--porcelain')).toBe('A  README.md');
    expect(git('show', '--stat', '--format=', 'HEAD')).not.toContain('README');
    expect((await open().read()).lessons.find((item) => item.id === lesson.id)?.text).toContain('What it really was');
  });

  it('finishes what a killed attempt began: HEAD moved, folder and index did not', async () => {
    await open().keep(lesson);
    git('rm', '-q', '--cached', `${lesson.id}.md`);
    await rm(path.join(repository, `${lesson.id}.md`));
    await open().keep(lesson);
    expect(git('status', '--porcelain')).toBe('');
    expect(git('rev-list', '--count', 'HEAD')).toBe('1');
  });

  it('keeps every lesson when several incidents close at once', async () => {
    await open().keep(lesson);
    const more: Lesson[] = ['b', 'c', 'd'].map((id) => ({ ...lesson, id }));
    await Promise.all(more.map((item) => open().keep(item)));
    expect((await open().read()).lessons.map((item) => item.id).sort()).toEqual([lesson.id, 'b', 'c', 'd'].sort());
    expect(git('rev-list', '--count', 'HEAD')).toBe('4');
  });

  it('reports files that are no lessons, and reads the rest, in any script', async () => {
    await open().keep({ ...lesson, fix: 'Zurückrollen – 回滚' });
    await writeFile(path.join(repository, 'bröken.md'), '---\nincidentId: [\n---\n');
    await writeFile(path.join(repository, 'README.md'), 'ours');
    git('add', '.');
    git('commit', '-qm', 'Add');
    const read = await open().read();
    expect(read.lessons.map((item) => item.fix)).toEqual(['Zurückrollen – 回滚']);
    expect(read.faults).toEqual([expect.stringContaining('bröken.md: its front matter is not YAML')]);
  });

  it('runs no hook of the repository', async () => {
    await open().keep(lesson);
    const hook = path.join(repository, '.git/hooks/reference-transaction');
    await mkdir(path.dirname(hook), { recursive: true });
    await writeFile(hook, `#!/bin/sh\ntouch ${path.join(folder, 'ran')}\n`, { mode: 0o755 });
    await open().keep({ ...lesson, id: 'b' });
    await expect(readFile(path.join(folder, 'ran'))).rejects.toThrow('ENOENT');
  });

  it('says what to do when there is no Git', async () => {
    await mkdir(repository, { recursive: true });
    const store = createLessonStore({ repository, environment: { PATH: folder } });
    await expect(store.read()).rejects.toMatchObject({ trouble: { kind: 'GitMissing', retryable: false } });
  });
});
