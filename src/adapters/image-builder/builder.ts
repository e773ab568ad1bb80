import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { arch, platform } from 'node:process';
import type Docker from 'dockerode';
import { openEngine, statusOf, type EngineAddress } from '../docker/engine.ts';
import { OutsideError } from '../outside-error.ts';
import { makeConfig, streamArchive, writeLayer } from './archive.ts';
import type { FileSet } from './file-set.ts';
import { addBase, cannotBuild, findTools, recipes } from './recipes.ts';

export interface SandboxImage {
  /** Id by content (`sha256:…`): what the sandbox runs and what the incident records. */
  readonly id: string;
  readonly tag: string;
  readonly source: 'built' | 'present' | 'given';
  readonly durationMs: number;
}

export type BuildProgress = (step: string) => void;

export interface ImageBuilder {
  /**
   * The image for a language (`node`, `python`) is built once from this machine's own runtime and kept by the engine;
   * any other name is an image that the engine must hold already. Nothing is ever pulled.
   * Throws `Sandbox.ImageMissing` or `Sandbox.ImageNotBuilt` with the remedy.
   */
  ensureImage(image: string, onProgress?: BuildProgress): Promise<SandboxImage>;
}

const repository = 'resident-sandbox';
/** Raise it when what a recipe writes changes though the machine's files do not. */
const recipeVersion = '2';

export const builtLanguages: readonly string[] = Object.keys(recipes);

export function createImageBuilder({ address }: { readonly address: EngineAddress }): ImageBuilder {
  const docker = openEngine(address);
  const underway = new Map<string, Promise<SandboxImage>>();
  return {
    ensureImage(image, onProgress = () => undefined) {
      const known = underway.get(image);
      if (known) return known;
      const wanted = (recipes[image] ? buildImage : findImage)(docker, image, onProgress);
      const settled = wanted.finally(() => underway.delete(image));
      underway.set(image, settled);
      return settled;
    },
  };
}

async function findImage(docker: Docker, image: string): Promise<SandboxImage> {
  const startedAt = performance.now();
  try {
    const { Id } = await docker.getImage(image).inspect();
    return { id: Id, tag: image, source: 'given', durationMs: Math.round(performance.now() - startedAt) };
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    throw new OutsideError(
      `The Docker engine holds no image ${image}, and none is pulled during an incident. ` +
        `Run \`docker pull ${image}\` beforehand, or use one of the built ones: ${builtLanguages.join(', ')}.`,
      { system: 'Sandbox', kind: 'ImageMissing', retryable: false },
    );
  }
}

async function buildImage(docker: Docker, language: string, onProgress: BuildProgress): Promise<SandboxImage> {
  const startedAt = performance.now();
  if (platform !== 'linux') throw cannotBuild(`it runs ${platform}, and the sandbox needs programs for Linux`);
  const [tools, runtime] = await Promise.all([findTools(), recipes[language]!()]);
  const standardFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const folders = [...runtime.pathFolders.filter((folder) => !standardFolders.includes(folder)), ...standardFolders];
  const env = [`PATH=${folders.join(':')}`, 'LANG=C.UTF-8'];
  const tag = `${repository}/${language}:${await digestInputs([...runtime.witnesses, ...tools], env)}`;
  const done = (id: string, source: SandboxImage['source']): SandboxImage => {
    return { id, tag, source, durationMs: Math.round(performance.now() - startedAt) };
  };
  const present = await docker.getImage(tag).inspect().catch(ignoreMissing);
  if (present) return done(present.Id, 'present');

  const files: FileSet = new Map();
  await addBase(files, tools);
  await runtime.fill(files);
  onProgress(`Packing ${files.size} files of ${language} ${runtime.version} and its tools`);
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-image-'));
  try {
    const layer = await writeLayer(files, path.join(folder, 'layer.tar'));
    const architecture = arch === 'arm64' ? 'arm64' : 'amd64';
    const labels = { 'resident.image': language, 'resident.version': runtime.version };
    const config = makeConfig(layer, { architecture, env, labels });
    onProgress(`Loading ${Math.round(layer.bytes / 1e6)} MB into the Docker engine`);
    await load(docker, streamArchive(layer, config, tag));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return done((await docker.getImage(tag).inspect()).Id, 'built');
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

function ignoreMissing(error: unknown): undefined {
  if (statusOf(error) === 404) return undefined;
  throw error;
}

/** Changes when the runtime or a tool does: by path, size and time, which is quick; the image's own id is by content. */
async function digestInputs(files: readonly string[], env: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([recipeVersion, arch, env]));
  for (const file of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(JSON.stringify([file, size, mtimeMs]));
  }
  return hash.digest('hex').slice(0, 16);
}
