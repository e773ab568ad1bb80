import { createHash, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { extract } from 'tar-stream';
import type { ImageLanguage } from '../../domain/reproduction/image-name.ts';
import { statusOf } from '../docker/engine.ts';
import { labels } from '../docker/policy.ts';
import { workFolder } from '../../domain/reproduction/frames.ts';
import { OutsideError } from '../outside-error.ts';
import type { FileSet } from './file-set.ts';
import { findHeld, imageLabels, loadFiles, recipeVersion, repository, type HeldImage } from './load.ts';

/** Mount points of the sandbox: an image that declares a volume there would hide what the sandbox puts in. */
const mountPoints = [workFolder, '/tmp'];
const neededPrograms = ['sh', 'tar', 'cat', 'sleep'];
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const readingMinutes = 5;
const maxPasswdBytes = 1_000_000;

export interface WrappedImage {
  readonly id: string;
  readonly tag: string;
  readonly isNew: boolean;
}

/**
 * Puts a thin layer on an image that we did not build: the sandbox's two users, and its mount points with their modes. Of the
 * image's own settings only the environment stays: no entry point, volume, health check or user.
 * Throws `Sandbox.ImageUnfit` for an image with a volume on a mount point, of another system, or without the few programs.
 */
export async function wrapImage(
  docker: Docker,
  held: HeldImage,
  { name, language }: { readonly name: string; readonly language?: ImageLanguage },
): Promise<WrappedImage> {
  const tag = wrappedTag(held.Id, language);
  const present = await findHeld(docker, tag);
  if (present) return { id: present.Id, tag, isNew: false };
  if (held.Os !== 'linux') throw unfit(name, `runs on ${held.Os}`, 'Use an image for Linux.');
  const volume = mountPoints.find((folder) => Object.hasOwn(held.Config.Volumes ?? {}, folder));
  if (volume) {
    throw unfit(
      name,
      `declares a volume on ${volume}`,
      `Build it without \`VOLUME ${volume}\`: the sandbox mounts its own folder there.`,
    );
  }
  const env = held.Config.Env ?? [];
  const files = await readUsers(docker, held.Id, name, env);
  files.set('/tmp', { kind: 'folder', mode: 0o1777, user: 0 });
  files.set(workFolder, { kind: 'folder', mode: 0o755, user: 65533 });
  const id = await loadFiles(docker, files, {
    tag,
    base: { diffIds: held.RootFS.Layers ?? [] },
    architecture: held.Architecture,
    env,
    labels: {
      [imageLabels.image]: 'wrapped',
      [imageLabels.base]: held.Id,
      ...(language ? { [imageLabels.language]: language } : {}),
    },
  });
  return { id, tag, isNew: true };
}

/** Reads the image through a container that is never started. */
async function readUsers(docker: Docker, imageId: string, name: string, env: readonly string[]): Promise<FileSet> {
  const container = await docker.createContainer({
    Image: imageId,
    Entrypoint: [],
    Cmd: ['sleep', '0'],
    NetworkDisabled: true,
    HostConfig: { NetworkMode: 'none' },
    Labels: {
      [labels.sandbox]: 'images',
      [labels.run]: `images-${randomUUID()}`,
      [labels.expires]: new Date(Date.now() + readingMinutes * 60_000).toISOString(),
    },
  });
  try {
    await assertHasPrograms(container, name, env);
    const passwd = await readText(container, '/etc/passwd');
    const group = await readText(container, '/etc/group');
    return new Map([
      [
        '/etc/passwd',
        {
          kind: 'text',
          text: addLines(passwd, ['sandbox:x:65533:65533::/tmp:/bin/sh', 'keeper:x:65534:65534::/tmp:/bin/sh']),
        },
      ],
      ['/etc/group', { kind: 'text', text: addLines(group, ['sandbox:x:65533:', 'keeper:x:65534:']) }],
    ]);
  } finally {
    await container.remove({ force: true, v: true });
  }
}

async function assertHasPrograms(container: Container, name: string, env: readonly string[]): Promise<void> {
  const folders = (env.find((each) => each.startsWith('PATH='))?.slice('PATH='.length) ?? usualPath).split(':');
  const missing: string[] = [];
  for (const program of neededPrograms) {
    let isThere = false;
    for (const folder of folders) isThere ||= await holds(container, `${folder}/${program}`);
    if (!isThere) missing.push(program);
  }
  if (missing.length === 0) return;
  throw unfit(
    name,
    `has no ${missing.join(', no ')}`,
    'The sandbox needs `sh`, `tar`, `cat` and `sleep`: base the image on a slim or alpine one instead of a distroless one, or add them.',
  );
}

async function holds(container: Container, path: string): Promise<boolean> {
  try {
    await container.infoArchive({ path });
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** The text of a file of the image; empty when it has none. Only a plain file counts: a link could lead anywhere. */
async function readText(container: Container, path: string): Promise<string> {
  try {
    const stream = (await container.getArchive({ path })) as Readable;
    for await (const entry of stream.pipe(extract())) {
      if (entry.header.type === 'file' && (entry.header.size ?? 0) <= maxPasswdBytes)
        return (await buffer(entry)).toString();
      entry.resume();
    }
    return '';
  } catch (error) {
    if (statusOf(error) === 404) return '';
    throw error;
  }
}

/** Adds each line unless there is one with its number. */
function addLines(text: string, lines: readonly string[]): string {
  const own = text.split('\n').filter((line) => line !== '');
  const taken = new Set(own.map((line) => line.split(':')[2]));
  return [...own, ...lines.filter((line) => !taken.has(line.split(':')[2])), ''].join('\n');
}

function unfit(name: string, what: string, remedy: string): OutsideError {
  return new OutsideError(`The image ${name} ${what}, so it cannot be a sandbox. ${remedy}`, {
    system: 'Sandbox',
    kind: 'ImageUnfit',
    retryable: false,
  });
}

/** Names the wrapped image of one that the engine holds. */
export function wrappedTag(baseId: string, language: ImageLanguage | undefined): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([recipeVersion, baseId, language]))
    .digest('hex');
  return `${repository}/wrapped:${digest.slice(0, 16)}`;
}
