import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type Docker from 'dockerode';
import { statusOf } from '../docker/engine.ts';
import { OutsideError } from '../outside-error.ts';
import { makeConfig, streamArchive, writeLayer, type ImageMeta, type LayerFile } from './archive.ts';
import type { FileSet } from './file-set.ts';

/** What the name of every image that Resident makes begins with. */
export const repository = 'resident-sandbox';
/** Raise it when what is written into images changes though the machine's files do not. */
export const recipeVersion = '5';
/** Labels by which our images are known, and what they were made from. */
export const imageLabels = {
  image: 'resident.image',
  version: 'resident.version',
  /** Of an official image, which does not tell by itself. */
  language: 'resident.language',
  base: 'resident.base',
  /** Keys of the layers of dependencies. */
  layers: 'resident.layers',
} as const;

/** Loads an image of these layers, and returns its id. The same layers and settings give the same id, on every machine. */
export async function loadLayers(
  docker: Docker,
  layers: readonly LayerFile[],
  { tag, ...meta }: ImageMeta & { readonly tag: string },
): Promise<string> {
  const config = makeConfig(layers, meta);
  const rest = { tag, ...(meta.base ? { base: meta.base } : {}) };
  await load(docker, streamArchive(layers, config, rest));
  return (await docker.getImage(tag).inspect()).Id;
}

/** As {@link loadLayers}, with one layer made of these files. */
export async function loadFiles(
  docker: Docker,
  files: FileSet,
  meta: ImageMeta & { readonly tag: string },
  onSize: (bytes: number) => void = () => undefined,
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-image-'));
  try {
    const layer = await writeLayer(files, path.join(folder, 'layer.tar'));
    onSize(layer.bytes);
    return await loadLayers(docker, [layer], meta);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The engine answers with JSON lines and reports a failure in the last of them, under HTTP 200. */
async function load(docker: Docker, archive: NodeJS.ReadableStream): Promise<void> {
  const answer = await docker.loadImage(archive, { quiet: true });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString();
  if (!text.includes('"error"')) return;
  throw new OutsideError(`The Docker engine refused the sandbox image: ${text.trim().slice(0, 500)}`, {
    system: 'Docker',
    kind: 'LoadFailed',
    retryable: false,
  });
}

/** What the engine holds under a name; undefined when it holds nothing. */
export async function findHeld(docker: Docker, name: string) {
  try {
    return await docker.getImage(name).inspect();
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

export type HeldImage = NonNullable<Awaited<ReturnType<typeof findHeld>>>;
