import type { Change, Deploy, FlagChange } from '../../evidence/evidence.ts';
import type { Cited, Facts } from '../facts.ts';
import { compactName, shortName } from '../words.ts';

/** A change that may be the cause: a commit, a deploy whose commits are unknown, or a flag. */
export interface Candidate {
  /** The commit's full SHA, or the deploy's or flag's id. */
  readonly id: string;
  /** The service that runs it; a commit of a shared repository may have been deployed by several. */
  readonly service: string;
  readonly change?: Change;
  readonly flag?: FlagChange;
  /** How it reached the service: `exact` deploy of this revision, `carried` by a later revision, `undeployed` as far as records tell, `baseline` when it ran before all deploys that are known, `unrecorded` when there are no records. */
  readonly reach: 'exact' | 'carried' | 'perhaps-carried' | 'undeployed' | 'baseline' | 'unrecorded';
  /** Time from which it could do harm: deploy time, else commit time; a flag holds at once. */
  readonly atMs: number;
  readonly deploy?: Deploy;
  /** Of a baseline, when the first deploy that is known replaced it. */
  readonly replacedAtMs?: number;
  readonly before?: string;
  readonly evidence: readonly string[];
}

/**
 * One candidate a commit. Where services share a repository and a commit is seen for several, the one that surely runs it holds it,
 * then the one whose folder it touches, then the most suspect one.
 * That a deploy carries all commits of `previous..revision` is Git's own notion (gitrevisions(7)); the choice among services is our
 * own rule. O(c² · d) for c commits and d deploys.
 */
export function listCandidates(facts: Facts, shareOf: (service: string) => number): readonly Candidate[] {
  const byId = new Map<string, Candidate>();
  const rank = { exact: 4, carried: 3, unrecorded: 2, 'perhaps-carried': 1, undeployed: 0, baseline: 0 } as const;
  const worth = (candidate: Candidate) =>
    rank[candidate.reach] + ownership(candidate, facts) + 0.4 * shareOf(candidate.service);
  const services = [...new Set(facts.changes.map((item) => item.value.service))];
  for (const service of services) {
    const changes = facts.changes.filter((item) => item.value.service === service);
    const deploys = facts.deploys.filter((item) => item.value.service === service);
    for (const candidate of changes.map((item, index) => reachOf(item, index, changes, deploys, facts))) {
      const known = byId.get(candidate.id);
      if (!known || worth(candidate) > worth(known)) byId.set(candidate.id, candidate);
    }
  }
  for (const { value: deploy, evidenceId } of facts.deploys) {
    if (facts.changes.some((item) => isSameRevision(item.value.id, deploy.revision))) continue;
    if (byId.has(deploy.id)) continue;
    byId.set(deploy.id, {
      id: deploy.id,
      service: deploy.service,
      reach: 'exact',
      atMs: Date.parse(deploy.at),
      deploy,
      ...(deploy.previous === undefined ? {} : { before: deploy.previous }),
      evidence: [evidenceId],
    });
  }
  for (const { value: flag, evidenceId } of facts.flags) {
    byId.set(flag.id, {
      id: flag.id,
      service: flag.service,
      flag,
      reach: 'exact',
      atMs: Date.parse(flag.at),
      evidence: [evidenceId],
    });
  }
  return [...byId.values()];
}

/** Records shorten revisions; seven digits are Git's own shortest. */
export function isSameRevision(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 7 && long.startsWith(short);
}

function reachOf(
  item: Cited<Change>,
  index: number,
  changes: readonly Cited<Change>[],
  deploys: readonly Cited<Deploy>[],
  facts: Facts,
): Candidate {
  const { value: change, evidenceId } = item;
  const base = {
    id: change.id,
    service: change.service,
    change,
    ...(change.parent === undefined ? {} : { before: change.parent }),
  };
  const undated = { ...base, atMs: Date.parse(change.at), evidence: [evidenceId] };
  if (!facts.deploysKnown.includes(change.service)) {
    return { ...undated, reach: 'unrecorded' };
  }
  const done = deploys.filter((deploy) => deploy.value.status !== 'failed');
  const exact = done.find((deploy) => isSameRevision(deploy.value.revision, change.id));
  if (exact) return deployed(base, exact, 'exact', evidenceId);
  const baseline = (deploy: Deploy): Candidate => ({
    ...undated,
    reach: 'baseline',
    replacedAtMs: Date.parse(deploy.at),
  });
  const next = done.find(({ value: { previous = '' } }) => isSameRevision(previous, change.id));
  if (next) return baseline(next.value);
  for (const deploy of done) {
    const at = changes.findIndex((other) => isSameRevision(other.value.id, deploy.value.revision));
    if (at <= index) continue;
    const previous = deploy.value.previous;
    const from = previous === undefined ? -1 : changes.findIndex((other) => isSameRevision(other.value.id, previous));
    if (previous !== undefined && index <= from) return baseline(deploy.value);
    return deployed(base, deploy, previous === undefined ? 'perhaps-carried' : 'carried', evidenceId);
  }
  return { ...undated, reach: 'undeployed' };
}

function deployed(
  base: Pick<Candidate, 'id' | 'service' | 'before'> & { change: Change },
  deploy: Cited<Deploy>,
  reach: Candidate['reach'],
  evidenceId: string,
): Candidate {
  return {
    ...base,
    reach,
    atMs: Date.parse(deploy.value.at),
    deploy: deploy.value,
    evidence: [evidenceId, deploy.evidenceId],
  };
}

/** −1 when every path of a commit lies in a folder named after another service, +0.5 when one is named after this one. */
export function ownership(candidate: Candidate, facts: Facts): number {
  const paths = candidate.change?.files.map((file) => file.path) ?? [];
  const parts = paths.map((path) => path.split('/').slice(0, -1).map(compactName));
  const isIn = (folders: readonly string[], service: string) =>
    folders.some((folder) => folder !== '' && (folder === compactName(service) || folder === shortName(service)));
  if (parts.some((folders) => isIn(folders, candidate.service))) return 0.5;
  const others = facts.services.filter((service) => service !== candidate.service);
  return parts.length > 0 && parts.every((folders) => others.some((service) => isIn(folders, service))) ? -1 : 0;
}
