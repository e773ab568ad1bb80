/**
 * A program, not a module: runs the command of one attempt exactly once, and outlives the worker that started it.
 *
 *   node --import tsx run-once.ts <attempt folder>
 *
 * It claims the attempt, runs the argv of spec.json in its own process group, and writes exit.json last of all. A second
 * copy for the same attempt finds the claim taken and ends at once. It is small on purpose, and uses only Node.
 */
import { spawn } from 'node:child_process';
import { linkSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process, { argv, exit, kill, pid } from 'node:process';
import {
  attemptFiles,
  readWhole,
  writeWhole,
  type Claim,
  type CommandExit,
  type CommandSpec,
} from './attempt-files.ts';
import { identifyProcess } from './process-identity.ts';

/** Between asking a command that is over its time to end, and ending it. */
const graceMs = 5_000;

const folder = argv[2];
if (!folder) throw new Error('Usage: run-once.ts <attempt folder>');
const spec = readWhole<CommandSpec>(folder, attemptFiles.spec);
if (!spec) throw new Error(`There is no ${attemptFiles.spec} in ${folder}.`);
if (!claimAttempt(folder, spec)) exit(0);

// A worker's shutdown must not leave a change half made; the time limit below ends it in any case.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
runCommand(folder, spec);

function claimAttempt(where: string, { actionId, timeoutMs }: CommandSpec): boolean {
  const now = Date.now();
  const claim: Claim = {
    ...identifyProcess(pid),
    actionId,
    at: new Date(now).toISOString(),
    deadlineAt: new Date(now + timeoutMs + 2 * graceMs).toISOString(),
  };
  const draft = join(where, `.claim.${pid}`);
  writeFileSync(draft, JSON.stringify(claim), { mode: 0o600, flush: true });
  try {
    linkSync(draft, join(where, attemptFiles.claim));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function runCommand(where: string, { argv: [program = '', ...rest], cwd, timeoutMs }: CommandSpec): void {
  const output = openSync(join(where, attemptFiles.output), 'a', 0o600);
  let timedOut = false;
  const end = (exitCode: number, signal: string | null, error = ''): void => {
    const result: CommandExit = { exitCode, signal, timedOut, error, endedAt: new Date().toISOString() };
    writeWhole(where, attemptFiles.exit, result);
    exit(0);
  };

  // The file is handed down as it is: a pipe would break, and the command with it, if this process were killed.
  const child = spawn(program, rest, { cwd, detached: true, stdio: ['ignore', output, output] });
  child.once('error', (error) => end(-1, null, error.message));
  child.once('exit', (code, signal) => end(code ?? -1, signal));
  const group = child.pid;
  if (group === undefined) return;
  writeWhole(where, attemptFiles.child, identifyProcess(group));
  setTimeout(() => {
    timedOut = true;
    killGroup(group, 'SIGTERM');
    setTimeout(() => killGroup(group, 'SIGKILL'), graceMs);
  }, timeoutMs);
}

function killGroup(group: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    kill(-group, signal);
  } catch (error) {
    // Gone already: its end is reported by the exit event.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
