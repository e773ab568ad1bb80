import { OutsideError } from '../outside-error.ts';
import { toPathspecs, type FolderNames } from './folder-names.ts';
import { runGit } from './run-git.ts';

/** A state of a service, and which states it came from. */
export interface State {
  readonly id: string;
  /** Indexes into the same list; empty only for the first. */
  readonly parents: readonly number[];
}

/** More states than this are not bisected. */
const maxStates = 20_000;

export interface HistoryQuestion {
  /** From before all that is in doubt: the first state. */
  readonly from: string;
  readonly to: string;
  /** These and what they stand on are left out. */
  readonly without?: readonly string[];
}

/**
 * The states that a service went through, older ones first, merged branches spelled out. In a folder of a larger repository these
 * are the commits that changed the folder, under whatever name. States at which the folder did not exist are left out.
 */
export async function listHistory(
  folder: string,
  { from, to, without = [] }: HistoryQuestion,
  names: FolderNames,
  timeoutMs: number,
): Promise<readonly State[]> {
  const paths = toPathspecs(names);
  // Parents are rewritten to the nearest listed ancestor; `--simplify-merges` drops merges that joined nothing of the folder.
  const simplify = paths.length > 0 ? ['--full-history', '--simplify-merges'] : [];
  const borders = [from, ...without].map((id) => `^${id}`);
  const args = ['rev-list', '--topo-order', '--parents', ...simplify, '--end-of-options', to, ...borders, ...paths];
  const { output } = await runGit({ folder, args, timeoutMs });
  const listed = output.toString('latin1').split('\n').filter(Boolean).toReversed();
  if (listed.length > maxStates) throw tooLong(folder, listed.length, from);
  const lines = [[from], ...listed.map((line) => line.split(' '))];
  const ids = lines.map(([id = '']) => id);
  const there = await keepThere(folder, ids, names, timeoutMs);
  const indexes = new Map(there.map((id, index) => [id, index]));
  return lines.flatMap(([id = '', ...parents]) => {
    const own = indexes.get(id);
    if (own === undefined) return [];
    // A parent that is not listed is older than the first state; for the search the first stands for it.
    const known = new Set(own === 0 ? [] : parents.map((parent) => indexes.get(parent) ?? 0));
    return [{ id, parents: own > 0 && known.size === 0 ? [0] : [...known] }];
  });
}

/** The path of the service's folder at a commit, `''` for the whole tree; nothing where the commit does not hold it. */
export async function findFolderAt(
  folder: string,
  id: string,
  { names }: FolderNames,
  timeoutMs: number,
): Promise<string | undefined> {
  if (names[0] === '') return '';
  const found = await lookUp(
    folder,
    names.map((name) => `${id}:${name}`),
    timeoutMs,
  );
  return names.find((_, index) => found[index]);
}

async function keepThere(
  folder: string,
  ids: readonly string[],
  { names }: FolderNames,
  timeoutMs: number,
): Promise<readonly string[]> {
  if (names.includes('')) return ids;
  const asked = ids.flatMap((id) => names.map((name) => `${id}:${name}`));
  const found = await lookUp(folder, asked, timeoutMs);
  return ids.filter((_, index) => names.some((__, which) => found[index * names.length + which]));
}

/** Which of these objects are trees. */
async function lookUp(folder: string, asked: readonly string[], timeoutMs: number): Promise<readonly boolean[]> {
  const { output } = await runGit({
    folder,
    args: ['cat-file', '--batch-check=%(objecttype)'],
    input: asked.map((name) => `${name.replace(/\/$/, '')}\n`).join(''),
    timeoutMs,
  });
  return output
    .toString('utf8')
    .split('\n')
    .map((line) => line === 'tree');
}

function tooLong(folder: string, count: number, from: string): OutsideError {
  return new OutsideError(
    `There are ${count} commits since ${from.slice(0, 12)} in ${folder}; ${maxStates} is the most to bisect. Narrow \`windows\`.`,
    { system: 'Git', kind: 'TooLarge', retryable: false },
  );
}
