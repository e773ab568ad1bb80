import { readdir, readFile, readlink } from 'node:fs/promises';
import { commandLineOf } from './process-identity.ts';

export interface PortHolder {
  readonly pid: number;
  readonly command: string;
}

/** State LISTEN in the tables of proc(5), `/proc/net/tcp`. */
const listening = '0A';

/**
 * The process that listens on a TCP port of this machine. Undefined when none does, when it belongs to another user, and where
 * there is no /proc.
 */
export async function findPortHolder(port: number): Promise<PortHolder | undefined> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const sockets = new Set(tables.flatMap((table) => listSockets(table, port)));
  if (sockets.size === 0) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) {
    if (await holds(pid, sockets)) return { pid, command: commandLineOf(pid) };
  }
  return undefined;
}

/** The inodes of sockets that listen on the port, as links under `/proc/<pid>/fd` name them. */
function listSockets(table: string, port: number): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    const isWanted = state === listening && Number.parseInt(local.split(':')[1] ?? '', 16) === port;
    return isWanted ? [`socket:[${inode}]`] : [];
  });
}

/** A process that is gone by now, or is not ours to look into, counts as one that does not hold it. */
async function holds(pid: number, sockets: ReadonlySet<string>): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch((): string[] => []);
  const links = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return links.some((link) => sockets.has(link));
}
