import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeConfig, writeLayer } from '../../src/adapters/image-builder/archive.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import type { ImageEntry } from '../../src/adapters/image-builder/file-set.ts';
import { findOfficial } from '../../src/adapters/image-builder/official.ts';
import { changeRecords, readRecords } from '../../src/adapters/image-builder/records.ts';
import { keyOf } from '../../src/adapters/dependencies/layer-store.ts';
import { withoutCredentials } from '../../src/adapters/dependencies/registries.ts';
import { imageLanguages } from '../../src/domain/reproduction/image-name.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(tmpdir(), 'resident-images-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a layer', () => {
  it('has the same bytes whatever the order in which its files were found', async () => {
    const entries: (readonly [string, ImageEntry])[] = [
      ['/b', { kind: 'text', text: 'two' }],
      ['/a', { kind: 'folder', mode: 0o755, user: 0 }],
      ['/a/link', { kind: 'link', target: '../b' }],
    ];
    const first = await writeLayer(new Map(entries), path.join(folder, 'first'));
    const second = await writeLayer(new Map([...entries].reverse()), path.join(folder, 'second'));
    expect(second.diffId).toBe(first.diffId);
    expect(await readFile(second.file)).toEqual(await readFile(first.file));
    const meta = { architecture: 'amd64', env: ['A=b'], labels: { x: 'y' } };
    expect(makeConfig([second], meta)).toBe(makeConfig([first], meta));
    const onBase = JSON.parse(makeConfig([first], { ...meta, base: { diffIds: ['sha256:base'] } })) as object;
    expect(onBase).toMatchObject({ rootfs: { diff_ids: ['sha256:base', `sha256:${first.diffId}`] } });
  });
});

describe('records of images', () => {
  const pinned = `library/node@sha256:${'b'.repeat(64)}`;

  it('are kept between runs, and nothing is recorded without a file', async () => {
    const file = path.join(folder, 'state', 'images.json');
    expect(await readRecords(file)).toEqual({ version: 1, pins: {}, made: {} });
    await changeRecords(file, (records) => ({
      ...records,
      pins: { 'node:22': { tag: 'node:22', pinned, at: 'now' } },
    }));
    expect((await readRecords(file)).pins['node:22']).toMatchObject({ pinned });
  });

  it('are refused when somebody wrote a tag where a digest belongs', async () => {
    const file = path.join(folder, 'images.json');
    await writeFile(
      file,
      JSON.stringify({ version: 1, pins: { node: { tag: 'node', pinned: 'node:22', at: 'now' } }, made: {} }),
    );
    await expect(readRecords(file)).rejects.toThrow(
      /does not hold records of images.*remove it and run `resident images build`/s,
    );
    const builder = createImageBuilder({ address: { dockerHost: 'unix:///nowhere/docker.sock' }, recordsFile: file });
    await expect(builder.ensureImage('node')).rejects.toThrow(/does not hold records/);
  });
});

describe('official images', () => {
  it('are named for every language, the newest without a version, and none for a version that nobody reviewed', () => {
    for (const language of imageLanguages) expect(findOfficial(language, undefined), language).toMatch(/^[a-z]+:\d/);
    expect(findOfficial('python', undefined)).toBe('python:3.13-slim-bookworm');
    expect(findOfficial('node', '20')).toBe('node:20-bookworm-slim');
    expect(findOfficial('python', '2.7')).toBeUndefined();
  });
});

describe('the layer of a lockfile', () => {
  const set = {
    language: 'node',
    lockfile: 'package-lock.json',
    inputs: { 'package.json': '{}', 'package-lock.json': 'a' },
  } as const;

  it('is named by the lockfile and the image, and by nothing else', () => {
    const key = keyOf(set, 'sha256:base');
    expect(keyOf({ ...set, inputs: { 'package-lock.json': 'a', 'package.json': '{}' } }, 'sha256:base')).toBe(key);
    expect(keyOf({ ...set, inputs: { ...set.inputs, 'package-lock.json': 'b' } }, 'sha256:base')).not.toBe(key);
    expect(keyOf(set, 'sha256:other')).not.toBe(key);
  });
});

describe('addresses of registries', () => {
  it.each([
    ['https://user:secret@packages.example.com/npm/', 'https://packages.example.com/npm/'],
    ['https://token@a.example.com,direct', 'https://a.example.com/,direct'],
    ['https://a.example.com/?token=secret', 'https://a.example.com/'],
    ['https://a:b@one.example.com https://c:d@two.example.com', 'https://one.example.com/ https://two.example.com/'],
    ['https://packages.example.com/simple', 'https://packages.example.com/simple'],
    ['https://user:p@ss@packages.example.com/simple', 'https://packages.example.com/simple'],
    ['https://user:p%40ss@packages.example.com/', 'https://packages.example.com/'],
    ['https://packages.example.com/simple/#token=secret', 'https://packages.example.com/simple/'],
    ['https://user:p,ss@packages.example.com/', ''],
    ['https://user:p|ss@packages.example.com/', ''],
    ['https://user:p/ss@packages.example.com/', ''],
    ['https://', ''],
    ['file:///etc/passwd', ''],
    [
      'https://one.example.com|https://two.example.com,direct',
      'https://one.example.com|https://two.example.com,direct',
    ],
    ['sum.example.com', 'sum.example.com'],
  ])('are passed on without credentials: %s', (given, expected) => {
    expect(withoutCredentials(given)).toEqual({ text: expected, isCut: given !== expected });
  });
});
