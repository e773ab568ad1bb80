import { isSameRevision } from './catalogue.ts';
import type { Change, Deploy } from '../evidence/evidence.ts';

/** What was fetched of one service in this incident, from its repository and its deploy record. */
export interface Inventory {
  /** Commits, oldest first. */
  readonly changes: readonly Change[];
  /** Deployments, oldest first. */
  readonly deploys: readonly Deploy[];
}

export interface RollbackTarget {
  readonly revision: string;
  /** The revision that runs now, where the deploy record says so and it holds the accused change. */
  readonly from?: string;
}

/** True when the value is a revision that the repository or the deploy record named in this incident. */
export function isInInventory(inventory: Inventory, revision: string): boolean {
  return (
    inventory.changes.some((change) => change.id === revision || change.parent === revision) ||
    inventory.deploys.some((deploy) => deploy.revision === revision || deploy.previous === revision)
  );
}

/**
 * Revisions to go back to, best first: what was deployed before the accused change came, newest first, because that ran well
 * here; then what the diagnosis names; then the parent of the accused commit, which was perhaps never deployed.
 * @param current the revision that runs, as the service itself tells; it counts for more than the deploy record, which somebody
 * may have forgotten to write. When it does not hold the accused change there is nothing to go back from.
 */
export function listRollbackTargets(
  inventory: Inventory,
  accused: { readonly change: string; readonly before?: string },
  current?: string,
): readonly RollbackTarget[] {
  const deployed = listDeployed(inventory.deploys);
  const culprit = findCulprit(inventory, accused.change);
  const holds = deployed.map((item) => holdsChange(inventory.changes, item, culprit));
  const firstBad = holds.indexOf(true);
  // Where no record is bad, the bad one is the one that runs: the last, unless the service tells of another.
  const bound = firstBad !== -1 ? firstBad : deployed.length - (current === undefined ? 1 : 0);
  const recorded = deployed.find((item) => current !== undefined && isSameRevision(item.revision, current));
  const running = current === undefined ? deployed.at(-1) : (recorded ?? { revision: current });
  const isBad = running && holdsChange(inventory.changes, running, culprit);
  if (current !== undefined && isBad === false) return [];
  const from = running !== undefined && isBad === true ? { from: current ?? running.revision } : {};

  const earlier = deployed.slice(0, Math.max(bound, 0)).map((item) => item.revision);
  const named = earlier.filter((revision) => revision === accused.before);
  const parent = inventory.changes.find((change) => isSameRevision(change.id, culprit?.revision ?? ''))?.parent;
  const all = [...named, ...earlier.toReversed(), accused.before, parent].filter(
    (revision): revision is string => revision !== undefined && revision !== '',
  );
  const sensible = all.filter(
    (revision, index) =>
      all.indexOf(revision) === index &&
      !(running && isSameRevision(revision, running.revision)) &&
      holdsChange(inventory.changes, { revision }, culprit) !== true,
  );
  return sensible.map((revision) => ({ revision, ...from }));
}

interface DeployedRevision {
  readonly revision: string;
  /** Unknown for a revision known only as another one's `previous`. */
  readonly at?: string;
}

/** The revisions that ran, oldest first; a record's `previous` fills in what lies before the evidence begins. */
function listDeployed(deploys: readonly Deploy[]): readonly DeployedRevision[] {
  const deployed: DeployedRevision[] = [];
  for (const deploy of deploys) {
    if (deploy.status === 'failed') continue;
    if (deploy.previous && deployed.at(-1)?.revision !== deploy.previous) deployed.push({ revision: deploy.previous });
    if (deployed.at(-1)?.revision !== deploy.revision) deployed.push({ revision: deploy.revision, at: deploy.at });
  }
  return deployed;
}

/** The accused change as a revision: a commit stands for itself, a deploy's id for what it deployed. */
function findCulprit(inventory: Inventory, change: string): { revision: string; at?: string } | undefined {
  const deploy = inventory.deploys.find((item) => item.id === change);
  if (deploy) return { revision: deploy.revision, at: deploy.at };
  if (change === '' || change === 'none') return undefined;
  const commit = inventory.changes.find((item) => isSameRevision(item.id, change));
  return { revision: change, ...(commit ? { at: commit.at } : {}) };
}

/** Whether a deployed revision holds the culprit; undefined when neither history nor times can tell. */
function holdsChange(
  changes: readonly Change[],
  deployed: DeployedRevision,
  culprit: { revision: string; at?: string } | undefined,
): boolean | undefined {
  if (!culprit) return undefined;
  if (isSameRevision(deployed.revision, culprit.revision)) return true;
  if (changes.some((item) => isSameRevision(item.id, deployed.revision))) {
    return listAncestors(changes, deployed.revision).some((id) => isSameRevision(id, culprit.revision));
  }
  const isOlder = changes.some((item) => item.parent !== undefined && isSameRevision(item.parent, deployed.revision));
  if (isOlder) return false;
  if (deployed.at && culprit.at && Date.parse(deployed.at) < Date.parse(culprit.at)) return false;
  return undefined;
}

/** The first-parent line of a commit within the commits at hand, itself first. */
function listAncestors(changes: readonly Change[], revision: string): readonly string[] {
  const line: string[] = [];
  let at = changes.find((item) => isSameRevision(item.id, revision));
  while (at && !line.includes(at.id)) {
    line.push(at.id);
    const parent = at.parent;
    at = parent === undefined ? undefined : changes.find((item) => item.id === parent);
  }
  return line;
}
