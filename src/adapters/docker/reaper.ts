import { pid } from 'node:process';
import type Docker from 'dockerode';
import { identifyProcess, lookAtProcess, type ProcessIdentity } from '../commands/process-identity.ts';
import { labels } from './policy.ts';
import { removeAndWait } from './remove-container.ts';

export interface ReapFilter {
  /** Every container of this incident run: what an earlier attempt left behind. */
  readonly runId?: string;
  /** Containers past their time, and those whose worker on this machine is dead. */
  readonly orphans?: boolean;
}

/**
 * Removes sandboxes that no one needs; settles when they are gone. `self` made the caller's own, which are in use.
 * @returns the ids of the removed containers
 */
export async function reapContainers(
  docker: Docker,
  self: ProcessIdentity,
  { runId, orphans = false }: ReapFilter,
): Promise<readonly string[]> {
  const label = [runId === undefined ? labels.sandbox : `${labels.run}=${runId}`];
  const found = await docker.listContainers({ all: true, filters: { label } });
  const leftovers = found.filter(({ Labels }) => runId !== undefined || (orphans && isOrphan(Labels, self)));
  await Promise.all(leftovers.map(({ Id }) => removeAndWait(docker.getContainer(Id))));
  return leftovers.map(({ Id }) => Id);
}

/**
 * Whether nobody uses a sandbox any more: its time is over, or its worker is known to be dead. A worker on another machine
 * or in another PID namespace cannot be seen from here, so its sandboxes are left alone until their time is over.
 */
export function isOrphan(
  found: Readonly<Record<string, string>>,
  self: ProcessIdentity = identifyProcess(pid),
  now = Date.now(),
): boolean {
  const expires = Date.parse(found[labels.expires] ?? '');
  if (!(expires > now)) return true;
  const owner = readOwner(found[labels.owner]);
  if (!owner || owner.host !== self.host || owner.scope !== self.scope) return false;
  return lookAtProcess(owner) === 'dead';
}

function readOwner(label: string | undefined): ProcessIdentity | undefined {
  try {
    return JSON.parse(label ?? '') as ProcessIdentity;
  } catch {
    // Not a label of ours, or of another version: its time will tell.
    return undefined;
  }
}
