import type Docker from 'dockerode';
import { guessImageName, parseImageName, imageLanguages } from '../../domain/reproduction/image-name.ts';
import { openEngine, type EngineAddress } from '../docker/engine.ts';
import { OutsideError } from '../outside-error.ts';
import { buildLanguage, planLanguage } from './build-language.ts';
import { inspectImage, type ImageStatus } from './inspect-image.ts';
import { findHeld, imageLabels } from './load.ts';
import { pull, pullOfficial, type PullOptions } from './pull.ts';
import { changeRecords, readRecords } from './records.ts';
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
  /**
   * Fetches what a name stands for, for a person who asked for it outside an incident: the official image of a language, whose
   * digest is recorded the first time (`refresh`: anew) and used alone from then on, or an image by its digest.
   * Throws `Sandbox.PullFailed`.
   */
  pullImage(image: string, options: PullOptions & { readonly refresh?: boolean }): Promise<void>;
  /** What an image would be, without building, loading or fetching anything. */
  inspectImage(image: string): Promise<ImageStatus>;
}

export type { ImageStatus } from './inspect-image.ts';

export interface ImageBuilderOptions {
  readonly address: EngineAddress;
  /** Where the digests of official images are recorded (`.resident/images.json`); without it none is used. */
  readonly recordsFile?: string;
}

export function createImageBuilder({ address, recordsFile }: ImageBuilderOptions): ImageBuilder {
  const docker = openEngine(address);
  const underway = new Map<string, Promise<SandboxImage>>();
  return {
    ensureImage(image, onProgress = () => undefined) {
      const known = underway.get(image);
      if (known) return known;
      const settled = ensure(docker, image, { recordsFile, onProgress }).finally(() => underway.delete(image));
      underway.set(image, settled);
      return settled;
    },
    async pullImage(image, { refresh = false, ...options }) {
      const { pins } = await readRecords(recordsFile);
      const { kind } = parseImageName(image);
      const reference = kind === 'language' ? pins[image]?.pinned : image;
      if (reference !== undefined && !refresh) {
        if (!(await findHeld(docker, reference))) await pull(docker, reference, options);
        return;
      }
      if (kind !== 'language') return pull(docker, image, options);
      const pin = { ...(await pullOfficial(docker, image, options)), at: new Date().toISOString() };
      if (recordsFile === undefined) throw new Error('A digest was pulled, and there is no file to record it in.');
      await changeRecords(recordsFile, (records) => ({ ...records, pins: { ...records.pins, [image]: pin } }));
    },
    inspectImage: (image) => inspectImage(docker, image, recordsFile),
  };
}

interface EnsureOptions {
  readonly recordsFile: string | undefined;
  readonly onProgress: BuildProgress;
}

async function ensure(docker: Docker, image: string, options: EnsureOptions): Promise<SandboxImage> {
  const startedAt = performance.now();
  const done = (id: string, tag: string, source: SandboxImage['source']): SandboxImage => {
    return { id, tag, source, durationMs: Math.round(performance.now() - startedAt) };
  };
  const name = parseImageName(image);
  if (name.kind === 'deployed') throw noDeployedImage();
  const pin = name.kind === 'language' ? (await readRecords(options.recordsFile)).pins[image] : undefined;
  if (name.kind === 'language' && !pin) {
    const plan = await planLanguage(name.language, name.version);
    const present = await findHeld(docker, plan.tag);
    if (present) return done(present.Id, plan.tag, 'present');
    return done(await buildLanguage(docker, plan, options.onProgress), plan.tag, 'built');
  }
  const reference = pin?.pinned ?? image;
  const held = await findHeld(docker, reference);
  if (!held) throw missing(reference);
  if (held.Config.Labels?.[imageLabels.image]) return done(held.Id, reference, 'given');
  const { id, tag } = await wrapImage(docker, held, {
    name: reference,
    ...(name.kind === 'language' ? { language: name.language } : {}),
  });
  return done(id, tag, 'given');
}

function noDeployedImage(): OutsideError {
  return new OutsideError(
    '`sandbox.image: deployed` takes the image from the record of the deploy that runs, and that names none by digest. ' +
      'Write `image` (`registry/app@sha256:…`) into the deploy records, or name an image in `sandbox.image`.',
    { system: 'Sandbox', kind: 'ImageMissing', retryable: false },
  );
}

function missing(reference: string): OutsideError {
  const meant = guessImageName(reference);
  return new OutsideError(
    `The Docker engine holds no image ${reference}, and none is pulled during an incident. ` +
      (meant === undefined ? '' : `Did you mean \`${meant}\`? If not: `) +
      `Run \`resident images build --pull\` beforehand, or use one of the built ones: ${imageLanguages.join(', ')}.`,
    { system: 'Sandbox', kind: 'ImageMissing', retryable: false },
  );
}
