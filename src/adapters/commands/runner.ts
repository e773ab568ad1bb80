import { execFile, spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, open, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ActionJournal } from '../action-journal.ts';
import { OutsideError } from '../outside-error.ts';
import {
  attemptFiles,
  readWhole,
  writeWhole,
  type Claim,
  type CommandExit,
  type CommandSpec,
} from './attempt-files.ts';
import { lookAtProcess, type ProcessIdentity } from './process-identity.ts';

/** `interrupted`: wrapper and command died without a result, as in a crash of the machine; only the world can tell how far it came. */
export type CommandEnd =
  | { readonly kind: 'ended'; readonly exit: CommandExit; readonly outputTail: string; readonly attempt: number }
  | { readonly kind: 'interrupted'; readonly attempt: number };

export interface CommandRunner {
  /** The newest attempt at an id that a command was started for; 0 when none was. */
  findAttempt(id: string): Promise<number>;
  /** Starts the attempt if nobody has, and waits for its end in any case. Safe to call from several processes at once. */
  runAttempt(spec: CommandSpec, attempt: number): Promise<CommandEnd>;
  /** Runs a command that only reads; it may run often. */
  read(argv: readonly string[], cwd: string, timeoutMs: number): Promise<{ exitCode: number; lastLine: string }>;
}

export interface CommandRunnerOptions {
  readonly journal: ActionJournal;
  /** The whole environment of the commands, for example PATH and HOME; never the worker's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly pollMs?: number;
}

const tailBytes = 4_000;
const wrapperFile = fileURLToPath(new URL('./run-once.ts', import.meta.url));
const tsxLoader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Runs configured commands: argv only, no shell, under a wrapper that survives the worker. */
export function createCommandRunner({ journal, environment, pollMs = 50 }: CommandRunnerOptions): CommandRunner {
  const folderOf = async (id: string, attempt: number) => join(await journal.open(id), `attempt-${attempt}`);

  return {
    async findAttempt(id) {
      const folder = await journal.open(id);
      const numbers = (await readdir(folder))
        .map((name) => Number(/^attempt-(\d+)$/.exec(name)?.[1] ?? 0))
        .filter((attempt) => attempt > 0 && readWhole(join(folder, `attempt-${attempt}`), attemptFiles.claim));
      return Math.max(0, ...numbers);
    },

    async runAttempt(spec, attempt) {
      const folder = await folderOf(spec.actionId, attempt);
      const hasClaim = () => readWhole(folder, attemptFiles.claim) !== undefined;
      let hasWrapperEnded = () => true;
      if (!hasClaim()) hasWrapperEnded = await startWrapper(folder, spec, environment);
      for (;;) {
        const wrapperEnded = hasWrapperEnded();
        const exit = readWhole<CommandExit>(folder, attemptFiles.exit);
        if (exit) return { kind: 'ended', exit, outputTail: await readTail(folder, attemptFiles.output), attempt };
        if (!hasClaim() && wrapperEnded) throw await tellWrapperFailure(folder, spec);
        if (hasClaim() && isOver(folder)) {
          // The result may have been written between the two looks.
          if (readWhole(folder, attemptFiles.exit)) continue;
          return { kind: 'interrupted', attempt };
        }
        await pause(pollMs);
      }
    },

    read: (argv, cwd, timeoutMs) => readState(argv, cwd, timeoutMs, environment),
  };
}

/** @returns a function that tells whether the wrapper has ended. */
async function startWrapper(
  folder: string,
  spec: CommandSpec,
  environment: Readonly<Record<string, string>>,
): Promise<() => boolean> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  writeWhole(folder, attemptFiles.spec, spec);
  const log = openSync(join(folder, attemptFiles.wrapper), 'a', 0o600);
  const wrapper = spawn(execPath, ['--import', tsxLoader, wrapperFile, folder], {
    // A session of its own: neither a closed terminal nor the end of the worker reaches it.
    detached: true,
    stdio: ['ignore', 'ignore', log],
    env: { ...environment, RESIDENT_ACTION_ID: spec.actionId },
  });
  closeSync(log);
  let failed = false;
  wrapper.once('error', () => (failed = true));
  wrapper.unref();
  return () => failed || wrapper.exitCode !== null || wrapper.signalCode !== null;
}

/** True when neither the wrapper nor its command can still be running. */
function isOver(folder: string): boolean {
  const claim = readWhole<Claim>(folder, attemptFiles.claim);
  if (!claim) return false;
  const child = readWhole<ProcessIdentity>(folder, attemptFiles.child);
  const seen = [claim, ...(child ? [child] : [])].map(lookAtProcess);
  if (seen.includes('alive')) return false;
  return seen.every((state) => state === 'dead') || Date.now() > Date.parse(claim.deadlineAt);
}

async function tellWrapperFailure(folder: string, spec: CommandSpec): Promise<OutsideError> {
  const said = await readTail(folder, attemptFiles.wrapper);
  return new OutsideError(
    `The wrapper of ${JSON.stringify(spec.argv)} ended before it claimed the action, so nothing was run: ${said || 'it said nothing'}. See ${folder}.`,
    { system: 'Action', kind: 'NotStarted', retryable: true },
  );
}

async function readTail(folder: string, name: string): Promise<string> {
  const file = await open(join(folder, name)).catch(() => undefined);
  if (!file) return '';
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytes);
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: size - length });
    return buffer.toString('utf8').trim();
  } finally {
    await file.close();
  }
}

function readState(
  [program = '', ...rest]: readonly string[],
  cwd: string,
  timeoutMs: number,
  environment: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; lastLine: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: environment, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1_000_000 } as const;
    execFile(program, rest, options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : error.code;
      if (typeof exitCode !== 'number') {
        const what = error?.killed
          ? `took longer than ${timeoutMs} ms or printed more than 1 MB`
          : String(error?.message);
        const message = `The command ${JSON.stringify([program, ...rest])} did not tell the present state: ${what}. ${stderr.slice(-300)}`;
        reject(new OutsideError(message, { system: 'Action', kind: 'StateUnread', retryable: true }));
        return;
      }
      resolve({ exitCode, lastLine: stdout.trim().split('\n').at(-1)?.trim() ?? '' });
    });
  });
}
