import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from './errors.ts';
import { identityOf, isSameProcess, type ProcessIdentity } from './process-identity.ts';

export interface LockOptions {
  /** Told once, when another living process holds the lock. */
  readonly onWait?: (holder: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Runs `work` while this process holds the lock file; waits for another living holder, takes over from a dead one.
 * Between processes only: callers in one process keep themselves apart.
 */
export async function withLock<T>(file: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  let hasTold = false;
  for (let holder = await take(file); holder !== undefined; holder = await take(file)) {
    if (!hasTold) options.onWait?.(holder);
    hasTold = true;
    await sleep(100, undefined, { ...(options.signal && { signal: options.signal }) });
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** Undefined when the lock is ours now, else the living holder's pid. */
async function take(file: string): Promise<number | undefined> {
  // Linked into place whole, so that nobody ever reads a lock without its pid.
  const mine = `${file}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  await writeFile(mine, JSON.stringify(identityOf(process.pid)));
  try {
    await link(mine, file);
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  } finally {
    await rm(mine, { force: true });
  }
  const text = await readOr(file);
  const holder = text === undefined ? undefined : parse(text);
  if (holder && isSameProcess(holder)) return holder.pid;
  if (text !== undefined) await dropStale(file, text);
  return take(file);
}

/** Removes a dead holder's lock, but puts it back when somebody else has taken the lock in between. */
async function dropStale(file: string, stale: string): Promise<void> {
  const aside = `${file}.stale-${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    await rename(file, aside);
    if ((await readOr(aside)) !== stale) await link(aside, file);
  } catch (error) {
    if (!hasCode(error, 'ENOENT') && !hasCode(error, 'EEXIST')) throw error;
  }
  await rm(aside, { force: true });
}

function parse(text: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined; // A lock that nobody can read is nobody's.
  }
}

async function readOr(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
