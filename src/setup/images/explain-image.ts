import { planLanguage } from '../../adapters/image-builder/build-language.ts';
import { readRecords } from '../../adapters/image-builder/records.ts';
import { guessImageName, parseImageName } from '../../domain/reproduction/image-name.ts';
import { askDocker } from '../probe.ts';

export interface ImagePlace {
  /** `.resident/images.json`. */
  readonly recordsFile: string;
  /** Socket file of the engine that runs; without one only what this machine tells by itself is told. */
  readonly socket?: string;
}

/**
 * Why a sandbox could not use an image, and what to do; undefined where nothing stands in the way, or nothing can be said now.
 * Languages, their versions and slips of the pen are told without an engine. Nothing is built or fetched.
 */
export async function explainImage(image: string, { recordsFile, socket }: ImagePlace): Promise<string | undefined> {
  const name = parseImageName(image);
  if (name.kind === 'deployed') return undefined;
  try {
    const pin = name.kind === 'language' ? (await readRecords(recordsFile)).pins[image]?.pinned : undefined;
    if (name.kind === 'language' && pin === undefined) {
      await planLanguage(name.language, name.version);
      return undefined;
    }
    return await explainAbsent(image, pin ?? image, socket);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function explainAbsent(image: string, reference: string, socket: string | undefined) {
  if (socket && (await askDocker(socket, `/images/${encodeURI(reference)}/json`)) !== undefined) return undefined;
  const meant = guessImageName(image);
  if (meant !== undefined) {
    return `${socket ? 'the Docker engine does not hold it, and ' : ''}it is no language of ours; did you mean \`${meant}\`?`;
  }
  if (!socket) return undefined;
  return 'the Docker engine does not hold it; run `resident images build --pull`: none is pulled in an incident';
}
