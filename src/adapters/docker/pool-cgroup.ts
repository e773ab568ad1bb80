import { access, mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lookAtProcess, type ProcessIdentity } from '../commands/process-identity.ts';
import { describeAddress, type EngineAddress, type EngineFacts } from './engine.ts';

/** What all sandboxes of one worker may take together, however many there are and whatever each may take alone. */
export interface PoolLimits {
  readonly memoryMb: number;
  readonly processes: number;
}

export type LimitedPool =
  /** The cgroup to make sandboxes in. */
  | { readonly cgroupParent: string }
  /** Each sandbox has its own limits; all together have none. Why, and what a person can do about it. */
  | { readonly reason: string };

export interface PoolParts {
  readonly address: EngineAddress;
  readonly engine: Pick<EngineFacts, 'cgroupDriver'>;
  /** Whose pool it is: its name is taken from it, so that pools of dead workers can be told. */
  readonly owner: ProcessIdentity;
  readonly limits: PoolLimits;
  readonly mount?: string;
}

const parentName = 'resident-sandboxes';
const cgroupMount = '/sys/fs/cgroup';

/**
 * Makes a cgroup with limits of its own above the sandboxes of this worker, where this process may: as root, beside an
 * engine on this machine that leaves cgroups to files (cgroupfs). It is a second wall: the limits of each sandbox hold
 * without it. Never throws. Pools of dead workers are removed on the way.
 */
export async function limitPool(parts: PoolParts): Promise<LimitedPool> {
  const { address, engine, owner, limits, mount = cgroupMount } = parts;
  const { memoryMb, processes } = limits;
  const host = describeAddress(address);
  if (!host.startsWith('unix://')) return { reason: `the engine at ${host} may be on another machine` };
  if (engine.cgroupDriver !== 'cgroupfs') {
    const command = `systemctl set-property ${parentName}.slice MemoryMax=${memoryMb}M TasksMax=${processes}`;
    return { reason: `the engine leaves cgroups to ${engine.cgroupDriver}; set them there: ${command}` };
  }
  try {
    const isUnified = await exists(path.join(mount, 'cgroup.controllers'));
    await (isUnified ? limitUnified : limitByController)(mount, nameOf(owner), limits);
    await removeDeadPools(isUnified ? [mount] : [path.join(mount, 'memory'), path.join(mount, 'pids')], owner);
    return { cgroupParent: `/${parentName}/${nameOf(owner)}` };
  } catch (error) {
    return { reason: `cgroups cannot be written (${(error as Error).message}); root may` };
  }
}

/** cgroup v2: one tree; a parent hands controllers to its children by name. */
async function limitUnified(mount: string, name: string, { memoryMb, processes }: PoolLimits): Promise<void> {
  const parent = path.join(mount, parentName);
  const pool = path.join(parent, name);
  await makeFolder(parent);
  for (const folder of [mount, parent]) await writeFile(path.join(folder, 'cgroup.subtree_control'), '+memory +pids');
  await makeFolder(pool);
  await writeFile(path.join(pool, 'memory.max'), String(memoryMb * 1024 * 1024));
  await writeFile(path.join(pool, 'pids.max'), String(processes));
}

/** cgroup v1: a tree for each controller. */
async function limitByController(mount: string, name: string, { memoryMb, processes }: PoolLimits): Promise<void> {
  for (const controller of ['memory', 'pids']) {
    await makeFolder(path.join(mount, controller, parentName));
    await makeFolder(path.join(mount, controller, parentName, name));
  }
  const memory = path.join(mount, 'memory', parentName, name);
  const bytes = String(memoryMb * 1024 * 1024);
  await writeFile(path.join(memory, 'memory.limit_in_bytes'), bytes);
  // Memory and swap together; absent where the kernel does not count swap.
  const both = path.join(memory, 'memory.memsw.limit_in_bytes');
  if (await exists(both)) await writeFile(both, bytes);
  await writeFile(path.join(mount, 'pids', parentName, name, 'pids.max'), String(processes));
}

const poolPattern = /^worker-(\d+)-(.*)$/;

function nameOf({ pid, start }: ProcessIdentity): string {
  return `worker-${pid}-${start.replace(/\W/g, '')}`;
}

async function removeDeadPools(trees: readonly string[], self: ProcessIdentity): Promise<void> {
  for (const tree of trees) {
    const parent = path.join(tree, parentName);
    for (const name of await readdir(parent)) {
      const [, pid, start] = poolPattern.exec(name) ?? [];
      if (pid === undefined || start === undefined) continue;
      if (lookAtProcess({ ...self, pid: Number(pid), start }) !== 'dead') continue;
      // Busy while a sandbox is in it; the next worker tries again.
      await rmdir(path.join(parent, name)).catch(() => undefined);
    }
  }
}

/** One level at a time: made with all its parents, a folder where none can be made keeps Node trying for ever. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
