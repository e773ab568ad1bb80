import type Docker from 'dockerode';
import { guessImageName, imageLanguages, parseImageName } from '../../domain/reproduction/image-name.ts';
import { describe } from '../docker/engine.ts';
import { OutsideError } from '../outside-error.ts';
import { findHeld } from './load.ts';
import { findOfficial, listOfficialVersions } from './official.ts';
import type { ImagePin } from './records.ts';

export interface PullOptions {
  /** Host, and path, under which Docker Hub's `library/` is found; Docker Hub itself without. */
  readonly registry?: string;
  readonly onProgress: (step: string) => void;
}

/** The official image of a language, fetched by its tag; its digest is what is to be recorded. Throws `Sandbox.PullFailed`. */
export async function pullOfficial(docker: Docker, image: string, options: PullOptions): Promise<Omit<ImagePin, 'at'>> {
  const name = parseImageName(image);
  if (name.kind !== 'language')
    throw pullFailed(image, 'it is no language', `Name one of ${imageLanguages.join(', ')}.`);
  const official = findOfficial(name.language, name.version);
  if (!official) {
    const there = listOfficialVersions(name.language).join(', ');
    throw pullFailed(
      image,
      `no official image of ${name.language} ${name.version ?? ''} was reviewed`,
      `Use one of ${there}, or name an image by its digest.`,
    );
  }
  const tag = options.registry === undefined ? official : `${options.registry}/library/${official}`;
  await pull(docker, tag, options);
  const held = await findHeld(docker, tag);
  const repository = tag.slice(0, tag.lastIndexOf(':'));
  const pinned = held?.RepoDigests.find((each) => each.startsWith(`${repository}@`));
  if (!pinned) throw pullFailed(tag, 'the engine tells no digest of it', 'Name an image by its digest.');
  return { tag, pinned };
}

/** Fetches what a digest names; the engine checks the bytes against it. Throws `Sandbox.PullFailed` with the reason. */
export async function pull(docker: Docker, reference: string, { onProgress }: PullOptions): Promise<void> {
  onProgress(`Pulling ${reference}`);
  try {
    const stream = await docker.pull(reference);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(
        stream,
        (error) => (error ? reject(error) : resolve()),
        ({ status, id }: { status?: string; id?: string }) => {
          if (status?.includes('complete') && id) onProgress(`${reference}: ${id} ${status.toLowerCase()}`);
        },
      );
    });
  } catch (error) {
    const meant = guessImageName(reference);
    throw pullFailed(
      reference,
      describe(error).trim().slice(0, 300),
      (meant === undefined ? '' : `Did you mean \`${meant}\`? If not: `) +
        'Check that the Docker engine reaches the registry and is logged in to it; `docker pull` by hand does as well.',
      error,
    );
  }
}

function pullFailed(reference: string, why: string, remedy: string, cause?: unknown): OutsideError {
  return new OutsideError(
    `The image ${reference} could not be pulled: ${why}. ${remedy}`,
    { system: 'Sandbox', kind: 'PullFailed', retryable: false },
    { cause },
  );
}
