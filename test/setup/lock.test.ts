import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withLock } from '../../src/setup/lock.ts';
import { identityOf } from '../../src/setup/process-identity.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-lock-'));
  file = path.join(folder, 'a.lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

it('lets one in at a time', async () => {
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setTimeout(resolve, 10));
    inside--;
  };
  await Promise.all([1, 2, 3].map(() => withLock(file, work)));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

it('is given back when the work fails', async () => {
  await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(file, async () => 'in')).toBe('in');
});

it('is taken over from a process that is dead', async () => {
  const { pid } = spawnSync('true');
  await writeFile(file, JSON.stringify({ pid, began: '1' }));
  expect(await withLock(file, async () => 'in')).toBe('in');
});

it('is taken over when the pid was given to another process', async () => {
  await writeFile(file, JSON.stringify({ pid: process.pid, began: 'long ago' }));
  expect(await withLock(file, async () => 'in')).toBe('in');
});

it('is taken over when nobody can read whose it is', async () => {
  await writeFile(file, '');
  expect(await withLock(file, async () => 'in')).toBe('in');
});

it('waits for a living holder, and says for whom', async () => {
  await writeFile(file, JSON.stringify(identityOf(process.ppid)));
  const holders: number[] = [];
  const waiting = withLock(file, async () => 'in', { onWait: (pid) => holders.push(pid) });
  await expect.poll(() => holders).toEqual([process.ppid]);
  await rm(file);
  expect(await waiting).toBe('in');
});

it('stops waiting when it is told to', async () => {
  await writeFile(file, JSON.stringify(identityOf(process.ppid)));
  await expect(withLock(file, async () => 'in', { signal: AbortSignal.timeout(50) })).rejects.toThrow(/abort/);
});
