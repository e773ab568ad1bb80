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
import { unmountBelow } from './unmount-below.ts';

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
  readonly env: DockerOptions['env'];
}

/** dockerd may take this long to end its containers. */
const stopLimitMs = 20_000;
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
      version = await launchDaemon(options.command, files);
    }
    const pid = readPid(files.pidFile);
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
    env: environmentFor(options.command, options.env),
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
    if (!hasUsers(files.users) && isOurs(pid, files.dataRoot)) signalGroup(pid, 'SIGTERM');
  };
  const untie = endWithUs({ stop, endNow });
  return { address: `unix://${files.socket}`, pid, version, stop };
}

/** Ends the daemon of these files and the containerd that it started, as far as they are there. */
async function endDaemon(files: EngineFiles): Promise<void> {
  const containerdPid = path.join(files.runDir, 'exec', 'containerd', 'containerd.pid');
  await endOurs(readPid(files.pidFile), files.dataRoot);
  // A dockerd that was killed leaves its containerd; the next dockerd would use that, and then wait for it in vain at its end.
  await endOurs(readPid(containerdPid), files.runDir);
  for (const file of [files.pidFile, containerdPid]) rmSync(file, { force: true });
  for (const folder of [files.dataRoot, files.runDir]) await unmountBelow(folder, files.env);
}

async function endOurs(pid: number | undefined, mark: string): Promise<void> {
  if (pid !== undefined && isOurs(pid, mark)) await endGroup(pid, stopLimitMs);
}

/** Pids are given out again: only a process with our folder on its command line is ours. */
function isOurs(pid: number, mark: string): boolean {
  return isAlive(pid) && commandLineOf(pid).includes(mark);
}

function readPid(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined;
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
