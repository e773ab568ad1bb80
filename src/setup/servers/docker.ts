import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { endWithUs } from '../end-with-us.ts';
import { hasCode } from '../errors.ts';
import { withLock } from '../lock.ts';
import { dockerVersionAt, environmentFor } from '../probe.ts';
import { commandLineOf, identityOf, isAlive, isSameProcess, signalGroup } from '../process-identity.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import { endGroup } from '../process.ts';
import { launchDaemon } from './docker-daemon.ts';

export interface DockerOptions {
  /** The `dockerd` program; its siblings (containerd, runc) are looked for beside it first. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Images and containers; in the cache folder, so that images are built once. */
  readonly dataRoot: string;
  /** Socket, pid and log. Left out: see `dockerRunFolder`. */
  readonly runDir?: string;
}

export interface DockerEngine {
  /** For DOCKER_HOST. */
  readonly address: string;
  readonly pid: number;
  readonly version: string;
  /** Gives the engine up; the last user that does so ends it. Can be called again. */
  readonly stop: () => Promise<void>;
}

export interface EngineFiles {
  readonly dataRoot: string;
  readonly runDir: string;
  readonly socket: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly users: string;
}

/** dockerd may take this long to end its containers. */
const stopLimitMs = 15_000;
let shares = 0;

/**
 * Starts a Docker engine of our own, without a bridge and without touching the firewall: sandboxes have no network. One
 * data root carries one engine, so runs at the same time share it: each leaves its name in `users/`, and the last to go
 * ends it. An engine that a killed run left behind is adopted.
 * @throws Error with the end of the engine's log when it does not come up.
 */
export async function startDocker(options: DockerOptions): Promise<DockerEngine> {
  const files = engineFiles(options);
  await mkdir(files.users, { recursive: true, mode: 0o700 });
  const user = path.join(files.users, `${process.pid}-${++shares}`);
  return withLock(`${files.runDir}/lock`, async () => {
    forgetDeadUsers(files.users);
    let version = await dockerVersionAt(files.socket, 5_000);
    if (version === undefined) {
      await endDaemon(files);
      version = await launchDaemon(options, files, environmentFor(options.command, options.env));
    }
    const pid = daemonPid(files);
    if (pid === undefined) throw new Error(`the Docker engine at ${files.socket} has no pid in ${files.pidFile}`);
    return share(files, user, pid, version);
  });
}

/** Beside the data root, or under /run where that path is too long for a socket (108 bytes, containerd's included). */
export function dockerRunFolder(dataRoot: string): string {
  const beside = `${path.resolve(dataRoot)}-run`;
  const digest = createHash('sha256').update(beside).digest('hex').slice(0, 12);
  return beside.length <= 60 ? beside : `/run/resident-${digest}`;
}

function engineFiles(options: DockerOptions): EngineFiles {
  const dataRoot = path.resolve(options.dataRoot);
  const runDir = path.resolve(options.runDir ?? dockerRunFolder(dataRoot));
  return {
    dataRoot,
    runDir,
    socket: path.join(runDir, 'docker.sock'),
    pidFile: path.join(runDir, 'docker.pid'),
    logFile: path.join(runDir, 'dockerd.log'),
    users: path.join(runDir, 'users'),
  };
}

function share(files: EngineFiles, user: string, pid: number, version: string): DockerEngine {
  writeFileSync(user, JSON.stringify(identityOf(process.pid)));
  let isOver = false;
  const stop = async () => {
    if (isOver) return;
    isOver = true;
    await withLock(`${files.runDir}/lock`, async () => {
      rmSync(user, { force: true });
      if (!hasUsers(files.users)) await endDaemon(files);
    });
    untie();
  };
  // Without waiting, dockerd gets SIGTERM and ends its containers and containerd by itself after we are gone.
  const endNow = () => {
    rmSync(user, { force: true });
    if (!hasUsers(files.users) && isOurs(pid, files)) signalGroup(pid, 'SIGTERM');
  };
  const untie = endWithUs({ stop, endNow });
  return { address: `unix://${files.socket}`, pid, version, stop };
}

/** Ends the daemon of these files, when one is there. */
async function endDaemon(files: EngineFiles): Promise<void> {
  const pid = daemonPid(files);
  if (pid !== undefined && isOurs(pid, files)) await endGroup(pid, stopLimitMs);
  rmSync(files.pidFile, { force: true });
}

/** Pids are given out again: only a process with our data root on its command line is ours. */
function isOurs(pid: number, files: EngineFiles): boolean {
  return isAlive(pid) && commandLineOf(pid).includes(files.dataRoot);
}

function daemonPid(files: EngineFiles): number | undefined {
  try {
    return Number.parseInt(readFileSync(files.pidFile, 'utf8'), 10) || undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function hasUsers(folder: string): boolean {
  forgetDeadUsers(folder);
  return readdirSync(folder).length > 0;
}

function forgetDeadUsers(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    const user = JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
    if (!isSameProcess(user)) rmSync(file, { force: true });
  }
}
