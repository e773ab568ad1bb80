import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadSettings } from '../../src/config.ts';
import { findSets } from '../../src/setup/images/find-sets.ts';
import { createImageParts, listSandboxed } from '../../src/setup/images/parts.ts';
import { verifyLayers } from '../../src/setup/images/verify-layers.ts';
import { createRepository } from '../fakes/repository.ts';

const imageId = `sha256:${'1'.repeat(64)}`;
let folder: string;
let engine: Server;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resident-layers-'));
});
afterEach(() => void engine.close());

/** An engine that holds one image, for Node. */
async function startEngine(): Promise<string> {
  const image = { Id: imageId, Config: { Labels: { 'resident.image': 'node' } }, RepoTags: [] };
  engine = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(image));
  });
  const socket = path.join(folder, 'docker.sock');
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  return `unix://${socket}`;
}

it('a layer of dependencies is right only while it is there and holds the recorded bytes', async () => {
  const lock = {
    lockfileVersion: 3,
    packages: { '': {}, 'node_modules/tally': { version: '1.0.0', resolved: 'https://example.test/t.tgz' } },
  };
  createRepository(path.join(folder, 'shop')).commit('2026-11-21T10:00:00Z', 'first', {
    'package.json': '{"dependencies":{"tally":"1.0.0"}}',
    'package-lock.json': JSON.stringify(lock),
  });
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(
    file,
    `version: 1
gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: UNUSED } } } }
services: { shop: { source: ./shop, language: node, sandbox: { test: [t] } } }
`,
  );
  const settings = loadSettings(file, { secrets: 'unchecked' });
  const dockerHost = await startEngine();
  const parts = createImageParts({ settings, dockerHost, cacheFolder: folder, onProgress: () => undefined });
  const verify = () => verifyLayers(parts, listSandboxed(settings), imageId);

  const [missing, ...others] = await verify();
  expect(others).toEqual([]);
  expect(missing).toMatchObject({
    image: expect.stringMatching(/^shop package-lock\.json at \w{12}, on node$/) as string,
    checks: [{ ok: false, detail: expect.stringContaining('resident images build shop') as string }],
    isRight: false,
  });

  const [row] = await findSets(parts, listSandboxed(settings)[0]!, imageId);
  const key = row?.key ?? '';
  const layer = { key, language: 'node', lockfile: 'package-lock.json', baseId: imageId, bytes: 4, entries: 1 };
  const rest = { preparedAt: '2026-11-21T10:00:00Z', preparedFor: file, durationMs: 1, notes: [] };
  const diffId = createHash('sha256').update('tar!').digest('hex');
  mkdirSync(path.join(folder, 'dependencies'), { recursive: true });
  writeFileSync(path.join(folder, 'dependencies', `${key}.json`), JSON.stringify({ ...layer, ...rest, diffId }));
  const tar = parts.dependencies.store.tarOf(key);
  writeFileSync(tar, 'tar!');
  expect(await verify()).toMatchObject([
    { id: key, checks: [{ ok: true, detail: `sha256:${diffId}` }], isRight: true },
  ]);
  writeFileSync(tar, 'tampered');
  expect(await verify()).toMatchObject([
    {
      checks: [{ detail: expect.stringMatching(/recorded was \w+; remove .*resident images build/) as string }],
      isRight: false,
    },
  ]);
  rmSync(tar);
  expect(await verify()).toMatchObject([
    { checks: [{ detail: expect.stringContaining('ENOENT') as string }], isRight: false },
  ]);
});
