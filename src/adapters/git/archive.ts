import { pack } from 'tar-stream';
import { OutsideError } from '../outside-error.ts';
import { runGit } from './run-git.ts';

const maxTreeBytes = 200_000_000;

/**
 * A plain tar of the tree at a commit, the same bytes each time: files as committed, sorted, no owners, the epoch as time.
 * `git archive` is not used: it obeys `export-ignore` (which often leaves the tests out), `export-subst` and filters.
 * Submodules are left out; Git does not hold their files.
 */
export async function archiveTree(folder: string, id: string, timeoutMs: number): Promise<Buffer> {
  const entries = await listTree(folder, id, timeoutMs);
  const contents = await readBlobs(folder, entries, timeoutMs);
  const tar = pack();
  entries.forEach((entry, index) => {
    const content = contents[index] ?? Buffer.alloc(0);
    const header = { name: entry.path, mtime: new Date(0), mode: entry.mode === '100755' ? 0o755 : 0o644 };
    if (entry.mode === '120000') tar.entry({ ...header, type: 'symlink', linkname: content.toString('utf8') });
    else tar.entry(header, content);
  });
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface TreeEntry {
  readonly mode: string;
  readonly blob: string;
  readonly path: string;
}

async function listTree(folder: string, id: string, timeoutMs: number): Promise<readonly TreeEntry[]> {
  const { output } = await runGit({ folder, args: ['ls-tree', '-r', '-z', '-l', id], timeoutMs });
  let bytes = 0;
  const entries: TreeEntry[] = [];
  for (const line of output.toString('utf8').split('\0')) {
    const [, mode = '', type, blob = '', size, file = ''] =
      /^(\d+) (\w+) ([0-9a-f]+) +(\S+)\t([\s\S]*)$/.exec(line) ?? [];
    if (type !== 'blob' || file.split('/').some((part) => part === '..' || part === '.git' || part === '')) continue;
    bytes += Number(size);
    entries.push({ mode, blob, path: file });
  }
  if (bytes > maxTreeBytes) {
    throw new OutsideError(
      `The source at ${id} in ${folder} holds ${Math.round(bytes / 1e6)} MB; ${maxTreeBytes / 1e6} MB is the most. Point \`source\` at the service's own folder.`,
      { system: 'Git', kind: 'TooLarge', retryable: false },
    );
  }
  return entries;
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
