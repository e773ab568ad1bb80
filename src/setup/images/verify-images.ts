import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { createDockerSandbox } from '../../adapters/docker/sandbox.ts';
import { keeperUser } from '../../adapters/docker/policy.ts';
import { readRecords } from '../../adapters/image-builder/records.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { parseImageName, type ImageLanguage } from '../../domain/reproduction/image-name.ts';
import type { SandboxLimits } from '../../domain/reproduction/reproduction.ts';
import { listSandboxed, type ImageParts } from './parts.ts';
import { verifyLayers } from './verify-layers.ts';

export interface VerifiedImage {
  /** Of a layer of dependencies: the service and its lockfile. */
  readonly image: string;
  /** Of a layer: its key. */
  readonly id?: string;
  /** What was looked at, and what was found; a fault begins with what is wrong. */
  readonly checks: readonly { readonly what: string; readonly ok: boolean; readonly detail: string }[];
  readonly isRight: boolean;
}

const limits: SandboxLimits = { memoryMb: 256, cpus: 1, timeoutMs: 30_000, outputBytes: 10_000 };
const versionCommands: Readonly<Record<ImageLanguage, string>> = {
  node: 'node --version',
  python: 'python3 --version',
  java: 'javac -version',
  c: 'gcc --version',
  go: 'go version',
};

/**
 * Looks at each image again: that it is the recorded one, that its settings are ours, and that it works in the real sandbox, with
 * the configured runtime. Below it, each layer of dependencies that its services need.
 */
export async function verifyImages(parts: ImageParts, services: readonly string[]): Promise<readonly VerifiedImage[]> {
  const sandboxed = listSandboxed(parts.settings, services);
  const images = new Set(sandboxed.map(({ sandbox }) => sandbox.image));
  const verified: VerifiedImage[] = [];
  for (const image of images) {
    parts.onProgress(`${image}: verifying`);
    const one = await verifyOne(parts, image);
    verified.push(one);
    if (one.id === undefined) continue;
    const users = sandboxed.filter(({ sandbox }) => sandbox.image === image);
    verified.push(...(await verifyLayers(parts, users, one.id)));
  }
  return verified;
}

async function verifyOne(parts: ImageParts, image: string): Promise<VerifiedImage> {
  const status = await parts.images.inspectImage(image);
  if (status.id === undefined) {
    return { image, checks: [{ what: 'there', ok: false, detail: status.problem }], isRight: false };
  }
  const { id } = status;
  const recorded = (await readRecords(parts.recordsFile)).made[image];
  const { Config } = await parts.docker.getImage(id).inspect();
  const leftovers = [
    ...(Object.keys(Config.Volumes ?? {}).length > 0 ? ['volumes'] : []),
    ...((Config.Entrypoint ?? []).length > 0 ? ['an entry point'] : []),
  ];
  const checks = [
    {
      what: 'recorded',
      ok: recorded?.id === id,
      detail:
        recorded === undefined
          ? 'no record; run `resident images build`'
          : recorded.id === id
            ? id
            : `is ${id}, recorded was ${recorded.id}; run \`resident images build\``,
    },
    { what: 'user', ok: Config.User === keeperUser, detail: Config.User },
    {
      what: 'settings',
      ok: leftovers.length === 0,
      detail: leftovers.length === 0 ? 'none of others' : `has ${leftovers.join(' and ')}`,
    },
    await smoke(parts, image, id),
  ];
  return { image, id, checks, isRight: checks.every(({ ok }) => ok) };
}

/** Runs in the hardened sandbox: the user, the modes of the mount points, and the language's version. */
async function smoke(parts: ImageParts, image: string, imageId: string) {
  const silent = { warn: () => undefined, info: () => undefined };
  const { runtime } = parts.settings.sandbox;
  const sandbox = createDockerSandbox({
    address: { dockerHost: parts.dockerHost },
    ...(runtime === undefined ? {} : { runtime }),
    images: parts.images,
    logger: silent,
  });
  const name = parseImageName(image);
  const version = name.kind === 'language' ? versionCommands[name.language] : 'true';
  try {
    const report = await sandbox.run({
      ...{ incidentId: 'images', runId: `images-${randomUUID()}`, imageId, workService: 'check', setup: [], limits },
      sources: [await sandbox.packSource('check', await emptyTree())],
      command: ['sh', '-c', `id -u && ls -ldn /tmp && ls -ldn ${workFolder} && ${version}`],
      signal: AbortSignal.timeout(limits.timeoutMs * 2),
    });
    const text = report.output.toString('utf8').trim();
    const ok = report.end === 'passed' && /^65533\ndrwxrwxrwt .*\ndrwxr-xr-x +\d+ 65533 /.test(text);
    return {
      what: 'runs',
      ok,
      detail: ok
        ? `${text.split('\n').slice(3).at(0) ?? 'it starts'}${runtime === undefined ? '' : `, with ${runtime}`}`
        : `${report.end}: ${text.slice(0, 300)}`,
    };
  } catch (error) {
    return { what: 'runs', ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

async function emptyTree(): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'README' }, 'A look at the image.\n');
  tar.finalize();
  return buffer(tar);
}
