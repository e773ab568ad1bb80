import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listStrangers } from '../../src/adapters/dependencies/end-scripts.ts';
import { writeTree, type TreeLimits } from '../../src/adapters/dependencies/take-tree.ts';

const root = 'opt/resident/dependencies/key';
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-tree-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Made = readonly [name: string, kind: Header['type'], rest?: string];

async function makeArchive(entries: readonly Made[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, type, rest = ''] of entries) {
    if (type === 'file') tar.entry({ name, type, mode: 0o755 }, rest);
    else tar.entry({ name, type, ...(rest === '' ? {} : { linkname: rest }) });
  }
  tar.finalize();
  return buffer(tar);
}

/** What becomes of an archive: `path -> target` for links, `path = content` for files, below the layer's folder. */
async function take(archive: Buffer, limits?: TreeLimits) {
  const file = path.join(folder, 'layer.tar');
  const parser = extract();
  Readable.from([archive]).pipe(parser);
  const taken = await writeTree(parser, { folder: `/${root}`, file }, limits);
  const layer: string[] = [];
  for await (const entry of createReadStream(file).pipe(extract())) {
    const { name, type, linkname } = entry.header;
    const content = await text(entry);
    if (root.startsWith(name.replace(/\/$/, ''))) continue;
    expect(name.startsWith(`${root}/`), name).toBe(true);
    const inside = name.slice(root.length + 1);
    layer.push(type === 'symlink' ? `${inside} -> ${linkname}` : type === 'file' ? `${inside} = ${content}` : inside);
  }
  return { taken, layer };
}

describe('the installed files of a sandbox', () => {
  it('become a layer with their links, as package managers make them', async () => {
    const { taken, layer } = await take(
      await makeArchive([
        ['./', 'directory'],
        ['./node_modules/', 'directory'],
        ['./node_modules/.bin/', 'directory'],
        ['./node_modules/.bin/tool', 'symlink', '../@scope/tool/cli.js'],
        ['./node_modules/.bin/other', 'symlink', 'tool'],
        ['./node_modules/@scope/', 'directory'],
        ['./node_modules/@scope/tool/', 'directory'],
        ['./node_modules/@scope/tool/cli.js', 'file', 'run()'],
      ]),
    );
    expect(layer).toEqual([
      'node_modules/',
      'node_modules/.bin/',
      'node_modules/.bin/tool -> ../@scope/tool/cli.js',
      'node_modules/.bin/other -> tool',
      'node_modules/@scope/',
      'node_modules/@scope/tool/',
      'node_modules/@scope/tool/cli.js = run()',
    ]);
    expect(taken).toMatchObject({ entries: 7, notes: [] });
  });

  it('never lead out through a chain of links, each of which stays inside by its text', async () => {
    const folders = ['p/', 'p/q/', 'p/q/r/', 'p/q/r/s/', 'p/q/r/s/t/'].map((name): Made => [name, 'directory']);
    const { taken, layer } = await take(
      await makeArchive([
        ...folders,
        ['p/q/r/s/t/l', 'symlink', '../../../../..'],
        ['u', 'symlink', 'p/q/r/s/t/l/../../../..'],
        ['u/usr/bin/sleep', 'file', 'process 1'],
      ]),
    );
    expect(layer).toEqual([...folders.map(([name]) => name), 'p/q/r/s/t/l -> ../../../../..']);
    expect(taken.notes[0]).toMatch(/left out: 2 entries/);
  });

  const folders: readonly Made[] = [
    ['a/', 'directory'],
    ['a/b/', 'directory'],
  ];
  const refused: readonly (readonly [what: string, ...Made[]])[] = [
    ['a path that leaves the folder', ['../x', 'file']],
    ['an absolute path', ['/etc/passwd', 'file']],
    ['a path with a way up in the middle', ['a/../../x', 'file']],
    ['a path whose folder did not come before it', ['later/x', 'file']],
    ['a path through a file', ['f', 'file'], ['f/x', 'file']],
    ['a path through a link', ['l', 'symlink', 'a'], ['l/x', 'file']],
    ['a path that was there before', ['a/x', 'file'], ['a/x', 'file', 'again']],
    ['a folder in the place of a link', ['l', 'symlink', 'a'], ['l/', 'directory']],
    ['a link to an absolute path', ['l', 'symlink', '/etc']],
    ['a link that leaves the folder', ['a/b/l', 'symlink', '../../..']],
    ['a link with a way up in the middle', ['l', 'symlink', 'a/../a']],
    ['a link through another one', ['l', 'symlink', 'a'], ['m', 'symlink', 'l/b']],
    ['a link that an earlier one passes through', ['m', 'symlink', 'l/b'], ['l', 'symlink', 'a']],
    ['a link through itself', ['l', 'symlink', 'l/x']],
    ['a hard link', ['h', 'link', 'a/b']],
    ['a device', ['d', 'character-device']],
    ['a file that would remove another layer’s', ['a/.wh.b', 'file']],
    ['a file that would empty a folder of other layers', ['a/b/.wh..wh..opq', 'file']],
  ];
  for (const [what, ...entries] of refused) {
    it(`leave out ${what}, and say so`, async () => {
      const { taken, layer } = await take(await makeArchive([...folders, ...entries]));
      expect(layer).toHaveLength(folders.length + entries.length - 1);
      expect(taken.notes).toEqual([expect.stringContaining('left out: 1 entries')]);
    });
  }

  it('are refused by the size that they claim, before a byte of it is read', async () => {
    const limits = { fileBytes: 2_000_000, totalBytes: 3_000_000, entries: 4 };

    const tar = pack();
    tar.entry({ name: 'sparse', size: 2_000_001 });
    const claimed = Buffer.from((await tar[Symbol.asyncIterator]().next()).value as Buffer);
    await expect(take(claimed, limits)).rejects.toThrow(/"sparse" is larger than 2 MB/);
    const half = 'x'.repeat(1_600_000);
    await expect(
      take(
        await makeArchive([
          ['a', 'file', half],
          ['b', 'file', half],
        ]),
        limits,
      ),
    ).rejects.toThrow(/larger than 3 MB together/);
    const many = ['a', 'b', 'c', 'd', 'e'].map((name): Made => [name, 'file']);
    await expect(take(await makeArchive(many), limits)).rejects.toThrow(/more than 4/);
  });

  it('go through piece by piece: the first of a file is written before its last has come', async () => {
    const tar = pack();
    const file = path.join(folder, 'large.tar');
    const piece = Buffer.alloc(1_000_000, 'x');
    const sink = tar.entry({ name: 'large', size: 2 * piece.length });
    const parser = extract();
    Readable.from(tar, { objectMode: false }).pipe(parser);
    const writing = writeTree(parser, { folder: `/${root}`, file });
    sink.write(piece);
    await expect.poll(() => stat(file).then(({ size }) => size, String), { timeout: 5_000 }).toBeGreaterThan(500_000);
    sink.end(piece);
    tar.finalize();
    expect((await writing).bytes).toBeGreaterThan(2 * piece.length);
  });
});

describe('processes that an installation leaves', () => {
  const status = (name: string, state: string, ids: string) =>
    `Name:\t${name}\nUmask:\t0022\nState:\t${state}\nPid:\t7\nUid:\t${ids}\nGid:\t${ids}\n`;
  const keeper = status('sleep', 'S (sleeping)', '65534\t65534\t65534\t65534');

  it('are all that are not the keeper’s and have not ended', () => {
    expect(listStrangers(keeper)).toEqual([]);
    const code = '65533\t65533\t65533\t65533';
    expect(listStrangers(keeper + status('gone', 'Z (zombie)', code) + keeper)).toEqual([]);
    expect(listStrangers(keeper + status('daemon', 'T (stopped)', code) + keeper)).toEqual(['"daemon"']);
    expect(listStrangers(status('half', 'S', '65534\t65533\t65534\t65534'))).toEqual(['"half"']);
  });

  it('may be there where nothing could be listed', () => {
    expect(listStrangers('')).not.toEqual([]);
  });
});
