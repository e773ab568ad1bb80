import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill } from 'node:process';

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the words of the system; opaque. */
  readonly start: string;
  readonly host: string;
  /** Changes with every boot and with every PID namespace, so a recycled container is not mistaken for the old one. */
  readonly scope: string;
}

/** The identity of a process that runs now. */
export function identifyProcess(pid: number): ProcessIdentity {
  return { pid, start: readStart(pid) ?? '', host: hostname(), scope: readScope() };
}

/** `unknown` for a process of another host: nothing here can see it. */
export function lookAtProcess(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.host !== hostname()) return 'unknown';
  if (identity.scope !== readScope()) return 'dead';
  try {
    kill(identity.pid, 0);
  } catch (error) {
    // EPERM means that there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'dead';
  }
  return readStart(identity.pid) === identity.start ? 'alive' : 'dead';
}

/** Start time of a process, or undefined when it has ended; a zombie has ended. Linux: proc(5), fields 3 and 22 of stat. */
function readStart(pid: number): string | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The name in field 2 may hold spaces and parentheses; fields are counted from its closing one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  }
  if (readText('/proc/self/stat') !== undefined) return undefined;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', timeout: 5_000 }).trim();
  } catch {
    // ps ends with 1 when there is no such process.
    return undefined;
  }
}

function readScope(): string {
  const boot = readText('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  try {
    return `${boot}/${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    // Systems without /proc have no PID namespaces either.
    return boot;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // A file of /proc that is absent means that the process, or /proc itself, is absent.
    return undefined;
  }
}
