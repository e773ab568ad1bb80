import { existsSync } from 'node:fs';
import path from 'node:path';
import { imageLabels, repository } from '../../adapters/image-builder/load.ts';
import { changeRecords, readRecords } from '../../adapters/image-builder/records.ts';
import { listImages } from './list-images.ts';
import type { ImageParts } from './parts.ts';

interface FoundImage {
  readonly id: string;
  readonly tags: readonly string[];
  readonly bytes: number;
}

export interface PruneReport {
  /** Nothing was removed: what is named as removed would be. */
  readonly isDryRun: boolean;
  readonly images: readonly FoundImage[];
  readonly layers: readonly { readonly key: string; readonly lockfile: string; readonly bytes: number }[];
  /** In use by a container, or otherwise kept by the engine, with its words. */
  readonly kept: readonly { readonly id: string; readonly why: string }[];
}

/**
 * Removes images that Resident made and no service of this configuration uses, and prepared dependencies that were prepared for
 * this configuration, or for one that is gone, and belong to no lockfile of HEAD or of a recent deploy. Images that others made
 * and pulled stay: they may be in use beyond Resident. So do those that were made from ours under another name, and those of other
 * configurations that have dependencies prepared. With `isDryRun` it only tells.
 */
export async function pruneImages(parts: ImageParts, { isDryRun }: { isDryRun: boolean }): Promise<PruneReport> {
  const { names, layers, images, kept } = await findUnused(parts);
  if (isDryRun) return { isDryRun, images, layers, kept };
  for (const { key } of layers) await parts.dependencies.store.remove(key);
  const removed: FoundImage[] = [];
  const refused: PruneReport['kept'][number][] = [];
  for (const image of images) {
    try {
      // By name, and the image goes with its last one; never by force, which would take it from a container.
      for (const tag of image.tags) await parts.docker.getImage(tag).remove();
      removed.push(image);
    } catch (error) {
      refused.push({ id: image.id, why: error instanceof Error ? error.message : String(error) });
    }
  }
  const only = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  await changeRecords(parts.recordsFile, ({ pins, made, ...rest }) => ({
    ...rest,
    pins: only(pins),
    made: only(made),
  }));
  return { isDryRun, images: removed, layers, kept: [...kept, ...refused] };
}

interface Unused extends Omit<PruneReport, 'isDryRun'> {
  /** Names of the images that services of this configuration use. */
  readonly names: ReadonlySet<string>;
}

async function findUnused(parts: ImageParts): Promise<Unused> {
  const { images, dependencies } = await listImages(parts);
  const inUse = new Set(images.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const keys = new Set(dependencies.flatMap(({ key }) => (key === undefined ? [] : [key])));
  const layers: PruneReport['layers'][number][] = [];
  for (const { key, lockfile, bytes, preparedFor, baseId } of await parts.dependencies.store.list()) {
    if (keys.has(key)) continue;
    if (preparedFor !== parts.settings.file && existsSync(preparedFor)) {
      keys.add(key);
      for (const id of [baseId, ...(await listMade(preparedFor))]) inUse.add(id);
    } else {
      layers.push({ key, lockfile, bytes });
    }
  }
  const unused = (await listOurs(parts)).filter(({ id, layerKeys }) =>
    layerKeys ? !layerKeys.every((key) => keys.has(key)) : !inUse.has(id),
  );
  const held = new Set((await parts.docker.listContainers({ all: true })).map(({ ImageID }) => ImageID));
  return {
    names: new Set(images.map(({ image }) => image)),
    layers,
    images: unused.filter(({ id }) => !held.has(id)).map(({ layerKeys: _layerKeys, ...image }) => image),
    kept: unused.filter(({ id }) => held.has(id)).map(({ id }) => ({ id, why: 'a container uses it' })),
  };
}

/** `layerKeys`: of the dependencies in it, where it has some. */
async function listOurs({ docker }: ImageParts): Promise<(FoundImage & { readonly layerKeys?: readonly string[] })[]> {
  const labelled = await docker.listImages({ filters: { label: [imageLabels.image] } });
  const ours = labelled.flatMap(({ Id, RepoTags, Size, Labels }) => {
    const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
    // What others make from our images inherits the label, and has a name of its own or none.
    if (tags.length === 0 || !tags.every((tag) => tag.startsWith(`${repository}/`))) return [];
    const layerKeys = Labels?.[imageLabels.layers]?.split(' ');
    return [{ id: Id, tags, bytes: Size, ...(layerKeys ? { layerKeys } : {}) }];
  });
  // The engine lists images of one time in any order.
  return ours.toSorted((a, b) => (a.tags.join() < b.tags.join() ? -1 : 1));
}

/** Ids of the images that were made for another configuration, by the records beside it. */
async function listMade(configuration: string): Promise<readonly string[]> {
  const { made } = await readRecords(path.join(path.dirname(configuration), '.resident', 'images.json'));
  return Object.values(made).map(({ id }) => id);
}
