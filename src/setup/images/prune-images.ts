import { existsSync } from 'node:fs';
import path from 'node:path';
import { imageLabels, repository } from '../../adapters/image-builder/load.ts';
import { changeRecords, readRecords } from '../../adapters/image-builder/records.ts';
import { listImages } from './list-images.ts';
import type { ImageParts } from './parts.ts';

export interface PruneReport {
  readonly images: readonly { readonly id: string; readonly tags: readonly string[]; readonly bytes: number }[];
  readonly layers: readonly { readonly key: string; readonly lockfile: string; readonly bytes: number }[];
  /** In use by a container, or otherwise kept by the engine, with its words. */
  readonly kept: readonly { readonly id: string; readonly why: string }[];
}

/**
 * Removes images that Resident made and no service of this configuration uses, and prepared dependencies that were prepared for
 * this configuration, or for one that is gone, and belong to no lockfile of HEAD or of a recent deploy. Images that others made
 * and pulled stay: they may be in use beyond Resident. So do those that were made from ours under another name, and those of other
 * configurations that have dependencies prepared.
 */
export async function pruneImages(parts: ImageParts): Promise<PruneReport> {
  const { images, dependencies } = await listImages(parts);
  const inUse = new Set(images.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const keys = new Set(dependencies.flatMap(({ key }) => (key === undefined ? [] : [key])));
  const layers: PruneReport['layers'][number][] = [];
  const foreign = new Set<string>();
  for (const { key, lockfile, bytes, preparedFor, baseId } of await parts.dependencies.store.list()) {
    if (keys.has(key)) continue;
    if (preparedFor !== parts.settings.file && existsSync(preparedFor)) {
      foreign.add(key);
      for (const id of [baseId, ...(await listMade(preparedFor))]) inUse.add(id);
    } else {
      await parts.dependencies.store.remove(key);
      layers.push({ key, lockfile, bytes });
    }
  }
  const isNeeded = (labels: Readonly<Record<string, string>>, id: string) => {
    const own = labels[imageLabels.layers]?.split(' ');
    return own ? own.every((key) => keys.has(key) || foreign.has(key)) : inUse.has(id);
  };
  const removed: PruneReport['images'][number][] = [];
  const kept: PruneReport['kept'][number][] = [];
  for (const { Id, RepoTags, Size, Labels } of await parts.docker.listImages({
    filters: { label: [imageLabels.image] },
  })) {
    const tags = (RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
    // What others make from our images inherits the label, and has a name of its own or none.
    if (tags.length === 0 || !tags.every((tag) => tag.startsWith(`${repository}/`))) continue;
    if (isNeeded(Labels ?? {}, Id)) continue;
    try {
      // By name, and the image goes with its last one; never by force, which would take it from a container.
      for (const tag of tags) await parts.docker.getImage(tag).remove();
      removed.push({ id: Id, tags, bytes: Size });
    } catch (error) {
      kept.push({ id: Id, why: error instanceof Error ? error.message : String(error) });
    }
  }
  const names = new Set(images.map(({ image }) => image));
  const only = <T>(all: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
  await changeRecords(parts.recordsFile, ({ pins, made, ...rest }) => ({
    ...rest,
    pins: only(pins),
    made: only(made),
  }));
  return { images: removed, layers, kept };
}

/** Ids of the images that were made for another configuration, by the records beside it. */
async function listMade(configuration: string): Promise<readonly string[]> {
  const { made } = await readRecords(path.join(path.dirname(configuration), '.resident', 'images.json'));
  return Object.values(made).map(({ id }) => id);
}
