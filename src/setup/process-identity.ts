import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hasCode } from './errors.ts';

/** Whether a process with this pid exists and has not ended (a zombie has). */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
  return stateOf(pid) !== 'Z';
}

/** The arguments of a process, joined with blanks; empty when there is none. /proc first: slim images have no `ps`. */
export function commandLineOf(pid: number): string {
  const text = readProc(pid, 'cmdline');
  if (text !== undefined) return text.replaceAll('\0', ' ').trim();
  const ps = spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  return (ps.stdout ?? '').trim();
}

/** When a process began, in the system's own notation: pids are given out again, a pid with its beginning is not. */
export function beginningOf(pid: number): string {
  const stat = readProc(pid, 'stat');
  // Field 22 of proc(5) stat, counted after the command's closing bracket because a command may hold blanks.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  const ps = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return (ps.stdout ?? '').trim();
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly began: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, began: beginningOf(pid) };
}

/** Whether the very process that was noted still runs, and not another that was given its pid. */
export function isSameProcess({ pid, began }: ProcessIdentity): boolean {
  return isAlive(pid) && beginningOf(pid) === began;
}

/** Sends a signal to a process group; a group that is gone is what we want. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

function stateOf(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  return stat?.slice(stat.lastIndexOf(')') + 2)[0];
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return undefined;
    throw error;
  }
}
