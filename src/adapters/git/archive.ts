import { posix } from 'node:path';
import { pack } from 'tar-stream';
import { OutsideError } from '../outside-error.ts';
import type { FolderNames } from './folder-names.ts';
import { findFolderAt } from './history.ts';
import { runGit } from './run-git.ts';

const maxTreeBytes = 200_000_000;
/** The target of a link is a blob, which may be of any length. */
const shownTarget = 200;

/** A source tree as it goes into the sandbox, and what is not in it though people may expect it. */
export interface SourceTree {
  readonly tar: Buffer;
  /** For people; empty when the tree is whole. */
  readonly notes: readonly string[];
}

/** The service's tree at a commit, wherever its folder was then. Throws `Git.NotThere` where the folder did not exist. */
export async function archiveAt(
  source: string,
  folder: string,
  id: string,
  names: FolderNames,
  timeoutMs: number,
): Promise<SourceTree> {
  const inside = await findFolderAt(folder, id, names, timeoutMs);
  if (inside !== undefined) return archiveTree({ folder, id, inside, timeoutMs });
  throw new OutsideError(
    `The folder ${source} did not exist at ${id}, nor one that it was renamed from, so there is nothing to run.`,
    { system: 'Git', kind: 'NotThere', retryable: false },
  );
}

interface TreePlace {
  readonly folder: string;
  readonly id: string;
  /** The service's folder in the repository at this commit, with `/` at the end; `''` for the whole tree. */
  readonly inside: string;
  readonly timeoutMs: number;
}

/**
 * A plain tar of the tree at a commit, the same bytes each time: files as committed, sorted, no owners, the epoch as time.
 * `git archive` is not used: it obeys `export-ignore` (which often leaves the tests out), `export-subst` and filters.
 * What Git does not hold (submodules, the content behind Git LFS pointers) is not in it, and is named; so are links that lead out.
 */
async function archiveTree(place: TreePlace): Promise<SourceTree> {
  const { entries, submodules, renamed } = await listTree(place);
  const contents = await readBlobs(place.folder, entries, place.timeoutMs);
  const tar = pack();
  const pointers: string[] = [];
  const leaving: string[] = [];
  entries.forEach((entry, index) => {
    const content = contents[index] ?? Buffer.alloc(0);
    const header = { name: entry.path, mtime: new Date(0), mode: entry.mode === '100755' ? 0o755 : 0o644 };
    if (isLfsPointer(content)) pointers.push(entry.path);
    if (entry.mode === '120000') {
      const linkname = content.toString('utf8');
      if (leadsOut(entry.path, linkname)) leaving.push(`${entry.path} to ${linkname.slice(0, shownTarget)}`);
      tar.entry({ ...header, type: 'symlink', linkname });
    } else tar.entry(header, content);
  });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  const notes = [
    ...name(submodules, 'submodule', 'is left out, since the repository does not hold its files'),
    ...name(pointers, 'file', 'is a Git LFS pointer without its content'),
    ...name(leaving, 'link', 'leads out of the source, so in the sandbox it may lead nowhere'),
    ...name(renamed, 'file', 'has a name that is not UTF-8, and is packed under the nearest one that is'),
  ];
  return { tar: Buffer.concat(chunks), notes };
}

/** `2 submodules, vendor/a and …: each <what>`. */
function name(paths: readonly string[], noun: string, what: string): readonly string[] {
  if (paths.length === 0) return [];
  const shown = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ` and ${paths.length - 3} more` : '');
  return [paths.length === 1 ? `the ${noun} ${shown} ${what}` : `${paths.length} ${noun}s (${shown}): each ${what}`];
}

/** By the paths alone, as if every folder on the way were a plain one. */
function leadsOut(link: string, target: string): boolean {
  return posix.isAbsolute(target) || posix.join(posix.dirname(link), target).split('/')[0] === '..';
}

/** The specification of Git LFS: a pointer is below 1,024 bytes and begins with its version. */
function isLfsPointer(content: Buffer): boolean {
  return content.length < 1_024 && content.toString('latin1', 0, 43) === 'version https://git-lfs.github.com/spec/v1\n';
}

interface TreeEntry {
  readonly mode: string;
  readonly blob: string;
  readonly path: string;
}

interface Tree {
  readonly entries: readonly TreeEntry[];
  readonly submodules: readonly string[];
  /** Paths with bytes that are not UTF-8, as they are packed. */
  readonly renamed: readonly string[];
}

async function listTree({ folder, id, inside, timeoutMs }: TreePlace): Promise<Tree> {
  const args = ['ls-tree', '-r', '-z', '-l', '--full-tree', `${id}:${inside.replace(/\/$/, '')}`];
  const { output } = await runGit({ folder, args, timeoutMs });
  let bytes = 0;
  const entries: TreeEntry[] = [];
  const submodules: string[] = [];
  const renamed: string[] = [];
  for (const record of splitAtNul(output)) {
    const line = record.toString('utf8');
    const [, mode = '', type, blob = '', size, file = ''] =
      /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
    if (type === 'commit') submodules.push(file);
    if (type !== 'blob' || file.split('/').some((part) => part === '..' || part === '.git' || part === '')) continue;
    if (!Buffer.from(line).equals(record)) renamed.push(file);
    bytes += Number(size);
    entries.push({ mode, blob, path: file });
  }
  if (bytes > maxTreeBytes) {
    throw new OutsideError(
      `The source at ${id} in ${folder} holds ${Math.round(bytes / 1e6)} MB; ${maxTreeBytes / 1e6} MB is the most. Point \`source\` at the service's own folder.`,
      { system: 'Git', kind: 'TooLarge', retryable: false },
    );
  }
  return { entries, submodules, renamed };
}

function splitAtNul(output: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < output.length;) {
    const end = output.indexOf(0, from);
    parts.push(output.subarray(from, end === -1 ? output.length : end));
    from = end === -1 ? output.length : end + 1;
  }
  return parts;
}

/** `git cat-file --batch` answers `<sha> blob <size>\n<bytes>\n` for each, in order. */
async function readBlobs(folder: string, entries: readonly TreeEntry[], timeoutMs: number): Promise<readonly Buffer[]> {
  if (entries.length === 0) return [];
  const { output } = await runGit({
    folder,
    args: ['cat-file', '--batch'],
    input: entries.map(({ blob }) => `${blob}\n`).join(''),
    timeoutMs,
    maxBytes: maxTreeBytes + entries.length * 100,
  });
  let at = 0;
  return entries.map(({ path }) => {
    const end = output.indexOf(10, at);
    const size = Number(/^[0-9a-f]+ blob (\d+)$/.exec(output.toString('latin1', at, end))?.[1] ?? NaN);
    if (end === -1 || Number.isNaN(size)) {
      throw new OutsideError(
        `git cat-file in ${folder} did not answer for ${path}: is the clone partial? Fetch it in full.`,
        {
          system: 'Git',
          kind: 'Failed',
          retryable: false,
        },
      );
    }
    at = end + 1 + size + 1;
    return output.subarray(end + 1, end + 1 + size);
  });
}
