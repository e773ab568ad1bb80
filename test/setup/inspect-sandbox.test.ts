import { createServer, type Server } from 'node:http';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inspect, renderDoctor } from '../../src/setup/doctor.ts';
import { lookForEngine } from '../../src/setup/look-for-engine.ts';
import { inspectSandbox } from '../../src/setup/inspect-sandbox.ts';
import { fitEngine } from '../fakes/fit-engine.ts';

let folder: string;
let engine: Server;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-sandbox-row-'));
});

afterEach(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

const fit = { ...fitEngine, SecurityOptions: ['name=seccomp,profile=default'] };
const version = { Version: '28.0.0', ApiVersion: '1.48', Components: [{ Name: 'runc', Version: '1.1.5+ds1' }] };

/** An engine that says of itself what a test wants it to. */
async function listen(socketPath: string, info: object) {
  engine = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    const told = request.url?.endsWith('/version') ? version : request.url === '/images/json' ? [] : info;
    response.end(JSON.stringify(told));
  });
  await new Promise<void>((resolve) => engine.listen(socketPath, resolve));
}

async function lookAt(info: object) {
  const socketPath = path.join(folder, 'docker.sock');
  await listen(socketPath, info);
  const env = { PATH: folder, DOCKER_HOST: `unix://${socketPath}` };
  return inspectSandbox({ env, cacheFolder: folder, systemFolders: [] });
}

it('tells of an engine that holds, and what weakens it', async () => {
  const row = await lookAt(fit);
  expect(row).toMatchObject({ found: true, where: expect.stringContaining('every limit') as string });
  expect(row?.warnings).toEqual([
    expect.stringMatching(/^runc 1\.1\.5 lacks the fixes/),
    expect.stringMatching(/AppArmor/),
  ]);
  expect(renderDoctor([row!])).toMatch(/✓ Sandbox[^]*warning: runc 1\.1\.5[^]*warning: Neither AppArmor/);
});

it('tells why an engine is refused, and what to do', async () => {
  const row = await lookAt({ ...fit, SwapLimit: false });
  expect(row).toMatchObject({ found: false, where: expect.stringMatching(/SwapLimit.*swapaccount=1/) as string });
});

it('asks the engine of our own in the cache folder where no other runs, and the doctor tells where it listens', async (context) => {
  const options = { env: { PATH: folder }, cacheFolder: folder, systemFolders: [], isRoot: true };
  if (await lookForEngine(options)) return context.skip('another engine runs here');
  await mkdir(path.join(folder, 'docker-run'));
  const socket = path.join(folder, 'docker-run', 'docker.sock');
  await listen(socket, fit);
  expect(await inspectSandbox(options)).toMatchObject({ found: true });
  const rows = await inspect({ ...options, fetch: () => Promise.reject(new Error('no network')) });
  expect(rows.find(({ name }) => name === 'Docker engine')).toMatchObject({
    found: true,
    version: '28.0.0',
    where: `unix://${socket} (Resident's own, runs now)`,
  });
  const chosen = { ...options, env: { PATH: folder, DOCKER_HOST: 'unix:///absent/docker.sock' } };
  expect(await inspectSandbox(chosen)).toBeUndefined();
});

it('has no row where no engine runs', async () => {
  expect(await inspectSandbox({ env: { PATH: folder }, cacheFolder: folder, systemFolders: [] })).toBeUndefined();
});
