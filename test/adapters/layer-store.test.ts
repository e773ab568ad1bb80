import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLayerStore, type PreparedLayer } from '../../src/adapters/dependencies/layer-store.ts';

const layer: PreparedLayer = {
  key: 'a'.repeat(32),
  language: 'node',
  lockfile: 'package-lock.json',
  baseId: `sha256:${'b'.repeat(64)}`,
  bytes: 10,
  entries: 1,
  diffId: 'c'.repeat(64),
  preparedAt: '2026-11-21T10:00:00.000Z',
  preparedFor: 'app',
  durationMs: 5,
  notes: [],
};
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'layers-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a layer is found once its facts are kept, and is as good as not prepared where they cannot be read', async () => {
  const store = createLayerStore(folder, () => 'one');
  expect(await store.find(layer.key)).toBeUndefined();
  const temporary = await store.temporaryOf(layer.key);
  await writeFile(temporary, 'tar');
  await store.keep(layer, temporary);
  expect(await store.find(layer.key)).toEqual(layer);

  for (const damaged of ['{"key": "a', JSON.stringify({ ...layer, diffId: undefined }), '']) {
    await writeFile(path.join(folder, `${layer.key}.json`), damaged);
    expect(await store.find(layer.key)).toBeUndefined();
    expect(await store.list()).toEqual([]);
  }
});
