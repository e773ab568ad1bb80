import type Docker from 'dockerode';
import { parseImageName } from '../../domain/reproduction/image-name.ts';
import { planLanguage } from './build-language.ts';
import { findHeld, imageLabels, type HeldImage } from './load.ts';
import { readRecords } from './records.ts';
import { wrappedTag } from './wrap.ts';

/** Whether a reproduction could begin with this image at once; if not, why not and what to do. */
export interface ImageStatus {
  readonly image: string;
  readonly state: 'ready' | 'to-build' | 'missing';
  /** Runtime's version where it is built from this machine; else the digest that is used. */
  readonly from: string;
  readonly tag?: string;
  readonly id?: string;
  readonly bytes?: number;
  /** Empty when ready. */
  readonly problem: string;
}

export async function inspectImage(
  docker: Docker,
  image: string,
  recordsFile: string | undefined,
): Promise<ImageStatus> {
  const name = parseImageName(image);
  if (name.kind === 'deployed') {
    return { image, state: 'missing', from: 'deploy records', problem: 'it is known when a deploy record names one' };
  }
  const pin = name.kind === 'language' ? (await readRecords(recordsFile)).pins[image] : undefined;
  if (name.kind === 'language' && !pin) {
    try {
      const { tag, runtime } = await planLanguage(name.language, name.version);
      const from = `${name.language} ${runtime.version} of this machine`;
      return describe(
        image,
        from,
        await findHeld(docker, tag),
        'it is built by `resident images build`, or when first needed',
      );
    } catch (error) {
      return {
        image,
        state: 'missing',
        from: 'this machine',
        problem: error instanceof Error ? error.message : String(error),
      };
    }
  }
  const reference = pin?.pinned ?? image;
  const held = await findHeld(docker, reference);
  if (!held)
    return {
      image,
      state: 'missing',
      from: reference,
      problem: 'the engine does not hold it; run `resident images build --pull`',
    };
  const isOurs = held.Config.Labels?.[imageLabels.image] !== undefined;
  const usable = isOurs
    ? held
    : await findHeld(docker, wrappedTag(held.Id, name.kind === 'language' ? name.language : undefined));
  return describe(
    image,
    reference,
    usable,
    'its layer for the sandbox is added by `resident images build`, or when first needed',
  );
}

function describe(image: string, from: string, held: HeldImage | undefined, problem: string): ImageStatus {
  if (!held) return { image, state: 'to-build', from, problem };
  const [tag] = held.RepoTags;
  return { image, state: 'ready', from, ...(tag ? { tag } : {}), id: held.Id, bytes: held.Size, problem: '' };
}
