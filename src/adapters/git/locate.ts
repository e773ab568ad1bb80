import { createHash, randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { runGit } from './run-git.ts';

export interface LocateOptions {
  /** Mirrors of remote repositories are kept here. */
  readonly cacheFolder: string;
  readonly timeoutMs: number;
  /** A mirror younger than this is not fetched again. */
  readonly freshMs: number;
}

/** Where a source lies on this machine: a working copy, a folder inside one, or our mirror of a remote repository. */
export type Locate = (source: string) => Promise<string>;

/** True for what Git clones from: `https://…`, `ssh://…`, `file://…`, `git@host:path`. */
export function isRemote(source: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) || /^[\w.-]+@[\w.-]+:/.test(source);
}

/** Remote repositories are mirrored bare into the cache folder, once at a time in one process. */
export function createLocate(options: LocateOptions): Locate {
  const running = new Map<string, Promise<string>>();
  return async (source) => {
    if (!isRemote(source)) return source;
    const known = running.get(source);
    if (known) return known;
    const started = mirror(source, options).finally(() => running.delete(source));
    running.set(source, started);
    return started;
  };
}

async function mirror(source: string, { cacheFolder, timeoutMs, freshMs }: LocateOptions): Promise<string> {
  const folder = path.join(cacheFolder, `${createHash('sha256').update(source).digest('hex').slice(0, 24)}.git`);
  const fetchedAt = await lastFetch(folder);
  if (fetchedAt !== undefined) {
    if (Date.now() - fetchedAt > freshMs) {
      await runGit({ folder, args: ['fetch', '--quiet', '--prune', '--force', 'origin'], timeoutMs });
    }
    return folder;
  }
  await mkdir(cacheFolder, { recursive: true });
  const temporary = `${folder}.${randomUUID()}`;
  try {
    await runGit({ folder: cacheFolder, args: ['clone', '--quiet', '--mirror', '--', source, temporary], timeoutMs });
    // Another process may have made the same mirror in the meantime; its copy is as good.
    await rename(temporary, folder).catch(async (error: unknown) => {
      if ((await lastFetch(folder)) === undefined) throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
  return folder;
}

/** Git writes FETCH_HEAD on each fetch; a fresh clone has only HEAD. */
async function lastFetch(folder: string): Promise<number | undefined> {
  for (const name of ['FETCH_HEAD', 'HEAD']) {
    const found = await stat(path.join(folder, name)).catch(() => undefined);
    if (found) return found.mtimeMs;
  }
  return undefined;
}
