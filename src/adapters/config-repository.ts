import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OutsideError } from './outside-error.ts';

export interface RevertRequest {
  readonly repository: string;
  /** Full or abbreviated SHA of the commit to revert. */
  readonly commit: string;
  /** Goes into the trailer `Resident-Action`, by which the revert is found again. */
  readonly actionId: string;
  /** First line of the message. */
  readonly subject: string;
}

export interface ConfigRepository {
  /** SHA of the head. */
  readHead(repository: string): Promise<string>;
  /** True when the commit is in the history of the head. */
  holdsCommit(repository: string, commit: string): Promise<boolean>;
  /** The commit that an action made, or undefined. */
  findByAction(repository: string, actionId: string): Promise<string | undefined>;
  /**
   * Adds one commit that reverts another one. Idempotent by action id, safe to call from several processes at once, and never
   * leaves a half-made merge behind: the commit is made aside, and the branch moves in one step (compare and swap).
   */
  revert(request: RevertRequest): Promise<{ readonly commit: string; readonly isNew: boolean }>;
}

const trailer = 'Resident-Action';
const gitTimeoutMs = 60_000;

/**
 * Config and hooks of the machine and of the repository must not run code or change results here.
 * `safe.directory` stands in for the user's own configuration, which is not read.
 */
const guards = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['commit.gpgSign', 'false'],
  ['protocol.allow', 'never'],
  ['core.pager', 'cat'],
  ['gc.auto', '0'],
] as const;

/** @param environment PATH and the like; nothing of Git's own is taken from it. */
export function createConfigRepository(environment: Readonly<Record<string, string>>): ConfigRepository {
  const run = (repository: string, args: readonly string[], extra: RunOptions = {}) =>
    runGit(repository, args, environment, extra);

  const findByAction = async (repository: string, actionId: string): Promise<string | undefined> => {
    const format = `--format=%H%x09%(trailers:key=${trailer},valueonly,separator=%x09)`;
    const found = await run(repository, [
      'log',
      '--fixed-strings',
      `--grep=${trailer}: ${actionId}`,
      '-n',
      '50',
      format,
    ]);
    const rows = found.split('\n').map((row) => row.split('\t'));
    return rows.find(([, ...ids]) => ids.includes(actionId))?.[0];
  };

  return {
    readHead: async (repository) => (await run(repository, ['rev-parse', 'HEAD'])).trim(),
    holdsCommit: (repository, commit) => holdsCommit(run, repository, commit),
    findByAction,
    async revert(request) {
      const { repository, actionId } = request;
      const before = await findByAction(repository, actionId);
      try {
        const commit = before ?? (await commitRevert(run, request));
        await updateWorkTree(run, repository, commit);
        return { commit, isNew: before === undefined };
      } catch (error) {
        // Another process at the same action moved the branch meanwhile; its commit is this one's.
        const other = before ?? (await findByAction(repository, actionId));
        if (before !== undefined || other === undefined) throw error;
        await updateWorkTree(run, repository, other);
        return { commit: other, isNew: false };
      }
    },
  };
}

async function commitRevert(run: Run, request: RevertRequest): Promise<string> {
  const { repository, actionId } = request;
  await refuseLocalChanges(run, repository);
  const head = (await run(repository, ['rev-parse', 'HEAD'])).trim();
  const commit = await makeRevert(run, request, head);
  await run(repository, ['update-ref', '-m', `resident: ${actionId}`, 'HEAD', commit, head]);
  return commit;
}

interface RunOptions {
  readonly input?: string;
  readonly indexFile?: string;
}

type Run = (repository: string, args: readonly string[], extra?: RunOptions) => Promise<string>;

async function holdsCommit(run: Run, repository: string, commit: string): Promise<boolean> {
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return false;
  try {
    await run(repository, ['cat-file', '-e', `${commit}^{commit}`]);
    await run(repository, ['merge-base', '--is-ancestor', commit, 'HEAD']);
    return true;
  } catch (error) {
    // Both commands answer "no" with exit codes 1 and 128; only a Git that cannot run at all is trouble.
    if (error instanceof OutsideError && error.trouble.kind === 'Refused') return false;
    throw error;
  }
}

/** Applies the commit's diff backwards in an index of its own, and makes a commit of the result. The branch does not move yet. */
async function makeRevert(run: Run, request: RevertRequest, head: string): Promise<string> {
  const { repository, commit, actionId, subject } = request;
  const folder = await mkdtemp(join(tmpdir(), 'resident-revert-'));
  const indexFile = join(folder, 'index');
  try {
    const plumbing = ['--no-ext-diff', '--no-textconv', '--binary', '--full-index'];
    const hasParent = (await run(repository, ['rev-list', '--parents', '-n', '1', commit])).trim().includes(' ');
    const range = hasParent ? [`${commit}^1`, commit] : ['--root', '--no-commit-id', commit];
    const patch = await run(repository, ['diff-tree', '-r', '-p', ...plumbing, ...range]);
    await run(repository, ['read-tree', head], { indexFile });
    if (patch.trim() !== '') {
      await run(repository, ['apply', '--cached', '--reverse', '--3way', '-'], { indexFile, input: patch });
    }
    const tree = (await run(repository, ['write-tree'], { indexFile })).trim();
    const message = `${subject}\n\nThis reverts commit ${commit}.\n\n${trailer}: ${actionId}\n`;
    return (await run(repository, ['commit-tree', tree, '-p', head, '-F', '-'], { input: message })).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function refuseLocalChanges(run: Run, repository: string): Promise<void> {
  if (await isBare(run, repository)) return;
  const changes = (await run(repository, ['status', '--porcelain', '--untracked-files=no'])).trim();
  if (changes === '') return;
  throw new OutsideError(
    `The configuration repository ${repository} has uncommitted changes, which a revert could overwrite: ${changes.slice(0, 300)}. Commit or discard them, then try again.`,
    { system: 'Config', kind: 'LocalChanges', retryable: false },
  );
}

/** Brings the files to the commit if it is still the head; after a crash in between this is what was left to do. */
async function updateWorkTree(run: Run, repository: string, commit: string): Promise<void> {
  if (await isBare(run, repository)) return;
  const head = (await run(repository, ['rev-parse', 'HEAD'])).trim();
  if (head !== commit) return;
  await run(repository, ['update-index', '-q', '--refresh']).catch(() => undefined);
  await run(repository, ['read-tree', '-m', '-u', `${commit}^1`, commit]);
}

async function isBare(run: Run, repository: string): Promise<boolean> {
  return (await run(repository, ['rev-parse', '--is-bare-repository'])).trim() === 'true';
}

function runGit(
  repository: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { input, indexFile }: RunOptions,
): Promise<string> {
  const settings = [...guards, ['safe.directory', repository] as const].flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const env = {
    ...environment,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_AUTHOR_NAME: 'Resident',
    GIT_AUTHOR_EMAIL: 'resident@localhost',
    GIT_COMMITTER_NAME: 'Resident',
    GIT_COMMITTER_EMAIL: 'resident@localhost',
    ...(indexFile ? { GIT_INDEX_FILE: indexFile } : {}),
  };
  return new Promise((resolve, reject) => {
    const options = { env, timeout: gitTimeoutMs, maxBuffer: 50_000_000 };
    const child = execFile('git', ['-C', repository, ...settings, ...args], options, (error, stdout, stderr) => {
      if (error) reject(tellGitFailure(repository, args, error, stderr));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input ?? '');
  });
}

function tellGitFailure(
  repository: string,
  args: readonly string[],
  error: { readonly code?: string | number | null; readonly message: string },
  stderr: string,
): OutsideError {
  const message = `git ${args.join(' ')} in ${repository} failed: ${stderr.trim().slice(0, 500) || error.message}`;
  // A lock is held by another Git for a moment, or left by one that died; trying again is right for the first.
  const isLocked = /\.lock'?: File exists|cannot lock ref/.test(stderr);
  const isRefused = typeof error.code === 'number' && !isLocked;
  return new OutsideError(isLocked ? `${message} If no other Git is at work there, remove the lock file.` : message, {
    system: 'Config',
    kind: isRefused ? 'Refused' : isLocked ? 'Locked' : 'GitFailed',
    retryable: !isRefused,
  });
}
