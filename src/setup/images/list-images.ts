import type { ImageStatus } from '../../adapters/image-builder/inspect-image.ts';
import { parseImageName } from '../../domain/reproduction/image-name.ts';
import { findSets, type DependencyRow } from './find-sets.ts';
import { listSandboxed, type ImageParts, type SandboxedService } from './parts.ts';

export interface ImageRow extends ImageStatus {
  readonly services: readonly string[];
}

export interface ImageList {
  readonly images: readonly ImageRow[];
  readonly dependencies: readonly DependencyRow[];
  /** What stands in nobody's way and may still be a mistake. */
  readonly notes: readonly string[];
  /** Nothing is missing: a reproduction could begin now. */
  readonly isReady: boolean;
}

const done: readonly DependencyRow['state'][] = ['ready', 'none'];

/** What the sandboxes of the wanted services need, and whether it is there. Nothing is built or fetched. */
export async function listImages(parts: ImageParts, wanted: readonly string[] = []): Promise<ImageList> {
  const sandboxed = listSandboxed(parts.settings, wanted);
  const images: ImageRow[] = [];
  const dependencies: DependencyRow[] = [];
  for (const image of new Set(sandboxed.map(({ sandbox }) => sandbox.image))) {
    const users = sandboxed.filter(({ sandbox }) => sandbox.image === image);
    const status = await parts.images.inspectImage(image);
    images.push({ ...status, services: users.map(({ service }) => service) });
    if (status.id === undefined) continue;
    const rows = await Promise.all(users.map((user) => findSets(parts, user, status.id!)));
    for (const { imageId: _imageId, set: _set, ...row } of rows.flat()) dependencies.push(row);
  }
  const unique = uniqueBy(
    dependencies,
    ({ service, key, revision, image }) => `${service} ${key ?? revision} ${image}`,
  );
  const isReady = images.every(({ state }) => state === 'ready') && unique.every(({ state }) => done.includes(state));
  const notes = sandboxed.flatMap((user) => noteOtherLanguage(user, parts.settings.services[user.service]?.language));
  return { images, dependencies: unique, notes, isReady };
}

/** Lockfiles are looked for by the image's language, so in an image for another one nothing is found that could be missing. */
function noteOtherLanguage({ service, sandbox }: SandboxedService, language = ''): readonly string[] {
  const [image, own] = [parseImageName(sandbox.image), parseImageName(language)];
  if (image.kind !== 'language' || own.kind !== 'language' || image.language === own.language) return [];
  if (sandbox.dependencies !== undefined && sandbox.dependencies !== 'auto') return [];
  return [
    `${service} is written in ${own.language}, and its sandbox is one for ${image.language}: what it depends on is not looked for there. ` +
      `Write \`image: ${own.language}\` under its \`sandbox\`, or \`dependencies: none\` if that is meant.`,
  ];
}

export function uniqueBy<T>(all: readonly T[], keyOf: (one: T) => string): readonly T[] {
  return [...new Map(all.map((one) => [keyOf(one), one])).values()];
}
