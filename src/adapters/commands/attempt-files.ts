import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pid } from 'node:process';
import type { ProcessIdentity } from './process-identity.ts';

/** Files of one attempt at one command. The wrapper writes them, the runner reads them; each appears whole or not at all. */
export const attemptFiles = {
  /** What to run; written before the wrapper starts. */
  spec: 'spec.json',
  /** Who runs it; created with link(2), so exactly one wrapper gets it. */
  claim: 'claim.json',
  /** The command's own process. */
  child: 'child.json',
  /** Standard output and standard error of the command, in order. */
  output: 'output.log',
  /** How it ended. */
  exit: 'exit.json',
  /** What the wrapper itself complains of. */
  wrapper: 'wrapper.log',
} as const;

export interface CommandSpec {
  readonly actionId: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly timeoutMs: number;
}

export interface Claim extends ProcessIdentity {
  readonly actionId: string;
  readonly at: string;
  /** After this the command cannot run any more, whoever looks: the wrapper kills it. */
  readonly deadlineAt: string;
}

export interface CommandExit {
  /** -1 when it was killed or could not be started. */
  readonly exitCode: number;
  readonly signal: string | null;
  readonly timedOut: boolean;
  /** Why it could not be started; empty when it was. */
  readonly error: string;
  readonly endedAt: string;
}

/** Writes a file so that a reader sees all of it or nothing. */
export function writeWhole(folder: string, name: string, value: unknown): void {
  const temporary = join(folder, `.${name}.${pid}.${Math.random().toString(36).slice(2)}`);
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o600, flush: true });
  renameSync(temporary, join(folder, name));
}

/** @returns undefined when the file is not there (yet). */
export function readWhole<T>(folder: string, name: string): T | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
