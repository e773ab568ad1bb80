import { hostname } from 'node:os';
import { kill } from 'node:process';
import type Docker from 'dockerode';
import { statusOf } from './engine.ts';
import { labels } from './policy.ts';

export interface ReapFilter {
  /** Every container of this incident run: what an earlier attempt left behind. */
  readonly runId?: string;
  /** Containers past their time, and those whose worker on this machine is dead. */
  readonly orphans?: boolean;
}

/** Removes sandboxes that no one needs. `self` is the owner label of the caller, whose containers are in use. */
export async function reapContainers(docker: Docker, self: string, filter: ReapFilter): Promise<readonly string[]> {
  const label = [filter.runId === undefined ? labels.sandbox : `${labels.run}=${filter.runId}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  const leftovers = found.filter(({ Labels }) => filter.runId !== undefined || isOrphan(Labels, self));
  for (const { Id } of leftovers) {
    try {
      await docker.getContainer(Id).remove({ force: true, v: true });
    } catch (error) {
      // 404: gone already. 409: another removal is at work.
      if (statusOf(error) !== 404 && statusOf(error) !== 409) throw error;
    }
  }
  return leftovers.map(({ Id }) => Id);
}

function isOrphan(found: Readonly<Record<string, string>>, self: string): boolean {
  const expires = Date.parse(found[labels.expires] ?? '');
  if (!(expires > Date.now())) return true;
  const owner = found[labels.owner] ?? '';
  if (owner === self) return false;
  const [host, pid] = owner.split(':');
  if (host !== hostname()) return false;
  // Our own process number with another start time: a worker before us that is gone.
  return pid === self.split(':')[1] || !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as { code?: string }).code === 'EPERM';
  }
}
