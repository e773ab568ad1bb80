import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identifyProcess } from '../../src/adapters/commands/process-identity.ts';
import { createDependencies, type Dependencies } from '../../src/adapters/dependencies/dependencies.ts';
import { readManifests } from '../../src/adapters/dependencies/manifests.ts';
import { withDependencies } from '../../src/adapters/dependencies/with-dependencies.ts';
import type { PackedSource } from '../../src/adapters/docker/sandbox.ts';
import { limitPool } from '../../src/adapters/docker/pool-cgroup.ts';
import {
  address,
  expectNothingLeft,
  isEngineThere,
  limits,
  makeSandbox,
  makeTar,
  runInside,
} from './sandbox-harness.ts';
import { makeForger, makeSlow } from './packages/installs.ts';
import { makeMavenRepository } from './packages/maven.ts';
import { makeTrees, startPackages, type Packages } from './packages/registries.ts';

const plain = isEngineThere ? makeSandbox() : undefined!;
const secret = `host-secret-${process.pid}`;

let folder: string;
/** Empty where there is no JDK or no Maven. */
let maven: ReadonlyMap<string, Buffer>;
let packages: Packages;
let trees: ReturnType<typeof makeTrees>;
let dependencies: Dependencies;
let parts: typeof plain;

type Language = 'node' | 'python' | 'go' | 'java';
const tests: Readonly<Record<Language, readonly string[]>> = {
  node: ['npm', 'test'],
  python: ['python3', 'test.py'],
  go: ['go', 'run', '.'],
  java: ['mvn', '-B', '-q', 'verify'],
};

/** What an install script may try: the environment, a file of the host, other processes, and the user that it is. */
const probe = (hostFile: string) => `
const { readFileSync, writeFileSync } = require('node:fs');
const read = (file) => { try { return readFileSync(file, 'utf8'); } catch (error) { return error.code; } };
writeFileSync('seen.json', JSON.stringify({ environment: process.env, file: read(${JSON.stringify(hostFile)}),
  keeper: read('/proc/1/environ'), docker: read('/var/run/docker.sock'), user: process.getuid(), status: read('/proc/self/status') }));
`;

async function prepare(language: Language, tree: Readonly<Record<string, string>> = trees[language]) {
  const image = await plain.images.ensureImage(language);
  const { manifests } = await readManifests(await makeTar(tree));
  const { found } = await dependencies.find(image.id, manifests);
  if (found.kind !== 'set') throw new Error(JSON.stringify(found));
  const said: string[] = [];
  const options = {
    signal: new AbortController().signal,
    network: 'host' as const,
    preparedFor: 'resident.yaml',
    onProgress: (step: string) => said.push(step),
  };
  return { layer: await dependencies.prepare(image.id, found, options), said };
}

async function removeImages(): Promise<void> {
  const keys = (await dependencies.store.list()).map(({ key }) => key);
  for (const { Id, Labels } of await plain.docker.listImages({ filters: { label: ['resident.layers'] } })) {
    const holds = Labels['resident.layers']?.split(' ') ?? [];
    if (holds.some((key) => keys.includes(key))) await plain.docker.getImage(Id).remove({ force: true });
  }
}

const roomy = { limits: { ...limits, memoryMb: 1024, timeoutMs: 90_000 } };

describe.skipIf(!isEngineThere)('dependencies of a service', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'resident-dependencies-'));
    const hostFile = path.join(folder, 'host-secret');
    await writeFile(hostFile, secret);
    process.env['NPM_TOKEN'] = secret;
    maven = await makeMavenRepository(path.join(folder, 'maven'));
    packages = await startPackages(probe(hostFile), maven);
    trees = makeTrees(packages);
    const { url } = packages;
    const environment = {
      npm_config_registry: url,
      PIP_INDEX_URL: `${url}/simple`,
      GOPROXY: `${url}/go`,
      GOSUMDB: 'off',
    };
    const mavenSettings = `<settings><mirrors><mirror><id>own</id><mirrorOf>*</mirrorOf><url>${url}/maven</url></mirror></mirrors></settings>\n`;
    const registries = async () => ({ environment, mavenSettings, notes: [] });
    dependencies = createDependencies({ address, folder: path.join(folder, 'layers'), registries });
    parts = { ...plain, sandbox: withDependencies(plain.sandbox, dependencies, () => undefined) };
  });

  afterAll(async () => {
    delete process.env['NPM_TOKEN'];
    await removeImages();
    await packages.stop();
    await rm(folder, { recursive: true, force: true });
    await expectNothingLeft(plain.docker);
  });

  for (const language of ['node', 'python', 'go', 'java'] as const) {
    it(
      `are prepared once for a lockfile, and a run of ${language} has them without a network`,
      // The first to ask for the image of Go waits until the standard library is compiled.
      { timeout: 400_000 },
      async (context) => {
        const image = await plain.images.ensureImage(language).catch((error: unknown) => String(error));
        if (typeof image === 'string' || (language === 'java' && maven.size === 0)) {
          console.warn(
            `SKIPPED: dependencies of ${language}. ${typeof image === 'string' ? image : 'There is no Maven.'}`,
          );
          return context.skip();
        }
        const files = trees[language];
        const order = { image: language, files, ...roomy };
        const before = await runInside(parts, tests[language], order);
        expect(before).toMatchObject({
          end: 'failed',
          note: expect.stringMatching(/not prepared.*resident images build app/) as string,
        });

        if (language === 'java') expect(before.output.toString()).toMatch(/in offline mode/);

        const { layer, said } = await prepare(language);
        expect(layer.entries).toBeGreaterThan(1);
        expect(said.join('\n')).toMatch(/Warning: .*network of this machine[\s\S]*Installing what/);
        packages.requests.length = 0;
        const after = await runInside(parts, tests[language], order);
        expect(after.output.toString()).toMatch(/sum 42/);
        expect(after).toMatchObject({ end: 'passed', layeredImageId: expect.stringMatching(/^sha256:/) as string });
        expect(after.note).toBeUndefined();

        // Another revision with the same lockfile shares the layer; the engine's copy can be made again from it.
        await removeImages();
        const other = await runInside(parts, tests[language], {
          ...order,
          files: { ...files, 'README.md': 'another revision' },
        });
        expect(other).toMatchObject({ end: 'passed' });
        expect(await prepare(language)).toMatchObject({ layer: { key: layer.key }, said: [] });
        expect(packages.requests).toEqual([]);
      },
    );
  }

  it('are those of the service whose command runs, where a neighbour beside it has another version of the same package', async () => {
    const trees = {
      app: { 'requirements.txt': 'tally==1.2.3\n' },
      neighbour: { 'requirements.txt': 'tally==2.0.0\n' },
    };
    const sources: PackedSource[] = [];
    for (const [service, tree] of Object.entries(trees)) {
      await prepare('python', tree);
      sources.push(await plain.sandbox.packSource(service, await makeTar(tree)));
    }
    const seen = async (workService: string) => {
      const order = { image: 'python', sources, workService, ...roomy };
      const report = await runInside(parts, ['python3', '-c', 'import tally; print(tally.version)'], order);
      return report.output.toString().trim();
    };
    expect([await seen('app'), await seen('neighbour')]).toEqual(['1.2.3', '2.0.0']);
  });

  it('are another layer for another lockfile, and a run says that this one is not prepared', async () => {
    const files = { ...trees.python, 'requirements-more.txt': 'tally==1.2.4\n' };
    const report = await runInside(parts, ['python3', 'test.py'], { image: 'python', files });
    expect(report).toMatchObject({
      end: 'failed',
      note: expect.stringMatching(/requirements.txt are not prepared/) as string,
    });
    await expect(prepare('python', files)).rejects.toThrow(
      /could not be prepared[\s\S]*No matching distribution[\s\S]*dependencies: none/,
    );
    expect((await readdir(path.join(folder, 'layers'))).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('let an install script see no secret, no file of the host, and no more than the code of a run', async () => {
    await prepare('node');
    const script = "console.log(JSON.stringify(require('tally/seen.json')))";
    const report = await runInside(parts, ['node', '-e', script], { image: 'node', files: trees.node });
    const seen = JSON.parse(report.output.toString()) as Record<string, unknown> & {
      environment: Record<string, string>;
      status: string;
    };
    expect(JSON.stringify(seen)).not.toContain(secret);
    expect(seen).toMatchObject({ file: 'ENOENT', keeper: 'EACCES', docker: 'ENOENT', user: 65533 });
    expect(seen.status).toMatch(/CapBnd:\s+0000000000000000[\s\S]*NoNewPrivs:\s+1[\s\S]*Seccomp:\s+2/);
    const own = Object.keys(seen.environment).filter(
      (name) => !/^npm_|^(PATH|INIT_CWD|PWD|HOSTNAME|NODE|COLOR|EDITOR|SHLVL|_|OLDPWD)$/.test(name),
    );
    expect(own.sort()).toEqual([
      'CI',
      'GOPROXY',
      'GOSUMDB',
      'HOME',
      'LANG',
      'LOCKFILE',
      'NODE_EXTRA_CA_CERTS',
      'PIP_CERT',
      'PIP_INDEX_URL',
      'SSL_CERT_FILE',
      'TMPDIR',
    ]);

    // Positive control: the same script outside finds both.
    const outside = await mkdtemp(path.join(folder, 'control-'));
    await writeFile(path.join(outside, 'probe.cjs'), probe(path.join(folder, 'host-secret')));
    execFileSync(process.execPath, ['probe.cjs'], { cwd: outside });
    const control = execFileSync('cat', [path.join(outside, 'seen.json')]).toString();
    expect(JSON.parse(control)).toMatchObject({ file: secret, environment: { NPM_TOKEN: secret } });
  });

  it('are not prepared in the network of this machine unless that is asked for', async (context) => {
    const networks = await plain.docker.listNetworks();
    if (networks.some(({ Name }) => Name === 'bridge')) {
      console.warn('SKIPPED: an engine without a bridge. This one has one.');
      return context.skip();
    }
    const image = await plain.images.ensureImage('node');
    await expect(dependencies.prepare(image.id, makeSlow(), quiet)).rejects.toThrow(
      /no bridge network[\s\S]*--network host/,
    );
  });

  it('are prepared in a sandbox as that of a run, whose owner is this process, and which ends soon', async () => {
    const image = await plain.images.ensureImage('node');
    const { isBeingInstalled, stop, preparing } = startSlow(image.id);
    await isBeingInstalled;
    const [found, ...others] = await plain.docker.listContainers({
      filters: { label: ['resident.sandbox=dependencies'] },
    });
    const labels = found?.Labels ?? {};
    expect(others).toEqual([]);
    expect(JSON.parse(labels['resident.owner'] ?? '')).toEqual(identifyProcess(process.pid));
    expect(Date.parse(labels['resident.expires'] ?? '') - Date.now()).toBeLessThan(15 * 60_000);
    const { HostConfig } = await plain.docker.getContainer(found?.Id ?? '').inspect();
    const pool = await limitPool({
      address,
      engine: { cgroupDriver: 'cgroupfs' },
      owner: identifyProcess(process.pid),
      limits: { memoryMb: 4_096, processes: 1_024 },
    });
    expect(HostConfig.CgroupParent).toBe('cgroupParent' in pool ? pool.cgroupParent : '/resident-sandboxes');
    // In use by a process that lives.
    expect(await dependencies.reap()).not.toContain(found?.Id);
    stop();
    await expect(preparing).rejects.toThrow();
    expect(await plain.docker.listContainers({ all: true, filters: { id: [found?.Id ?? ''] } })).toEqual([]);
  });

  it('are prepared by the runtime of the runs, or not at all', async () => {
    const image = await plain.images.ensureImage('node');
    const registries = async () => ({ environment: {}, notes: [] });
    const strange = createDependencies({
      address,
      folder: path.join(folder, 'strange'),
      runtime: 'no-such',
      registries,
    });
    await expect(strange.prepare(image.id, makeSlow(), { ...quiet, network: 'host' })).rejects.toThrow(/no-such/);
  });

  it('are what was installed, though a daemon of an install script waits for the archive to put its own in its place', async () => {
    const image = await plain.images.ensureImage('node');
    const inputs = makeForger();
    const options = { ...quiet, network: 'host' as const };
    const set = { language: 'node' as const, lockfile: 'package-lock.json', inputs };
    const layer = await dependencies.prepare(image.id, set, options);
    const names = execFileSync('tar', ['-tf', dependencies.store.tarOf(layer.key)]).toString();
    expect(names).toMatch(/node_modules\/started\n/);
    expect(names).not.toMatch(/forged|\/u\b/);
    expect(layer.notes).toEqual([]);
  });
});

const quiet = { signal: new AbortController().signal, preparedFor: 'resident.yaml', onProgress: () => undefined };

function startSlow(imageId: string) {
  const stopper = new AbortController();
  let tell: () => void;
  const isBeingInstalled = new Promise<void>((resolve) => (tell = resolve));
  const onProgress = (step: string) => step.startsWith('Installing') && tell();
  const options = { ...quiet, network: 'host' as const, signal: stopper.signal, onProgress };
  return {
    isBeingInstalled,
    stop: () => stopper.abort(),
    preparing: dependencies.prepare(imageId, makeSlow(), options),
  };
}
