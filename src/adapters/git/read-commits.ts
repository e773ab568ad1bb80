import type { FileChange } from '../../domain/evidence/evidence.ts';
import { cutDiffs } from './cut-diffs.ts';
import { runGit } from './run-git.ts';

/** A commit as Git tells it, before redaction. */
export interface Commit {
  readonly id: string;
  readonly author: string;
  /** When it was committed (not authored): the nearest to when it could first run. */
  readonly at: string;
  readonly subject: string;
  readonly body: string;
  readonly parents: readonly string[];
  readonly files: readonly FileChange[];
}

/** NUL cannot occur in a commit message, so a message cannot pose as another commit. */
const format = ['%H', '%P', '%an', '%cI', '%s', '%b'].join('%x00') + '%x00';
const fieldsPerCommit = 6;

/** The commits with these full SHAs, in the same order, without their diffs. */
export async function readCommits(
  folder: string,
  ids: readonly string[],
  timeoutMs: number,
): Promise<readonly Omit<Commit, 'files'>[]> {
  if (ids.length === 0) return [];
  const { output } = await runGit({
    folder,
    args: ['log', '--no-walk=unsorted', '--stdin', `--format=tformat:${format}`],
    input: ids.map((id) => `${id}\n`).join(''),
    timeoutMs,
  });
  const fields = output.toString('utf8').split('\0');
  return Array.from({ length: Math.floor(fields.length / fieldsPerCommit) }, (_, index) => {
    const [id = '', parents = '', author = '', at = '', subject = '', body = ''] = fields
      .slice(index * fieldsPerCommit, (index + 1) * fieldsPerCommit)
      .map((field) => field.trim());
    return { id, author, at: new Date(at).toISOString(), subject, body, parents: parents.split(' ').filter(Boolean) };
  });
}

/** More than this of one commit's diff is not even read. */
const maxDiffBytes = 2_000_000;

/**
 * What a commit changed, by file. Of a merge only what differs from all parents: what its own author wrote to join them.
 * In a folder inside a repository, only that folder.
 */
export async function readDiff(
  folder: string,
  id: string,
  paths: readonly string[],
  timeoutMs: number,
): Promise<readonly FileChange[]> {
  const { output, isCut } = await runGit({
    folder,
    args: [
      ...[
        'show',
        '--format=',
        '--patch',
        '--unified=3',
        '--no-color',
        '--no-ext-diff',
        '--no-textconv',
        '--find-renames',
      ],
      ...['--diff-merges=dense-combined', '--src-prefix=a/', '--dst-prefix=b/', '--end-of-options', id],
      ...paths,
    ],
    timeoutMs,
    maxBytes: maxDiffBytes,
  });
  return cutDiffs(output.toString('utf8'), isCut);
}

/** Paths by commit; of a merge only what differs from all parents. Limited to `paths`, pathspecs after `--`. */
export async function listChangedPaths(
  folder: string,
  ids: readonly string[],
  paths: readonly string[],
  timeoutMs: number,
): Promise<Readonly<Record<string, readonly string[]>>> {
  if (ids.length === 0) return {};
  const shape = ['--no-walk=unsorted', '--stdin', '--format=tformat:%x01%H', '--name-only', '-z', '--cc'];
  const { output } = await runGit({
    folder,
    args: ['log', ...shape, ...paths],
    input: ids.map((id) => `${id}\n`).join(''),
    timeoutMs,
  });
  const changed: Record<string, readonly string[]> = Object.fromEntries(ids.map((id) => [id, []]));
  for (const part of output.toString('utf8').split('\u0001').slice(1)) {
    const [id = '', ...names] = part.split('\0').map((name) => name.trim());
    changed[id] = names.filter(Boolean);
  }
  return changed;
}
