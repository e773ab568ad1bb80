import { createServer, type Server } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { renderDoctor } from '../../src/setup/doctor.ts';
import { inspectSandbox } from '../../src/setup/inspect-sandbox.ts';

let folder: string;
let engine: Server;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-sandbox-row-'));
});

afterEach(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

const fit = {
  OSType: 'linux',
  Architecture: 'x86_64',
  MemoryLimit: true,
  SwapLimit: true,
  PidsLimit: true,
  CpuCfsQuota: true,
  SecurityOptions: ['name=seccomp,profile=default'],
};
const version = { Version: '28.0.0', ApiVersion: '1.48', Components: [{ Name: 'runc', Version: '1.1.5+ds1' }] };

/** An engine that says of itself what a test wants it to. */
async function lookAt(info: object) {
  const socketPath = path.join(folder, 'docker.sock');
  engine = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.url?.endsWith('/version') ? version : info));
  });
  await new Promise<void>((resolve) => engine.listen(socketPath, resolve));
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

it('has no row where no engine runs', async () => {
  expect(await inspectSandbox({ env: { PATH: folder }, cacheFolder: folder, systemFolders: [] })).toBeUndefined();
});
