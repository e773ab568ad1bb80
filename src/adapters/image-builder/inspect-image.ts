import type Docker from 'dockerode';
import { guessImageName, parseImageName } from '../../domain/reproduction/image-name.ts';
import { planLanguage } from './build-language.ts';
import { findHeld, imageLabels, type HeldImage } from './load.ts';
import { findOfficial } from './official.ts';
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
  /** What makes it: `resident images build`, or that with `--pull`. Absent when ready, and where the configuration must change. */
  readonly madeBy?: 'build' | 'pull';
}

const deployedUnknown =
  'no deploy record names an image by digest yet; write `image` (`registry/app@sha256:…`) into the records, or name one in `sandbox.image`';

export async function inspectImage(
  docker: Docker,
  image: string,
  recordsFile: string | undefined,
): Promise<ImageStatus> {
  const name = parseImageName(image);
  if (name.kind === 'deployed') {
    return { image, state: 'missing', from: 'deploy records', problem: deployedUnknown };
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
        ...(findOfficial(name.language, name.version) === undefined ? {} : { madeBy: 'pull' }),
      };
    }
  }
  const reference = pin?.pinned ?? image;
  const held = await findHeld(docker, reference);
  if (!held) return { image, state: 'missing', from: reference, ...explainAbsent(image) };
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

function explainAbsent(image: string): Pick<ImageStatus, 'problem' | 'madeBy'> {
  const meant = guessImageName(image);
  return meant === undefined
    ? { problem: 'the engine does not hold it; run `resident images build --pull`', madeBy: 'pull' }
    : {
        problem: `the engine does not hold it, and it is no language of ours; did you mean \`${meant}\`? If not, run \`resident images build --pull\``,
      };
}

function describe(image: string, from: string, held: HeldImage | undefined, problem: string): ImageStatus {
  if (!held) return { image, state: 'to-build', from, problem, madeBy: 'build' };
  const [tag] = held.RepoTags;
  return { image, state: 'ready', from, ...(tag ? { tag } : {}), id: held.Id, bytes: held.Size, problem: '' };
}
