import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { endWithUs } from './end-with-us.ts';
import { hasCode } from './errors.ts';
import {
  commandLineOf,
  identityOf,
  isAlive,
  isSameProcess,
  signalGroup,
  type ProcessIdentity,
} from './process-identity.ts';
import { waitUntil } from './wait-until.ts';

export interface ServerOptions {
  /** What people call it, for messages. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  readonly pidFile: string;
  /** An argument that only this very server has (its data folder): how a leftover is told from a stranger with its pid. */
  readonly mark: string;
  readonly isReady: () => Promise<boolean>;
  readonly readyLimitMs?: number;
  readonly stopLimitMs?: number;
  /** What it gets when this process exits without stopping it. SIGKILL, unless it has children of its own to end. */
  readonly signalAtExit?: NodeJS.Signals;
}

export interface StartedServer {
  readonly pid: number;
  /** Settles when the process has ended, for whatever reason. */
  readonly exited: Promise<string>;
  /** Ends it and its whole group: SIGTERM, and SIGKILL after the limit. Can be called again. */
  readonly stop: () => Promise<void>;
}

interface PidNote extends ProcessIdentity {
  readonly owner: ProcessIdentity;
}

/**
 * Starts a server in its own process group and waits until it is ready. It ends with this process; when this process is
 * killed outright, the next start with the same pid file ends what was left.
 * @throws Error when it ends or is not ready in time (with the end of its log), or when another living process owns it.
 */
export async function startServer(options: ServerOptions): Promise<StartedServer> {
  await endLeftover(options);
  const server = await launch(options);
  let ended: string | undefined;
  void server.exited.then((how) => (ended = how));
  const limitMs = options.readyLimitMs ?? 30_000;
  const isUp = await waitUntil(async () => ended !== undefined || (await options.isReady()), { limitMs });
  // An answer may come from a stranger on the same port while ours has died of it.
  if (isUp && ended === undefined) return server;
  const what = ended ? `ended at once (${ended})` : `was not ready after ${limitMs / 1000} s`;
  await server.stop();
  throw new Error(`${options.title} ${what}. The end of ${options.logFile}:\n${await tailOf(options.logFile)}`);
}

async function launch(options: ServerOptions): Promise<StartedServer> {
  await mkdir(path.dirname(options.logFile), { recursive: true });
  await mkdir(path.dirname(options.pidFile), { recursive: true });
  const log = openSync(options.logFile, 'a');
  const child = spawn(options.command, options.args, {
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.title} cannot be started: ${await exited}`);
  await writeNote(options.pidFile, { ...identityOf(pid), owner: identityOf(process.pid) });
  const stop = async () => {
    await endGroup(pid, options.stopLimitMs ?? 10_000);
    untie();
    await rm(options.pidFile, { force: true });
  };
  const untie = endWithUs({ stop, endNow: () => signalGroup(pid, options.signalAtExit ?? 'SIGKILL') });
  // A group outlives its first process: what it left is ended when that dies by itself.
  void exited.then(() => {
    signalGroup(pid, 'SIGKILL');
    untie();
  });
  return { pid, exited, stop };
}

/**
 * Ends what an earlier run left behind when it was killed.
 * @throws Error when the run that started it still lives: two runs must not share a server's data.
 */
export async function endLeftover({
  title,
  pidFile,
  mark,
  stopLimitMs,
}: Pick<ServerOptions, 'title' | 'pidFile' | 'mark' | 'stopLimitMs'>): Promise<void> {
  const note = await readNote(pidFile);
  if (!note) return;
  if (isSameProcess(note) && commandLineOf(note.pid).includes(mark)) {
    if (note.owner.pid !== process.pid && isSameProcess(note.owner)) {
      throw new Error(
        `${title} with ${mark} already runs (process ${note.pid}, started by process ${note.owner.pid}). End that one first.`,
      );
    }
    await endGroup(note.pid, stopLimitMs ?? 10_000);
  }
  await rm(pidFile, { force: true });
}

/** SIGTERM to the group, and SIGKILL when its first process has not ended within the limit. */
export async function endGroup(pid: number, limitMs: number): Promise<void> {
  if (isAlive(pid)) signalGroup(pid, 'SIGTERM');
  const isGone = () => !isAlive(pid);
  if (!(await waitUntil(isGone, { limitMs, everyMs: 20 }))) signalGroup(pid, 'SIGKILL');
  await waitUntil(isGone, { limitMs: 5_000, everyMs: 20 });
}

async function writeNote(file: string, note: PidNote): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(note)}\n`);
  await rename(`${file}.new`, file);
}

async function readNote(file: string): Promise<PidNote | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as PidNote;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function tailOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  return text.trimEnd().split('\n').slice(-12).join('\n');
}
