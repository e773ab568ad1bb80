import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { renderImageList } from '../../src/cli/render-images.ts';
import { loadSettings } from '../../src/config.ts';
import { inspectSandboxes } from '../../src/setup/images/inspect-sandboxes.ts';
import { listImages } from '../../src/setup/images/list-images.ts';
import { createImageParts } from '../../src/setup/images/parts.ts';
import { lookForEngine } from '../../src/setup/look-for-engine.ts';
import { fitEngine } from '../fakes/fit-engine.ts';

let folder: string;
let socket: string;
let engine: Server | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resident-rows-'));
  socket = path.join(folder, 'docker.sock');
});
afterEach(() => void engine?.close());

function configure(services: readonly string[]) {
  const file = path.join(folder, 'resident.yaml');
  const gateway = 'gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: UNUSED } } } }';
  writeFileSync(
    file,
    [
      'version: 1',
      gateway,
      'sandbox: { runtime: runsc }',
      'services:',
      ...services.map((line) => `  ${line}`),
      '',
    ].join('\n'),
  );
  return loadSettings(file, { secrets: 'unchecked' });
}

const service = (name: string, image: string) => `${name}: { sandbox: { image: '${image}', test: [t] } }`;
const mistaken = [service('typo', 'pythn'), service('old', 'node:99'), service('unknown', 'deployed')];

/** An engine that holds no image. */
async function startEngine(): Promise<string> {
  const version = { Version: '28.0.0', ApiVersion: '1.48' };
  const info = { ...fitEngine, Runtimes: { runc: {} } };
  engine = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const isKnown = /\/(version|info)$/.test(request.url ?? '');
    response.statusCode = isKnown ? 200 : 404;
    response.end(
      JSON.stringify(isKnown ? (request.url?.endsWith('/version') ? version : info) : { message: 'absent' }),
    );
  });
  await new Promise<void>((resolve) => engine?.listen(socket, resolve));
  return `unix://${socket}`;
}

it('tells the mistakes in the names of images without an engine, and what can be built is none', async (context) => {
  const options = { env: {}, cacheFolder: folder, systemFolders: [] };
  if (await lookForEngine(options)) return context.skip('an engine runs here');
  const rows = await inspectSandboxes(configure([...mistaken, service('fine', 'node')]), options);
  expect(rows.map(({ name, where }) => [name, where])).toEqual([
    ['Sandbox of typo', 'it is no language of ours; did you mean `python`?'],
    ['Sandbox of old', expect.stringMatching(/node 99 is asked for, and it has \d/)],
  ]);
});

it('never tells to build what cannot be built', async () => {
  const dockerHost = await startEngine();
  const settings = configure([...mistaken, service('digest', `app@sha256:${'a'.repeat(64)}`), service('fine', 'node')]);
  const options = { env: { DOCKER_HOST: dockerHost }, cacheFolder: folder };
  const rows = await inspectSandboxes(settings, options);
  const remedies = Object.fromEntries(rows.map(({ name, remedy }) => [name.replace('Sandbox of ', ''), remedy]));
  expect(remedies).toEqual({
    'Sandbox runtime': expect.stringContaining('correct `sandbox.runtime`') as string,
    typo: expect.stringMatching(/^correct `sandbox.image` of typo/) as string,
    old: expect.stringMatching(/^correct `sandbox.image` of old/) as string,
    unknown: expect.stringMatching(/^correct `sandbox.image` of unknown/) as string,
    digest: 'run `resident images build digest --pull`, before an incident needs it',
    fine: 'run `resident images build fine`, before an incident needs it',
  });
  expect(rows[0]?.where).toMatch(/knows no runtime runsc; it has runc/);

  const parts = createImageParts({ settings, dockerHost, cacheFolder: folder, onProgress: () => undefined });
  const footer = async (...services: string[]) =>
    renderImageList(await listImages(parts, services))
      .split('\n')
      .at(-1);
  expect(await footer('typo', 'old', 'unknown')).toMatch(/^deployed: no deploy record names an image/);
  expect(await footer('typo')).toMatch(/did you mean `python`\?/);
  expect(await footer('typo', 'fine')).toBe('To make what can be made: resident images build');
  expect(await footer('digest', 'fine')).toBe('To make what can be made: resident images build --pull');
});

it('notes an image for another language than that of the service, unless its dependencies are settled', async () => {
  const dockerHost = await startEngine();
  const write = (name: string, language: string, sandbox: string) =>
    `${name}: { language: ${language}, sandbox: { test: [t], ${sandbox} } }`;
  const settings = configure([
    write('same', 'python', 'image: python'),
    write('version', 'python', `image: 'python:3.11'`),
    write('other', 'python', 'image: node'),
    write('settled', 'python', 'image: node, dependencies: none'),
    write('words', 'typescript', 'image: node'),
  ]);
  const parts = createImageParts({ settings, dockerHost, cacheFolder: folder, onProgress: () => undefined });
  expect((await listImages(parts)).notes).toEqual([
    expect.stringMatching(/^other is written in python, and its sandbox is one for node: .*`image: python`/),
  ]);
  expect((await listImages(parts, ['same'])).notes).toEqual([]);
});
