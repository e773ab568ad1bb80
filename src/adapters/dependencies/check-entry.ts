import type { Header } from 'tar-stream';

/** An entry that may become part of a layer; `path` is below the layer's folder. */
export type CheckedEntry =
  | { readonly type: 'directory'; readonly path: string }
  | { readonly type: 'file'; readonly path: string; readonly isExecutable: boolean; readonly bytes: number }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string };

type EntryHeader = Pick<Header, 'name' | 'type' | 'mode' | 'size' | 'linkname'>;

/** The engine takes a file whose name begins so for an order to remove another file from the layers below. */
const whiteout = /(^|\/)\.wh\./;

/**
 * Judges the entries of an archive in their order; undefined for what must stay out. Whoever wrote the archive is not trusted:
 * every entry lies in a folder that came before it, so nothing is ever written through a link; no path comes twice; and a link
 * leads to a place inside, by `..` at its beginning only and through folders alone.
 */
export function createEntryCheck(): (header: EntryHeader) => CheckedEntry | undefined {
  const taken = new Map<string, CheckedEntry['type']>([['', 'directory']]);
  /** What links pass through on their way; none of it may be a link, whichever comes first. */
  const passed = new Set<string>();

  function followLink(path: string, target: string): readonly string[] | undefined {
    if (target === '' || target.startsWith('/')) return undefined;
    const at = path.split('/').slice(0, -1);
    const parts = target.split('/').filter((part) => part !== '' && part !== '.');
    const ups = parts.findIndex((part) => part !== '..');
    const up = ups === -1 ? parts.length : ups;
    const down = parts.slice(up);
    if (up > at.length || down.includes('..')) return undefined;
    const start = at.slice(0, at.length - up);
    return down.map((_, index) => [...start, ...down.slice(0, index)].join('/')).slice(1);
  }

  function judge({ name, type, mode = 0, size, linkname }: EntryHeader): CheckedEntry | undefined {
    const path = name.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const parts = path.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..') || whiteout.test(path)) return undefined;
    if (taken.has(path) || taken.get(parts.slice(0, -1).join('/')) !== 'directory') return undefined;
    if (type === 'directory') return { type, path };
    if (type === 'file' || type === 'contiguous-file')
      return { type: 'file', path, isExecutable: (mode & 0o100) !== 0, bytes: size ?? 0 };
    if (type !== 'symlink' || !linkname || passed.has(path)) return undefined;
    const through = followLink(path, linkname);
    if (!through || through.some((folder) => folder === path || taken.get(folder) === 'symlink')) return undefined;
    for (const folder of through) passed.add(folder);
    return { type, path, target: linkname };
  }

  return (header) => {
    const entry = judge(header);
    if (entry) taken.set(entry.path, entry.type);
    return entry;
  };
}
