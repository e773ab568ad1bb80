import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { checkEngine, openEngine, type EngineAddress, type EngineFacts } from '../../../src/adapters/docker/engine.ts';
import { planContainer, readSeccompProfile, type ContainerPlan } from '../../../src/adapters/docker/policy.ts';
import { createDockerSandbox, type RunOrder, type RunReport } from '../../../src/adapters/docker/sandbox.ts';
import { createImageBuilder } from '../../../src/adapters/image-builder/builder.ts';
import type { SandboxLimits } from '../../../src/domain/reproduction/reproduction.ts';
import { hostileLimits, type Planned } from './side.ts';

/** A real engine, the product's sandbox over it, and an image that holds the hostile programs. */
export interface Arena {
  readonly docker: Docker;
  readonly engine: EngineFacts;
  readonly sandbox: ReturnType<typeof createDockerSandbox>;
  readonly imageId: string;
  /** The container that the product would ask for. */
  plan(limits: SandboxLimits, rest?: Partial<ContainerPlan>): Planned;
  /** A run through the product's own door, over a source of one service, `app`. */
  run(command: readonly string[], order?: Partial<RunOrder>): Promise<RunReport>;
  close(): Promise<void>;
}

/** @returns why there can be none, when a part is missing. */
export async function openArena(address: EngineAddress): Promise<Arena | { readonly missing: string }> {
  const docker = openEngine(address);
  const preflight = await checkEngine(docker, address);
  if (!preflight.ok) return { missing: preflight.reason };
  const { engine } = preflight;
  const probe = await compileProbe();
  if (typeof probe === 'object' && 'missing' in probe) return probe;
  const images = createImageBuilder({ address });
  const imageId = await makeHostileImage(docker, (await images.ensureImage('node')).id, probe);
  const logger = { warn: () => undefined, info: () => undefined };
  const sandbox = createDockerSandbox({ address, images, logger });
  const seccompProfile = await readSeccompProfile(engine.architecture);
  const runId = `hostile-${process.pid}`;
  const source = await sandbox.packSource('app', await makeTar({ name: 'README', text: 'a source' }));
  return {
    docker,
    engine,
    sandbox,
    imageId,
    plan(limits, rest) {
      return planContainer({
        incidentId: 'incident/hostile',
        runId,
        owner: 'test',
        imageId,
        limits,
        ttlSeconds: 120,
        expires: new Date(Date.now() + 120_000).toISOString(),
        engine,
        seccompProfile,
        ...rest,
      });
    },
    run: (command, order) =>
      sandbox.run({
        incidentId: 'incident/hostile',
        runId,
        imageId,
        sources: [source],
        workService: 'app',
        setup: [],
        command,
        limits: hostileLimits,
        signal: new AbortController().signal,
        ...order,
      }),
    async close() {
      await sandbox.reap({ runId });
      await docker.getImage(imageId).remove({ force: true });
    },
  };
}

/** One static program, so that it runs in any image. Compiled anew each time: it takes half a second. */
async function compileProbe(): Promise<Buffer | { readonly missing: string }> {
  const folder = path.join(import.meta.dirname, 'probes');
  const sources = (await readdir(folder)).filter((name) => name.endsWith('.c')).map((name) => path.join(folder, name));
  const target = await mkdtemp(path.join(tmpdir(), 'resident-probe-'));
  try {
    const program = path.join(target, 'probe');
    await promisify(execFile)('gcc', [
      '-static',
      '-O2',
      '-s',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-o',
      program,
      ...sources,
    ]);
    return await readFile(program);
  } catch (error) {
    const why = error instanceof Error ? error.message.slice(0, 500) : String(error);
    return { missing: `The probes cannot be compiled: install gcc and a static C library (${why}).` };
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}

/** The programs come in with the image, for only so can one be set-id root, or be there when nothing is writable. */
async function makeHostileImage(docker: Docker, baseId: string, probe: Buffer): Promise<string> {
  const base = await docker.createContainer({ Image: baseId, NetworkDisabled: true });
  try {
    const files = await makeTar(
      { name: 'opt/probe', mode: 0o755, text: probe },
      { name: 'opt/set-id-probe', mode: 0o4755, text: probe },
      { name: 'open/', mode: 0o1777, type: 'directory' },
    );
    await base.putArchive(files, { path: '/' });
    const { Id } = (await base.commit({ comment: 'hostile programs for the tests of the sandbox' })) as { Id: string };
    return Id;
  } finally {
    await base.remove({ force: true });
  }
}

export interface TarEntry {
  readonly name: string;
  readonly text?: string | Buffer;
  readonly mode?: number;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link' | 'character-device' | 'fifo';
  readonly linkname?: string;
  readonly devmajor?: number;
  readonly devminor?: number;
}

export async function makeTar(...entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { text, ...header } of entries) tar.entry(header, text ?? '');
  tar.finalize();
  return buffer(tar);
}
