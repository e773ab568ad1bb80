import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { dockerVersionAt } from '../probe.ts';
import { endGroup } from '../process.ts';
import { waitUntil } from '../wait-until.ts';
import type { EngineFiles } from './docker.ts';

/** overlay2 is what dockerd takes by itself where it can; vfs copies whole layers, but works on every file system. */
const storageDrivers = [undefined, 'vfs'] as const;

/**
 * Starts dockerd in a process group of its own and waits for its socket; gives its version.
 * @throws Error with the end of its log, when it comes up with no storage driver.
 */
export async function launchDaemon(command: string, files: EngineFiles): Promise<string> {
  await mkdir(files.dataRoot, { recursive: true });
  // The user's own /etc/docker/daemon.json belongs to the system's engine; a file that is named must be there.
  await writeFile(configFile(files), '{}\n');
  for (const driver of storageDrivers) {
    const version = await tryLaunching(command, daemonArguments(files, driver), files);
    if (version !== undefined) return version;
  }
  const log = await readFile(files.logFile, 'utf8');
  throw new Error(
    `the Docker engine did not come up. The end of ${files.logFile}:\n${log.trimEnd().split('\n').slice(-12).join('\n')}`,
  );
}

async function tryLaunching(command: string, args: readonly string[], files: EngineFiles): Promise<string | undefined> {
  const log = openSync(files.logFile, 'a');
  const child = spawn(command, args, { env: files.env, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let hasEnded = false;
  child.once('error', () => (hasEnded = true)).once('exit', () => (hasEnded = true));
  // It may be shared by runs that end after this one, so it must not keep this one from ending.
  child.unref();
  let version: string | undefined;
  await waitUntil(
    async () => {
      version = await dockerVersionAt(files.socket, 1_000);
      return hasEnded || version !== undefined;
    },
    { limitMs: 30_000 },
  );
  if (version === undefined && child.pid !== undefined) await endGroup(child.pid, 5_000);
  return version;
}

function configFile(files: EngineFiles): string {
  return path.join(files.runDir, 'daemon.json');
}

function daemonArguments(files: EngineFiles, driver: string | undefined): readonly string[] {
  return [
    `--host=unix://${files.socket}`,
    `--data-root=${files.dataRoot}`,
    `--exec-root=${path.join(files.runDir, 'exec')}`,
    `--pidfile=${files.pidFile}`,
    ...['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-masq=false', '--ip-forward=false'],
    ...['--shutdown-timeout=3', '--log-level=warn'],
    `--config-file=${configFile(files)}`,
    ...(driver ? [`--storage-driver=${driver}`] : []),
  ];
}
