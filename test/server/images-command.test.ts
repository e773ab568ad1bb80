import { execFile, execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/adapters/commands/process-identity.ts';
import { openEngine } from '../../src/adapters/docker/engine.ts';
import type { PruneReport } from '../../src/setup/images/prune-images.ts';
import { startDocker, type DockerEngine } from '../../src/setup/servers/docker.ts';
import { findProgram } from '../find-program.ts';
import { makeTrees, startPackages, type Packages } from './packages/registries.ts';

/** An engine of its own: what is pruned here may be in use elsewhere. */
const dockerd = process.getuid?.() === 0 ? await findProgram('dockerd') : undefined;
if (!dockerd)
  console.warn('SKIPPED: the commands about images. They need `dockerd` on the PATH, and root to start it.');

const token = 'token-of-a-private-registry';
let folder: string;
let engine: DockerEngine;
let packages: Packages;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command as people run it, on this machine's npm configuration as HOME has it. */
async function resident(...args: readonly string[]): Promise<Ended> {
  const program = path.resolve(import.meta.dirname, '../../bin/resident.js');
  const { PATH = '' } = process.env;
  const env = {
    PATH,
    HOME: folder,
    DOCKER_HOST: engine.address,
    RESIDENT_CACHE: path.join(folder, 'cache'),
    NO_COLOR: '1',
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

async function configure(services: string): Promise<void> {
  const gateway = 'gateway: { listen: 127.0.0.1:0, webhooks: { alertmanager: { bearer: { env: UNUSED } } } }';
  await writeFile(path.join(folder, 'resident.yaml'), `version: 1\n${gateway}\nservices:\n  ${services}\n`);
}

const withSandbox = 'shop: { source: ./shop, language: node, sandbox: { test: [npm, test] } }';

async function makeFleet(): Promise<void> {
  await mkdir(path.join(folder, 'shop'));
  for (const [name, text] of Object.entries(makeTrees(packages).node))
    await writeFile(path.join(folder, 'shop', name), text);
  const git = (...args: string[]) => execFileSync('git', ['-C', path.join(folder, 'shop'), ...args]);
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.test', 'commit', '-qm', 'first');
  const host = packages.url.slice('http:'.length);
  await writeFile(path.join(folder, '.npmrc'), `registry=${packages.url}/\n${host}/:_authToken=${token}\n`);
  await configure(withSandbox);
}

/** All that `prune` may take away. */
async function listKept(docker: ReturnType<typeof openEngine>) {
  const images = await docker.listImages({ filters: { label: ['resident.image'] } });
  return {
    images: images.map(({ Id, RepoTags }) => `${Id} ${RepoTags?.join(' ')}`).toSorted(),
    layers: (await readdir(path.join(folder, 'cache', 'dependencies'))).toSorted(),
    records: await readFile(path.join(folder, '.resident', 'images.json'), 'utf8'),
  };
}

describe.skipIf(!dockerd)('resident images', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ri-'));
    engine = await startDocker({ command: dockerd!, env: process.env, dataRoot: path.join(folder, 'd') });
    packages = await startPackages("require('fs').writeFileSync('seen.json', JSON.stringify(process.env))");
    await makeFleet();
  }, 60_000);

  afterAll(async () => {
    await engine.stop();
    await packages.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('lists what is missing, and the doctor says so before an incident does', async () => {
    const { code, stdout } = await resident('images', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      images: [{ image: 'node', state: 'to-build', services: ['shop'] }],
      isReady: false,
    });
    const doctor = await resident('doctor', '--json');
    const row = (JSON.parse(doctor.stdout) as { name: string }[]).find(({ name }) => name === 'Sandbox of shop');
    expect(row).toMatchObject({
      found: false,
      remedy: expect.stringContaining('resident images build shop') as string,
    });
  });

  it('builds images and dependencies with progress, and records what it made', async () => {
    const { code, stdout, stderr } = await resident('images', 'build', 'shop', '--network', 'host', '--json');
    expect(stderr).toMatch(
      /node: Packing \d+ files[\s\S]*Loading \d+ MB[\s\S]*Warning: .*network of this machine[\s\S]*Installing what package-lock.json names/,
    );
    expect(code, stderr + stdout).toBe(0);
    const report = JSON.parse(stdout) as { images: { id: string }[]; isReady: boolean };
    expect(report).toMatchObject({
      images: [{ image: 'node', source: 'built' }],
      dependencies: [{ state: 'ready', lockfile: 'package-lock.json' }],
      isReady: true,
    });
    const records = await readFile(path.join(folder, '.resident', 'images.json'), 'utf8');
    expect(JSON.parse(records)).toMatchObject({ made: { node: { id: report.images[0]?.id } } });
    expect(packages.requests).toContain('/tally/-/tally-1.2.3.tgz');

    const list = await resident('images', 'list');
    expect(list.stdout).toMatch(
      /node +ready[\s\S]*shop +\w{12} +package-lock.json +node +ready[\s\S]*Each of these sandboxes has what it needs/,
    );
    const layers = execFileSync('sh', ['-c', `cat ${folder}/cache/dependencies/*.tar`], { maxBuffer: 1e8 }).toString();
    expect(layers).toContain('npm_config_registry');
    expect(layers).not.toContain(token);
  });

  it('verifies that images are the recorded ones and work, and fails where one is not', async () => {
    const good = await resident('images', 'verify');
    expect(good.stdout).toMatch(/✓ node[\s\S]*✓ recorded[\s\S]*✓ user[\s\S]*✓ settings[\s\S]*✓ runs +v\d+/);
    expect(good.stdout).toMatch(/✓ shop package-lock\.json at \w{12}, on node [\s\S]*✓ recorded +sha256:/);
    expect(good.code).toBe(0);
    await configure(`${withSandbox}\nsandbox: { runtime: no-such }`);
    const strange = await resident('images', 'verify');
    expect(strange.stdout).toMatch(/✗ runs +.*knows no runtime no-such/);
    expect(strange.code).toBe(1);
    await configure(withSandbox);

    // Somebody puts another image under the name.
    const docker = openEngine({ dockerHost: engine.address });
    const listed = JSON.parse((await resident('images', 'list', '--json')).stdout) as {
      images: { id: string; tag: string }[];
    };
    const { id, tag } = listed.images[0]!;
    const [repo = '', version = ''] = tag.split(':');
    await docker.getImage(id).tag({ repo: 'kept', tag: 'aside' });
    const container = await docker.createContainer({ Image: id, Cmd: ['true'] });
    await container.commit({ repo, tag: version, changes: 'USER root' });
    await container.remove();
    const bad = await resident('images', 'verify');
    expect(bad.stdout).toMatch(/✗ node[\s\S]*✗ recorded +is sha256:\w+, recorded was sha256:\w+[\s\S]*✗ user +root/);
    expect(bad.code).toBe(1);
    await docker.getImage(tag).remove({ force: true });
    await docker.getImage('kept:aside').tag({ repo, tag: version });
    await docker.getImage('kept:aside').remove();
    expect((await resident('images', 'verify')).code).toBe(0);
  });

  it('refuses a service that has no sandbox, and fails when an image cannot be made', async () => {
    expect(await resident('images', 'build', 'nobody')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nobody; shop have one/) as string,
    });
    expect(await resident('images', 'build', '--network', 'moon')).toMatchObject({ code: 2 });
    await configure(`${withSandbox}\n  old: { source: ./shop, sandbox: { image: 'go:0.1', test: [x] } }`);
    const docker = openEngine({ dockerHost: engine.address });
    const [{ Id: node } = { Id: '' }] = await docker.listImages({ filters: { reference: ['resident-sandbox/node'] } });
    const owner = JSON.stringify({ ...identifyProcess(process.pid), pid: 2 ** 22 + 1 });
    const Labels = {
      'resident.sandbox': 'dependencies',
      'resident.owner': owner,
      'resident.expires': new Date(Date.now() + 600_000).toISOString(),
    };
    const leftover = await docker.createContainer({ Image: node, Cmd: ['true'], Labels });
    const failed = await resident('images', 'build');
    expect(failed.stderr).toMatch(/Removed 1 sandboxes/);
    await expect(leftover.inspect()).rejects.toThrow(/No such container/i);
    expect(failed.stdout).toMatch(/✓ node[\s\S]*✗ go:0.1 .*name another version .*official images: 1\.\d+/);
    expect(failed.code).toBe(1);
  });

  it('prunes what no configured service uses, and nothing else', async () => {
    const docker = openEngine({ dockerHost: engine.address });
    await configure(withSandbox);
    expect(JSON.parse((await resident('images', 'prune', '--json')).stdout)).toMatchObject({ images: [], layers: [] });
    await configure('shop: { source: ./shop, language: node }');

    // Another configuration has prepared dependencies, and somebody made an image of their own from ours.
    const layers = path.join(folder, 'cache', 'dependencies');
    const [facts = ''] = (await readdir(layers)).filter((name) => name.endsWith('.json'));
    const own = await readFile(path.join(layers, facts), 'utf8');
    const other = path.join(folder, 'other.yaml');
    await writeFile(other, '');
    await writeFile(path.join(layers, facts), own.replace(path.join(folder, 'resident.yaml'), other));
    expect(JSON.parse((await resident('images', 'prune', '--json')).stdout)).toMatchObject({ images: [], layers: [] });
    await writeFile(path.join(layers, facts), own);
    const [{ Id: base } = { Id: '' }] = await docker.listImages({ filters: { reference: ['resident-sandbox/node'] } });
    const container = await docker.createContainer({ Image: base, Cmd: ['true'] });
    await container.commit({ repo: 'somebodys-app', tag: 'v1' });
    await container.remove();

    // Tried out, it tells what would go, and what a container keeps; and all of it is there afterwards.
    const before = await listKept(docker);
    const user = await docker.createContainer({ Image: base, Cmd: ['true'] });
    const used = JSON.parse((await resident('images', 'prune', '--dry-run', '--json')).stdout) as PruneReport;
    await user.remove();
    expect(used).toMatchObject({ isDryRun: true, kept: [{ id: base, why: 'a container uses it' }] });
    const tried = await resident('images', 'prune', '--dry-run');
    expect(tried.stdout).toMatch(/^would remove image[\s\S]*would remove dependencies \w+ +\d+ kB +package-lock.json/);
    expect(tried.stdout).toMatch(/\nWould free at most \d+ MB; images share layers\.\n$/);
    expect(tried.code).toBe(0);
    expect(await listKept(docker)).toEqual(before);

    const { code, stdout } = await resident('images', 'prune');
    expect(stdout).toBe(tried.stdout.replaceAll('would remove', 'removed').replace('Would free', 'Freed'));
    expect(code).toBe(0);
    const left = await docker.listImages({ filters: { label: ['resident.image'] } });
    expect(left.map(({ RepoTags }) => RepoTags)).toEqual([['somebodys-app:v1']]);
    expect((await resident('images', 'prune')).stdout).toBe('Nothing to remove.\n');
  });
});
