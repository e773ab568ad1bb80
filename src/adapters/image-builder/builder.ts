import type Docker from 'dockerode';
import { parseImageName, imageLanguages } from '../../domain/image-name.ts';
import { openEngine, type EngineAddress } from '../docker/engine.ts';
import { OutsideError } from '../outside-error.ts';
import { buildLanguage, planLanguage } from './build-language.ts';
import { findHeld, imageLabels } from './load.ts';
import { wrapImage } from './wrap.ts';

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
   * The image for a language (`node`, `python:3.11`) is built once from this machine's own runtime and kept by the engine,
   * unless an official one was fetched for it beforehand; any other name is an image that the engine must hold already, and
   * gets a thin layer with the sandbox's users and mount points. Nothing is ever pulled.
   * Throws `Sandbox.ImageMissing`, `Sandbox.ImageNotBuilt` or `Sandbox.ImageUnfit` with the remedy.
   */
  ensureImage(image: string, onProgress?: BuildProgress): Promise<SandboxImage>;
}

/** Languages whose images Resident makes itself. */
export const builtLanguages: readonly string[] = imageLanguages;

export interface ImageBuilderOptions {
  readonly address: EngineAddress;
}

export function createImageBuilder({ address }: ImageBuilderOptions): ImageBuilder {
  const docker = openEngine(address);
  const underway = new Map<string, Promise<SandboxImage>>();
  return {
    ensureImage(image, onProgress = () => undefined) {
      const known = underway.get(image);
      if (known) return known;
      const settled = ensure(docker, image, onProgress).finally(() => underway.delete(image));
      underway.set(image, settled);
      return settled;
    },
  };
}

async function ensure(docker: Docker, image: string, onProgress: BuildProgress): Promise<SandboxImage> {
  const startedAt = performance.now();
  const done = (id: string, tag: string, source: SandboxImage['source']): SandboxImage => {
    return { id, tag, source, durationMs: Math.round(performance.now() - startedAt) };
  };
  const name = parseImageName(image);
  if (name.kind === 'language') {
    const plan = await planLanguage(name.language, name.version);
    const present = await findHeld(docker, plan.tag);
    if (present) return done(present.Id, plan.tag, 'present');
    return done(await buildLanguage(docker, plan, onProgress), plan.tag, 'built');
  }
  const held = await findHeld(docker, image);
  if (!held) throw missing(image);
  if (held.Config.Labels?.[imageLabels.image]) return done(held.Id, image, 'given');
  const { id, tag } = await wrapImage(docker, held, image);
  return done(id, tag, 'given');
}

function missing(image: string): OutsideError {
  return new OutsideError(
    `The Docker engine holds no image ${image}, and none is pulled during an incident. ` +
      `Run \`resident images build --pull\` beforehand, or use one of the built ones: ${imageLanguages.join(', ')}.`,
    { system: 'Sandbox', kind: 'ImageMissing', retryable: false },
  );
}
