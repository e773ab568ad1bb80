import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { arch, platform } from 'node:process';
import type Docker from 'dockerode';
import type { ImageLanguage } from '../../domain/reproduction/image-name.ts';
import type { FileSet } from './file-set.ts';
import { imageLabels, loadFiles, recipeVersion, repository } from './load.ts';
import { addBase, findTools, recipes } from './recipes.ts';
import { cannotBuild, type Runtime } from './runtime.ts';

export interface LanguagePlan {
  readonly language: ImageLanguage;
  readonly runtime: Runtime;
  readonly tools: readonly string[];
  readonly env: readonly string[];
  /** Names the runtime and tools that it would be built from, so that it tells whether the image that is there is still right. */
  readonly tag: string;
}

const standardFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Finds what an image of the language would be built from on this machine. Throws `Sandbox.ImageNotBuilt` with the remedy. */
export async function planLanguage(language: ImageLanguage, version: string | undefined): Promise<LanguagePlan> {
  if (platform !== 'linux') throw cannotBuild(`it runs ${platform}, and the sandbox needs programs for Linux`);
  const [tools, runtime] = await Promise.all([findTools(), recipes[language](version)]);
  const folders = [...runtime.pathFolders.filter((folder) => !standardFolders.includes(folder)), ...standardFolders];
  const env = [`PATH=${folders.join(':')}`, 'LANG=C.UTF-8', ...(runtime.env ?? [])];
  const inputs = await digestInputs(
    [...runtime.witnesses, ...tools],
    [...[language, runtime.version, ...env], ...(runtime.recipe === undefined ? [] : [runtime.recipe])],
  );
  return { language, runtime, tools, env, tag: `${repository}/${language}:${inputs}` };
}

/** Builds and loads the image; nothing is downloaded. Returns its id. */
export async function buildLanguage(
  docker: Docker,
  { language, runtime, tools, env, tag }: LanguagePlan,
  onProgress: (step: string) => void,
): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'resident-fill-'));
  try {
    const files: FileSet = new Map();
    await addBase(files, tools);
    await runtime.fill(files, { folder, onProgress });
    onProgress(`Packing ${files.size} files of ${language} ${runtime.version} and its tools`);
    const architecture = arch === 'arm64' ? 'arm64' : 'amd64';
    const labels = { [imageLabels.image]: language, [imageLabels.version]: runtime.version };
    return await loadFiles(docker, files, { tag, architecture, env, labels }, (bytes) =>
      onProgress(`Loading ${Math.round(bytes / 1e6)} MB into the Docker engine`),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Changes when the runtime or a tool does: by path, size and time, which is quick; the image's own id is by content. */
async function digestInputs(files: readonly string[], settings: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([recipeVersion, arch, settings]));
  for (const file of files) {
    const { size, mtimeMs } = await stat(file);
    hash.update(JSON.stringify([file, size, mtimeMs]));
  }
  return hash.digest('hex').slice(0, 16);
}
