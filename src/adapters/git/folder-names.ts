import { isRemote, type Locate } from './locate.ts';
import { runGit } from './run-git.ts';

/** A folder is not followed through more moves than this. */
const maxMoves = 5;

export interface FolderNames {
  /** Path of the service's folder in its repository, with `/` at the end; the present one first, then what it was called before. */
  readonly names: readonly string[];
}

const maxNamesKept = 200;

/** Moves are searched over the whole history, and asked for with each revision that is packed; so they are kept for each HEAD. */
export function createNameFolder(locate: Locate, timeoutMs: number): (source: string) => Promise<FolderNames> {
  const kept = new Map<string, Promise<FolderNames>>();
  return async (source) => {
    if (isRemote(source)) return { names: [''] };
    const folder = await locate(source);
    const { output } = await runGit({ folder, args: ['rev-parse', 'HEAD'], timeoutMs });
    const key = `${output.toString('utf8').trim()} ${source}`;
    const known = kept.get(key) ?? findFolderNames(folder, timeoutMs);
    if (kept.size >= maxNamesKept) kept.clear();
    kept.set(key, known);
    known.catch(() => kept.delete(key));
    return known;
  };
}

/**
 * What a service's folder inside a larger repository was called over time. Git keeps no folders, so the commit in which the
 * folder came to be is read for files that moved into it, and the folder that most of them came from is its former name.
 */
async function findFolderNames(folder: string, timeoutMs: number): Promise<FolderNames> {
  const read = async (args: readonly string[]) => (await runGit({ folder, args, timeoutMs })).output.toString('utf8');
  const present = (await read(['rev-parse', '--show-prefix'])).trim();
  const names = [present];
  let at = 'HEAD';
  for (let moves = 0; moves < maxMoves && names.at(-1) !== ''; moves += 1) {
    const name = names.at(-1) ?? '';
    const touched = await read(['rev-list', '--first-parent', at, '--', `:(top,literal)${name}`]);
    const born = touched.trim().split('\n').at(-1) ?? '';
    const [, parent] = (await read(['rev-list', '--parents', '--max-count=1', born || at])).trim().split(' ');
    if (!born || !parent) break;
    const diff = ['diff-tree', '-r', '-z', '-l5000', '--find-renames', '--diff-filter=R', '--name-status'];
    const former = findFormer(name, await read([...diff, '--no-commit-id', parent, born]));
    if (former === undefined || names.includes(former)) break;
    names.push(former);
    at = parent;
  }
  return { names };
}

/** Entries are `R<score> NUL old NUL new NUL`. */
function findFormer(name: string, output: string): string | undefined {
  const fields = output.split('\0');
  const counts = new Map<string, number>();
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [old = '', now = ''] = [fields[at + 1], fields[at + 2]];
    if (!now.startsWith(name) || old.startsWith(name)) continue;
    const rest = now.slice(name.length);
    if (!`/${old}`.endsWith(`/${rest}`)) continue;
    const former = old.slice(0, old.length - rest.length);
    counts.set(former, (counts.get(former) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** Limits a command to the folder under all its names; nothing for a repository of its own. */
export function toPathspecs({ names }: FolderNames): readonly string[] {
  if (names.includes('')) return [];
  return ['--', ...names.map((name) => `:(top,literal)${name}`)];
}
