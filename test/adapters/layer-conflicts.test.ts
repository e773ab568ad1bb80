import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { assertNoConflicts } from '../../src/adapters/dependencies/layer-conflicts.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-layers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function makeLayer(lockfile: string, files: Readonly<Record<string, string>>) {
  const tar = pack();
  tar.entry({ name: 'opt/go/', type: 'directory' });
  for (const [name, text] of Object.entries(files)) tar.entry({ name: `opt/go/${name}`, mtime: new Date(0) }, text);
  tar.finalize();
  const file = path.join(folder, lockfile);
  await pipeline(tar, createWriteStream(file));
  return { lockfile, file };
}

test('layers of one folder go together while what they share is equal, and not when one would change the other', async () => {
  const own = await makeLayer('own', { 'mod/a@v1/a.go': 'a', 'mod/cache/lock': '' });
  const equal = await makeLayer('equal', { 'mod/a@v1/a.go': 'a', 'mod/b@v1/b.go': 'b', 'mod/cache/lock': '1' });
  await expect(assertNoConflicts([own, equal])).resolves.toBeUndefined();
  const evil = await makeLayer('evil', { 'mod/a@v1/a.go': 'changed' });
  await expect(assertNoConflicts([own, evil])).rejects.toThrow(
    /own and evil.*different files under "opt\/go\/mod\/a@v1\/a.go"/,
  );
  const file = await makeLayer('file', { 'mod/a@v1': 'a file where the other has a folder' });
  const nested = await makeLayer('nested', { 'mod/a@v1': '' });
  await expect(assertNoConflicts([file, nested])).rejects.toThrow(/a@v1/);
});
