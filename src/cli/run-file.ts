import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProcessIdentity } from '../setup/process-identity.ts';

/** `.resident/run.json`: what a running `resident up` started, for other commands and for the next `up`. */
export interface RunFile {
  readonly startedAt: string;
  readonly supervisor: ProcessIdentity;
  /** Ours to end, by role: `temporal`, `worker`, `gateway` … */
  readonly processes: Readonly<Record<string, ProcessIdentity>>;
  readonly temporal?: { readonly address: string; readonly namespace: string; readonly uiAddress?: string };
  readonly gateway?: { readonly address: string };
  /** The engine of the sandboxes, for DOCKER_HOST; absent without a sandbox. */
  readonly docker?: { readonly address: string; readonly isOurs: boolean };
}

function runFileOf(stateFolder: string): string {
  return path.join(stateFolder, 'run.json');
}

/** Undefined when nothing runs here, or the file is not ours to understand. */
export function readRunFile(stateFolder: string): RunFile | undefined {
  try {
    const run = JSON.parse(readFileSync(runFileOf(stateFolder), 'utf8')) as Partial<RunFile>;
    return run.supervisor && run.processes ? (run as RunFile) : undefined;
  } catch {
    return undefined;
  }
}

/** Written whole or not at all: another command may read it at any moment. */
export function writeRunFile(stateFolder: string, run: RunFile): void {
  mkdirSync(stateFolder, { recursive: true });
  const file = runFileOf(stateFolder);
  writeFileSync(`${file}.new`, `${JSON.stringify(run, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** Where our Temporal server was the last time: links in reports and `follow` commands that still run know that address. */
export function readPlace(stateFolder: string): RunFile['temporal'] {
  try {
    return JSON.parse(readFileSync(placeFileOf(stateFolder), 'utf8')) as RunFile['temporal'];
  } catch {
    return undefined;
  }
}

export function keepPlace(stateFolder: string, place: RunFile['temporal']): void {
  writeFileSync(placeFileOf(stateFolder), JSON.stringify(place));
}

function placeFileOf(stateFolder: string): string {
  return path.join(stateFolder, 'temporal-place.json');
}

export function removeRunFile(stateFolder: string): void {
  rmSync(runFileOf(stateFolder), { force: true });
}
