import { isSameProcess, type ProcessIdentity } from '../setup/process-identity.ts';
import { waitUntil } from '../setup/wait-until.ts';
import type { RunFile } from './run-file.ts';

/**
 * Ends what an `up` left behind that was itself killed. Only the very processes that it noted: a pid that was given out
 * again has another beginning.
 * @returns the roles that were still running.
 */
export async function endLeftovers(run: RunFile, graceMs = 5_000): Promise<readonly string[]> {
  const left = Object.entries(run.processes).filter(([, process]) => isSameProcess(process));
  await Promise.all(left.map(([, identity]) => endProcess(identity, graceMs)));
  return left.map(([role]) => role);
}

async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  send(identity, 'SIGTERM');
  const hasEnded = () => !isSameProcess(identity);
  if (await waitUntil(hasEnded, { limitMs: graceMs })) return;
  send(identity, 'SIGKILL');
  await waitUntil(hasEnded, { limitMs: graceMs });
}

function send(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isSameProcess(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
