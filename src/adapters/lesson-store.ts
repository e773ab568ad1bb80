import { randomUUID } from 'node:crypto';
import { access, mkdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import type { Lesson } from '../domain/evidence/lesson.ts';
import { renderLesson } from '../domain/evidence/lessons.ts';
import { writeDurably } from './answer-journal.ts';
import { OutsideError } from './outside-error.ts';
import { parseLesson } from './parse-lesson.ts';

export interface LessonStore {
  /** Where lessons lie, for people. */
  readonly source: string;
  /** Lessons at HEAD, and what is wrong with the files that are none. A repository that is not there yet has no lessons. */
  read(): Promise<{ readonly lessons: readonly Lesson[]; readonly faults: readonly string[] }>;
  /** Commits the lesson unless HEAD holds it already. Returns its path in the repository. */
  keep(lesson: Lesson): Promise<{ readonly path: string; readonly isNew: boolean }>;
}

export interface LessonStoreOptions {
  /** A Git work tree; made when missing. */
  readonly repository: string;
  /** PATH and the like. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Files that belong to people in such a repository. */
const notLessons = /^(?:readme|contributing|license|changelog|code_of_conduct|security)\.md$/iu;
const maxFiles = 2_000;
const gitTimeoutMs = 30_000;
const identity = { name: 'Resident', email: 'resident@localhost' };

/** Neither hooks, nor signing, nor transports, nor configuration of the machine take part. */
const guards = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.pager=cat',
  'commit.gpgSign=false',
  'protocol.allow=never',
  'gc.auto=0',
  'maintenance.auto=false',
  'safe.directory=*',
].flatMap((setting) => ['-c', setting]);

/**
 * Lessons in a Git repository that the users own. A commit is made aside, with an index of its own, and HEAD moves in one
 * compare-and-swap: whatever dies in between, HEAD holds the lesson once or not at all, and the users' staged work is not taken along.
 */
export function createLessonStore(options: LessonStoreOptions): LessonStore {
  const { repository } = options;
  const git: Git = (args, extra = {}) => runGit(options, args, extra);
  return {
    source: `git ${repository}`,
    async read() {
      if (!(await isRepository(repository, git))) return { lessons: [], faults: [] };
      const head = await findHead(git);
      return head === undefined ? { lessons: [], faults: [] } : readLessons(git, head);
    },
    async keep(lesson) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await keepOnce(git, repository, lesson);
        } catch (error) {
          // Two incidents may close at once: one moves HEAD, the other begins again from there.
          const isLocked = error instanceof OutsideError && error.trouble.kind === 'Locked';
          if (!isLocked || attempt >= maxTries) throw error;
          await pause(50 * attempt);
        }
      }
    },
  };
}

const maxTries = 8;

async function keepOnce(git: Git, repository: string, lesson: Lesson) {
  await ensureRepository(repository, git);
  const file = `${lesson.id}.md`;
  if (!/^[A-Za-z0-9._-]+\.md$/u.test(file)) throw new TypeError(`"${lesson.id}" is no name for a lesson.`);
  const head = await findHead(git);
  const isKept = head !== undefined && (await git(['ls-tree', '--name-only', head, '--', file])).trim() === file;
  if (!isKept) await commitFile(git, repository, head, file, lesson);
  await refreshWorkTree(git, repository, file);
  return { path: file, isNew: !isKept };
}

type Git = (args: readonly string[], extra?: GitExtra) => Promise<string>;

interface GitExtra {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** One character a byte (latin1), for output that counts bytes. */
  readonly isBytes?: boolean;
}

async function commitFile(git: Git, repository: string, head: string | undefined, file: string, lesson: Lesson) {
  const gitFolder = path.resolve(repository, (await git(['rev-parse', '--git-dir'])).trim());
  const index = path.join(gitFolder, `resident-index-${randomUUID()}`);
  const date = Number.isNaN(Date.parse(lesson.closedAt)) ? '1970-01-01T00:00:00Z' : lesson.closedAt;
  const env = { GIT_INDEX_FILE: index, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  try {
    const blob = (await git(['hash-object', '-w', '--stdin'], { input: renderLesson(lesson) })).trim();
    if (head !== undefined) await git(['read-tree', head], { env });
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`], { env });
    const tree = (await git(['write-tree'], { env })).trim();
    const message = `Learn from ${lesson.alertName || 'an incident'} on ${lesson.alertService}: ${lesson.outcome}\n\nResident-Run: ${lesson.runId}\n`;
    const parents = head === undefined ? [] : ['-p', head];
    const commit = (await git(['commit-tree', tree, ...parents, '-F', '-'], { input: message, env })).trim();
    await git(['update-ref', '-m', 'Resident: lesson', 'HEAD', commit, head ?? '0'.repeat(commit.length)]);
  } finally {
    await rm(index, { force: true });
    await rm(`${index}.lock`, { force: true });
  }
}

/** HEAD has the file; index and folder follow where they lack it. What people changed there stays theirs. */
async function refreshWorkTree(git: Git, repository: string, file: string): Promise<void> {
  if ((await git(['rev-parse', '--is-bare-repository'])).trim() === 'true') return;
  const staged = (await git(['ls-files', '--', file])).trim();
  const target = path.join(repository, file);
  if (staged === '') {
    const blob = (await git(['rev-parse', `HEAD:${file}`])).trim();
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`]);
  }
  if (!(await exists(target))) await writeDurably(target, await git(['show', `HEAD:${file}`]), 0o644);
}

async function readLessons(git: Git, head: string) {
  const names = (await git(['ls-tree', '-r', '-z', '--name-only', head])).split('\0');
  const files = names.filter(
    (name) => name.endsWith('.md') && !name.includes('\n') && !notLessons.test(path.basename(name)),
  );
  const kept = files.slice(-maxFiles);
  const faults = files.length > kept.length ? [`only the last ${maxFiles} of ${files.length} files were read`] : [];
  if (kept.length === 0) return { lessons: [], faults };
  const lessons: Lesson[] = [];
  const input = kept.map((name) => `${head}:${name}\n`).join('');
  const bodies = splitBatch(await git(['cat-file', '--batch'], { input, isBytes: true }));
  for (const [index, name] of kept.entries()) {
    const parsed = parseLesson(name.replace(/\.md$/u, ''), bodies[index] ?? '');
    if ('lesson' in parsed) lessons.push(parsed.lesson);
    else faults.push(`${name}: ${parsed.fault}`);
  }
  return { lessons, faults };
}

/** Output of `git cat-file --batch`, here decoded as latin1 so that sizes in bytes hold. */
function splitBatch(output: string): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < output.length;) {
    const end = output.indexOf('\n', at);
    if (end < 0) break;
    const size = Number(/ blob (\d+)$/u.exec(output.slice(at, end))?.[1] ?? Number.NaN);
    at = end + 1;
    if (Number.isNaN(size)) {
      bodies.push('');
      continue;
    }
    bodies.push(Buffer.from(output.slice(at, at + size), 'latin1').toString('utf8'));
    at += size + 1;
  }
  return bodies;
}

/** Undefined on a branch that has no commit yet. */
async function findHead(git: Git): Promise<string | undefined> {
  const listed = (await git(['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'])).trim();
  return listed === '' ? undefined : listed;
}

async function isRepository(repository: string, git: Git): Promise<boolean> {
  if (!(await exists(repository))) return false;
  try {
    await git(['rev-parse', '--git-dir']);
    return true;
  } catch (error) {
    if (error instanceof OutsideError && error.trouble.kind === 'NotARepository') return false;
    throw error;
  }
}

async function ensureRepository(repository: string, git: Git): Promise<void> {
  if (await isRepository(repository, git)) return;
  await mkdir(repository, { recursive: true });
  await git(['init', '--quiet', '--template=', '--initial-branch=main']);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function runGit(
  { repository, environment }: LessonStoreOptions,
  args: readonly string[],
  extra: GitExtra,
): Promise<string> {
  const resolved = await realpath(repository).catch(() => repository);
  const result = await execa('git', [...guards, ...args], {
    cwd: resolved,
    env: {
      ...environment,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      // The folder may lie inside the users' own repository: that one is not asked.
      GIT_CEILING_DIRECTORIES: path.dirname(resolved),
      GIT_AUTHOR_NAME: identity.name,
      GIT_AUTHOR_EMAIL: identity.email,
      GIT_COMMITTER_NAME: identity.name,
      GIT_COMMITTER_EMAIL: identity.email,
      LC_ALL: 'C',
      ...extra.env,
    },
    extendEnv: false,
    encoding: extra.isBytes ? 'latin1' : 'utf8',
    stripFinalNewline: false,
    input: extra.input ?? '',
    timeout: gitTimeoutMs,
    maxBuffer: 100_000_000,
    reject: false,
  });
  // `rev-parse --verify --quiet` answers "there is none" with exit code 1 and silence.
  const isSilentNo = result.exitCode === 1 && args.includes('--quiet') && result.stderr === '';
  if (!result.failed || isSilentNo) return result.stdout;
  throw tellFailure(repository, args, result.code, result.stderr || (result.shortMessage ?? ''));
}

function tellFailure(
  repository: string,
  args: readonly string[],
  code: string | undefined,
  said: string,
): OutsideError {
  const about = `git ${args.slice(0, 3).join(' ')} in the lessons repository ${repository} failed: ${said.trim().slice(0, 400)}`;
  const trouble = (kind: string, retryable: boolean, advice: string) =>
    new OutsideError(`${about}. ${advice}`, { system: 'Lessons', kind, retryable });
  if (code === 'ENOENT') return trouble('GitMissing', false, 'Install Git, or put it on the PATH.');
  if (/not a git repository/u.test(said))
    return trouble('NotARepository', false, 'Make it one, or name another folder.');
  if (/\.lock': File exists|cannot lock ref|but expected/u.test(said)) {
    return trouble('Locked', true, 'Another Git is at work there. If none is, remove the lock file that it names.');
  }
  return trouble('Failed', true, 'See what `git status` says there.');
}
