import type { SourceFile } from '../../domain/diagnosis/choose-source.ts';
import type { FileChange, TimeWindow } from '../../domain/evidence/evidence.ts';
import { archiveAt, type SourceTree } from './archive.ts';
import { createNameFolder, toPathspecs } from './folder-names.ts';
import { listHistory, type HistoryQuestion, type State } from './history.ts';
import { readLastTouched, type LastTouched } from './last-touched.ts';
import { createLocate, type Locate } from './locate.ts';
import { listChangedPaths, readCommits, readDiff, type Commit } from './read-commits.ts';
import {
  blameLines,
  listSourceFiles,
  readSourceFile,
  searchSource,
  type BlamedLine,
  type SourceLine,
  type TreeQuestion,
} from './read-source.ts';
import { runGit } from './run-git.ts';

export type { BlamedLine, Commit, HistoryQuestion, SourceLine, SourceTree, State };
export type CommitHead = Omit<Commit, 'files'>;

export interface GitOptions {
  readonly cacheFolder: string;
  /** Limit of one git command; clones get five times as long. */
  readonly timeoutMs?: number;
  /** A mirror of a remote repository younger than this is not fetched again. */
  readonly freshMs?: number;
}

/** Reads repositories and changes nothing in them. `source` is a path or a Git URL; every method throws `OutsideError` (`Git.…`). */
export interface Git {
  /** Full SHA of the commit that a revision (SHA, short SHA, tag, branch, `HEAD`) names. Throws `Git.Failed` for an unknown one. */
  resolve(source: string, revision: string): Promise<string>;
  /** SHAs that entered the main line (HEAD) in the window, merged branches spelled out, oldest first. */
  listWithin(source: string, window: TimeWindow): Promise<readonly string[]>;
  /** SHAs reachable from `to` and not from `from`, oldest first. */
  listBetween(source: string, from: string, to: string): Promise<readonly string[]>;
  /** The states that a service went through, `from` first, and what each came from. Takes full SHAs. */
  listHistory(source: string, question: HistoryQuestion): Promise<readonly State[]>;
  /** The commit that made the service what it is at this one: itself, or in a folder of a larger repository an earlier one. */
  findLastChange(source: string, id: string): Promise<string>;
  isAncestor(source: string, ancestor: string, of: string): Promise<boolean>;
  readCommits(source: string, ids: readonly string[]): Promise<readonly CommitHead[]>;
  readDiff(source: string, id: string): Promise<readonly FileChange[]>;
  /** Paths that each of these commits changed; of a merge, only what differs from all parents. */
  listChangedPaths(source: string, ids: readonly string[]): Promise<Readonly<Record<string, readonly string[]>>>;
  /** The commit that last touched a line of a file at a revision (full SHA); undefined where that cannot be told. */
  lastTouched(source: string, id: string, file: string, line: number): Promise<LastTouched | undefined>;
  /** Files of the service at a commit (full SHA), by path. */
  listFiles(source: string, id: string): Promise<readonly SourceFile[]>;
  /** Text of a file of the service at a commit (full SHA); undefined where there is none, or where it is no text. */
  readFile(source: string, id: string, path: string): Promise<string | undefined>;
  /** Lines of the service's files at a commit (full SHA) that contain a text, upper and lower case alike. */
  search(source: string, id: string, text: string): Promise<readonly SourceLine[]>;
  /** Who last touched each of these lines (from 1, both ends inclusive); undefined where there is no such file. */
  blame(source: string, id: string, path: string, from: number, to: number): Promise<readonly BlamedLine[] | undefined>;
  /** A deterministic plain tar of the source at a commit. Throws `Git.NotThere` where the service's folder did not exist. */
  archive(source: string, id: string): Promise<SourceTree>;
}

/** More commits than this are not listed from one range; the newest are kept. */
export const maxListed = 1_000;

/** Git through its command line: argv, never a shell; hooks, monitors, external diffs and prompts off. */
export function createGit({ cacheFolder, timeoutMs = 20_000, freshMs = 15_000 }: GitOptions): Git {
  const locate = createLocate({ cacheFolder, timeoutMs: timeoutMs * 5, freshMs });
  const nameFolder = createNameFolder(locate, timeoutMs);

  async function lines(source: string, args: readonly string[]): Promise<readonly string[]> {
    const { output } = await runGit({ folder: await locate(source), args, timeoutMs });
    return output
      .toString('utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  }

  async function resolve(source: string, revision: string): Promise<string> {
    const [id = ''] = await lines(source, ['rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`]);
    return id;
  }

  /** A service may live in a folder of a larger repository; then only that folder's commits are its own. */
  const pathsOf = async (source: string) => toPathspecs(await nameFolder(source));

  async function list(source: string, from: string | undefined, to: string, flags: readonly string[]) {
    const range = from === undefined ? [to] : [to, `^${from}`];
    const args = [
      'rev-list',
      ...flags,
      `--max-count=${maxListed}`,
      '--end-of-options',
      ...range,
      ...(await pathsOf(source)),
    ];
    return (await lines(source, args)).toReversed();
  }

  return {
    resolve,
    async listWithin(source, { from, to }) {
      const head = await resolve(source, 'HEAD');
      const during = await lines(source, [
        'rev-list',
        '--first-parent',
        `--since=${from}`,
        `--until=${to}`,
        `--max-count=${maxListed}`,
        head,
      ]);
      const [newest, oldest] = [during.at(0), during.at(-1)];
      if (!newest || !oldest) return [];
      const [first] = await readCommits(await locate(source), [oldest], timeoutMs);
      return list(source, first?.parents[0], newest, ['--topo-order']);
    },
    listBetween: async (source, from, to) =>
      list(source, await resolve(source, from), await resolve(source, to), ['--topo-order']),
    listHistory: async (source, question) =>
      listHistory(await locate(source), question, await nameFolder(source), timeoutMs),
    async findLastChange(source, id) {
      const paths = await pathsOf(source);
      if (paths.length === 0) return id;
      const [last] = await lines(source, ['rev-list', '--max-count=1', '--end-of-options', id, ...paths]);
      return last ?? id;
    },
    async isAncestor(source, ancestor, of) {
      const missing = await lines(source, ['rev-list', '--max-count=1', '--end-of-options', ancestor, `^${of}`]);
      return missing.length === 0;
    },
    ...createCommitReader(locate, nameFolder, timeoutMs),
    ...createTreeReader(locate, nameFolder, timeoutMs),
    archive: async (source, revision) =>
      archiveAt(source, await locate(source), await resolve(source, revision), await nameFolder(source), timeoutMs),
  };
}

type NameFolder = ReturnType<typeof createNameFolder>;

/** What commits say and change. */
function createCommitReader(
  locate: Locate,
  nameFolder: NameFolder,
  timeoutMs: number,
): Pick<Git, 'readCommits' | 'lastTouched' | 'readDiff' | 'listChangedPaths'> {
  const pathsOf = async (source: string) => toPathspecs(await nameFolder(source));
  return {
    readCommits: async (source, ids) => readCommits(await locate(source), ids, timeoutMs),
    lastTouched: async (source, id, file, line) =>
      readLastTouched(await locate(source), { id, file, line, ...(await nameFolder(source)), timeoutMs }),
    readDiff: async (source, id) => readDiff(await locate(source), id, await pathsOf(source), timeoutMs),
    listChangedPaths: async (source, ids) =>
      listChangedPaths(await locate(source), ids, await pathsOf(source), timeoutMs),
  };
}

/** What the tree of one commit holds. */
function createTreeReader(
  locate: Locate,
  nameFolder: NameFolder,
  timeoutMs: number,
): Pick<Git, 'listFiles' | 'readFile' | 'search' | 'blame'> {
  const treeOf = async (source: string, id: string): Promise<TreeQuestion> => {
    const [folder, names] = [await locate(source), await nameFolder(source)];
    return { folder, id, names, timeoutMs };
  };
  return {
    listFiles: async (source, id) => listSourceFiles(await treeOf(source, id)),
    readFile: async (source, id, path) => readSourceFile(await treeOf(source, id), path),
    search: async (source, id, text) => searchSource(await treeOf(source, id), text),
    blame: async (source, id, path, from, to) => blameLines(await treeOf(source, id), path, from, to),
  };
}
