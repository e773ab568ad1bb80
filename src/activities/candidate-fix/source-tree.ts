import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { extract, pack } from 'tar-stream';

/** One file of a source tree as Git holds it: a regular file, or a symbolic link and where it points. */
export type TreeFile =
  | { readonly type: 'file'; readonly mode: number; readonly content: Buffer }
  | { readonly type: 'symlink'; readonly linkname: string };

/** Files by their paths. Only for trees from Git: nothing that a sandbox wrote is read with this. */
export type SourceTree = ReadonlyMap<string, TreeFile>;

/** Reads the plain tar of a source tree. */
export async function readTree(tar: Buffer): Promise<SourceTree> {
  const files = new Map<string, TreeFile>();
  for await (const entry of Readable.from([tar]).pipe(extract())) {
    const { name, type, mode = 0o644, linkname } = entry.header;
    const content = await buffer(entry);
    if (type === 'symlink') files.set(name, { type, linkname: linkname ?? '' });
    else if (type === 'file') files.set(name, { type, mode, content });
  }
  return files;
}

/** The tar of a tree, the same bytes for the same files: sorted, without owners, the epoch as time. */
export async function writeTree(tree: SourceTree): Promise<Buffer> {
  const tar = pack();
  for (const [name, file] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const header = { name, mtime: new Date(0) };
    if (file.type === 'symlink') tar.entry({ ...header, type: 'symlink', linkname: file.linkname });
    else tar.entry({ ...header, mode: file.mode }, file.content);
  }
  tar.finalize();
  return buffer(tar);
}

export function isSameFile(one: TreeFile | undefined, other: TreeFile | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.type === 'symlink' || other.type === 'symlink') {
    return one.type === other.type && 'linkname' in one && 'linkname' in other && one.linkname === other.linkname;
  }
  return one.mode === other.mode && one.content.equals(other.content);
}
