import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { isManifest, type Manifests } from '../../domain/reproduction/dependencies.ts';
import { endOfArchive } from '../docker/sources.ts';

const maxManifestBytes = 20_000_000;

export interface TreeManifests {
  readonly manifests: Manifests;
  /** Top folders and files of the tree, so that nothing of the source is hidden by what is added. */
  readonly top: ReadonlySet<string>;
}

/** Reads the manifests of a source tree out of its tar. `folder` is what every path begins with, for example `app/`. */
export async function readManifests(tar: Buffer, folder = ''): Promise<TreeManifests> {
  const manifests: Record<string, string> = {};
  const top = new Set<string>();
  // Entries that are to be joined with others come without an end; one more end does no harm.
  for await (const entry of Readable.from([tar, endOfArchive]).pipe(extract())) {
    const { name, type, size = 0 } = entry.header;
    const path = name.replace(/^(\.\/)+/, '').slice(folder.length);
    top.add(path.split('/', 1)[0] ?? '');
    if (type === 'file' && size <= maxManifestBytes && isManifest(path))
      manifests[path] = (await buffer(entry)).toString('utf8');
    else entry.resume();
  }
  return { manifests, top };
}
