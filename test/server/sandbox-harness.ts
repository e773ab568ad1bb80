import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { expect } from 'vitest';
import type { BodyStore } from '../../src/activities/sandbox/try-revision.ts';
import { openEngine, type EngineAddress } from '../../src/adapters/docker/engine.ts';
import {
  createDockerSandbox,
  type DockerSandboxOptions,
  type RunOrder,
  type RunReport,
} from '../../src/adapters/docker/sandbox.ts';
import { createImageBuilder } from '../../src/adapters/image-builder/builder.ts';
import type { SandboxLimits, SandboxRequest, SourceArchive } from '../../src/domain/reproduction/reproduction.ts';

/** The engine to test with: DOCKER_HOST, else the default socket where there is one. Nothing is started here. */
const dockerHost = process.env['DOCKER_HOST'];
export const address: EngineAddress = dockerHost ? { dockerHost } : {};
export const isEngineThere = dockerHost !== undefined || existsSync('/var/run/docker.sock');
if (!isEngineThere) {
  console.warn('SKIPPED: the sandbox tests. There is no Docker engine: set DOCKER_HOST or start one.');
}

export const limits: SandboxLimits = { memoryMb: 512, cpus: 1, timeoutMs: 20_000, outputBytes: 100_000 };
const silent = { warn: () => undefined, info: () => undefined };

export function makeSandbox(options: Pick<DockerSandboxOptions, 'concurrent' | 'runtime' | 'poolLimits'> = {}) {
  const images = createImageBuilder({ address });
  const sandbox = createDockerSandbox({ address, images, logger: silent, ...options });
  return { docker: openEngine(address), images, sandbox };
}

export async function makeTar(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) {
    tar.entry({ name, mode: text.startsWith('#!') ? 0o755 : 0o644 }, text);
  }
  tar.finalize();
  return buffer(tar);
}

export function makeStore(): BodyStore & { readonly bodies: Map<string, Buffer> } {
  const bodies = new Map<string, Buffer>();
  return {
    bodies,
    async put(content) {
      const bytes = Buffer.from(content);
      const digest = createHash('sha256').update(bytes).digest('hex');
      bodies.set(digest, bytes);
      return { digest, bytes: bytes.length };
    },
    async get(digest) {
      const body = bodies.get(digest);
      if (!body) throw new Error(`no body ${digest}`);
      return body;
    },
  };
}

/** Runs one command over some files in a sandbox of its own. */
export async function runInside(
  parts: ReturnType<typeof makeSandbox>,
  command: readonly string[],
  order: Partial<RunOrder> & { readonly files?: Readonly<Record<string, string>>; readonly image?: string } = {},
): Promise<RunReport> {
  const { sandbox } = parts;
  const image = await sandbox.ensureImage(order.image ?? 'node');
  return sandbox.run({
    incidentId: 'incident/test',
    runId: `run-${process.pid}`,
    imageId: image.id,
    sources: [await sandbox.packSource('app', await makeTar(order.files ?? { 'README.md': 'hello' }))],
    workService: 'app',
    setup: [],
    command,
    limits,
    signal: new AbortController().signal,
    ...order,
  });
}

/** A service's revisions as the worker that reads sources would have put them into the store. */
export async function packRevisions(
  store: BodyStore,
  service: string,
  trees: readonly Readonly<Record<string, string>>[],
): Promise<SourceArchive[]> {
  const packed: SourceArchive[] = [];
  for (const [index, tree] of trees.entries()) {
    const { digest, bytes } = await store.put(await makeTar(tree));
    packed.push({ service, revision: `${index}`.padStart(40, `${index}`), digest, bytes });
  }
  return packed;
}

export function makeRequest(
  revisions: readonly SourceArchive[],
  rest: Partial<SandboxRequest> & Pick<SandboxRequest, 'command'>,
): SandboxRequest {
  return {
    incidentId: 'incident/test',
    runId: `run-${process.pid}`,
    image: 'node',
    workService: 'app',
    setup: [],
    suspectService: 'app',
    revisions,
    suspectIndex: revisions.length - 1,
    neighbours: [],
    limits,
    ...rest,
  };
}

export async function expectNothingLeft(docker: Docker): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [`resident.run=run-${process.pid}`] } });
  expect(left.map(({ Id }) => Id)).toEqual([]);
}
