import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { arch } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLayer, type LayerFile } from '../../src/adapters/image-builder/archive.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import { pull } from '../../src/adapters/image-builder/pull.ts';
import { addBase, findTools } from '../../src/adapters/image-builder/recipes.ts';
import { addFolders, type FileSet } from '../../src/adapters/image-builder/file-set.ts';
import { address, expectNothingLeft, isEngineThere, makeSandbox, runInside } from './sandbox-harness.ts';
import { makeForeignConfig, startRegistry } from './registry.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;
const isRightMachine = isEngineThere && arch === 'x64';
const silent = { onProgress: () => undefined };
const debianUsers = 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';

let folder: string;
let registry: Awaited<ReturnType<typeof startRegistry>>;
const fetched: string[] = [];

/** A small image as other people make them: with a `nobody`, without our users, and a /tmp with the wrong mode. */
async function makeLayer(name: string, change: (files: FileSet) => void = () => undefined): Promise<LayerFile> {
  const wanted = ['sh', 'tar', 'cat', 'sleep', 'ls', 'stat', 'id'];
  const files: FileSet = new Map();
  await addBase(
    files,
    (await findTools()).filter((program) => wanted.includes(path.basename(program))),
  );
  files.set('/etc/passwd', { kind: 'text', text: debianUsers });
  files.set('/etc/group', { kind: 'text', text: 'root:x:0:\nnogroup:x:65534:\n' });
  files.delete('/sandbox');
  files.set('/tmp', { kind: 'folder', mode: 0o755, user: 0 });
  addFolders(files, '/data');
  files.set('/made-as', { kind: 'text', text: name });
  change(files);
  return writeLayer(files, path.join(folder, `${name}.tar`));
}

function makeBuilder(recordsFile = path.join(folder, 'images.json')) {
  return createImageBuilder({ address, recordsFile });
}

describe.skipIf(!isRightMachine)('images of a registry', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'resident-registry-'));
    registry = await startRegistry();
  });

  afterAll(async () => {
    for (const name of fetched)
      await parts.docker
        .getImage(name)
        .remove({ force: true })
        .catch(() => undefined);
    await registry.stop();
    await rm(folder, { recursive: true, force: true });
    await expectNothingLeft(parts.docker);
  });

  it('are fetched by tag once, and used by the digest that the tag had then', async () => {
    const [old, moved] = [await makeLayer('old'), await makeLayer('moved')];
    const digest = await registry.push('library/node', '22-bookworm-slim', {
      layer: old,
      config: makeForeignConfig(old),
    });
    const builder = makeBuilder();
    await builder.pullImage('node:22', { registry: registry.host, ...silent });
    const pinned = `${registry.host}/library/node@${digest}`;
    fetched.push(pinned, `${registry.host}/library/node:22-bookworm-slim`);
    const records = JSON.parse(await readFile(path.join(folder, 'images.json'), 'utf8')) as unknown;
    expect(records).toMatchObject({ pins: { 'node:22': { pinned } } });
    const first = await builder.ensureImage('node:22');
    fetched.push(first.tag);

    await registry.push('library/node', '22-bookworm-slim', { layer: moved, config: makeForeignConfig(moved) });
    // Somebody pulls by hand, so that the engine's tag moves as well.
    await pull(parts.docker, `${registry.host}/library/node:22-bookworm-slim`, silent);
    registry.requests.length = 0;
    await builder.pullImage('node:22', { registry: registry.host, ...silent });
    expect(await builder.ensureImage('node:22')).toMatchObject({ id: first.id });
    expect(registry.requests).toEqual([]);
    const seen = await runInside(parts, ['cat', '/made-as'], { image: first.id });
    expect(seen.output.toString()).toBe('old');

    await builder.pullImage('node:22', { registry: registry.host, refresh: true, ...silent });
    const fresh = await builder.ensureImage('node:22');
    fetched.push(fresh.tag, (await builder.inspectImage('node:22')).from);
    expect((await runInside(parts, ['cat', '/made-as'], { image: fresh.id })).output.toString()).toBe('moved');
    // Without the record the name means this machine's own Node again.
    expect((await makeBuilder(path.join(folder, 'none.json')).inspectImage('node:22')).from).toMatch(/this machine/);
  });

  it('get the users and mount points of the sandbox, and nothing else of theirs but the environment', async () => {
    const layer = await makeLayer('app');
    const digest = await registry.push('shop/app', 'live', { layer, config: makeForeignConfig(layer) });
    const name = `${registry.host}/shop/app@${digest}`;
    const builder = makeBuilder();
    expect(await builder.inspectImage(name)).toMatchObject({ state: 'missing' });
    await builder.pullImage(name, silent);
    fetched.push(name);
    expect(await builder.inspectImage(name)).toMatchObject({ state: 'to-build' });
    const wrapped = await builder.ensureImage(name);
    fetched.push(wrapped.tag);
    expect(await builder.inspectImage(name)).toMatchObject({ state: 'ready', id: wrapped.id });
    const { Config } = await parts.docker.getImage(wrapped.id).inspect();
    expect(Config).toMatchObject({
      User: '65534:65534',
      Cmd: ['sleep', '60'],
      Env: expect.arrayContaining(['FLAVOUR=foreign']) as string[],
    });
    for (const field of ['Entrypoint', 'Volumes', 'Healthcheck'] as const) {
      expect((Config as unknown as Record<string, unknown>)[field] ?? null, field).toBeNull();
    }
    const command = 'stat -c "%a %u %n" /tmp /sandbox; id -un; cat /etc/passwd; echo $FLAVOUR';
    const text = (await runInside(parts, ['sh', '-c', command], { image: name })).output.toString();
    expect(text).toMatch(/^1777 0 \/tmp\n755 65533 \/sandbox\nsandbox\n/);
    expect(text).toMatch(/nobody:x:65534[\s\S]*sandbox:x:65533[\s\S]*foreign\n$/);
    expect(text).not.toContain('keeper');

    // The same image and layer give the same id, wherever it is made.
    await parts.docker.getImage(wrapped.tag).remove({ force: true });
    expect((await builder.ensureImage(name)).id).toBe(wrapped.id);
  });

  it('are refused with a volume on the work folder, and without the programs that the sandbox needs', async () => {
    const layer = await makeLayer('volume');
    const bare = await makeLayer('bare', (files) => {
      for (const file of files.keys()) if (/\/(tar|sleep)$/.test(file)) files.delete(file);
    });
    for (const [label, image, message] of [
      [
        'volume',
        { layer, config: makeForeignConfig(layer, { Volumes: { '/sandbox': {} } }) },
        /declares a volume on \/sandbox.*Build it without/,
      ],
      ['bare', { layer: bare, config: makeForeignConfig(bare) }, /has no tar, no sleep.*slim or alpine/],
    ] as const) {
      const name = `${registry.host}/shop/${label}@${await registry.push(`shop/${label}`, 'x', image)}`;
      const builder = makeBuilder();
      await builder.pullImage(name, silent);
      fetched.push(name);
      await expect(builder.ensureImage(name)).rejects.toThrow(message);
    }
  });

  it('are never fetched in an incident: a digest that the engine does not hold is refused with the remedy', async () => {
    const name = `${registry.host}/shop/absent@sha256:${'0'.repeat(64)}`;
    registry.requests.length = 0;
    await expect(makeBuilder().ensureImage(name)).rejects.toThrow(
      /holds no image .*absent.*resident images build --pull/,
    );
    expect(registry.requests).toEqual([]);
    await expect(makeBuilder().pullImage(name, silent)).rejects.toThrow(
      /could not be pulled.*Check that the Docker engine/,
    );
    await expect(makeBuilder().pullImage('python:2.7', silent)).rejects.toThrow(
      /no official image of python 2.7.*3.13/,
    );
  });
});
