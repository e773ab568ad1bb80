import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { extract } from 'tar-stream';
import { OutsideError } from '../outside-error.ts';

/** Notes of Go and Maven about what they fetched, which differ from day to day; no code is in them. */
const bookkeeping = /\/mod\/cache\/(lock$|download\/sumdb\/)|\/@v\/list$|\/maven-metadata[^/]*\.xml(\.\w+)?$/;

/**
 * Layers of one shared folder may hold the same file, and must not hold different ones under one path: the upper one, prepared for
 * a neighbour, would change what the service below runs. Throws `Sandbox.DependenciesFailed`.
 */
export async function assertNoConflicts(tars: readonly { readonly lockfile: string; readonly file: string }[]) {
  const known = new Map<string, { readonly content: string; readonly lockfile: string }>();
  for (const { lockfile, file } of tars) {
    for await (const entry of createReadStream(file).pipe(extract())) {
      const { name, type, mode, linkname } = entry.header;
      const hash = createHash('sha256').update(`${type} ${mode} ${linkname ?? ''}\0`);
      for await (const chunk of entry) hash.update(chunk as Buffer);
      const path = name.replace(/\/$/, '');
      const content = hash.digest('hex');
      const other = known.get(path);
      if (!other) known.set(path, { content, lockfile });
      else if (other.content !== content && !bookkeeping.test(path)) throw conflict(path, [other.lockfile, lockfile]);
    }
  }
}

function conflict(path: string, lockfiles: readonly string[]): OutsideError {
  return new OutsideError(
    `Two layers of dependencies (${lockfiles.join(' and ')}) hold different files under ${JSON.stringify(path)}, so they are not put ` +
      'together: one service would run files of another. Look at what their dependencies install, remove the layers with ' +
      '`resident images prune` and build them again, or write `dependencies: none` for one of the services.',
    { system: 'Sandbox', kind: 'DependenciesFailed', retryable: false },
  );
}
