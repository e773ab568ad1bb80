import type { DeployRecords } from '../../adapters/deploy-records.ts';
import type { EvidenceStore } from '../../adapters/evidence-store.ts';
import type { Git } from '../../adapters/git/git.ts';
import { classifyChange } from '../../domain/evidence/change-kind.ts';
import { findDeployedRevision } from '../../domain/evidence/deploys.ts';
import type { Deploy } from '../../domain/evidence/evidence.ts';
import type { Redact } from '../../domain/redaction.ts';
import type { SourceArchive } from '../../domain/reproduction/reproduction.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { chooseInGap, chooseRevisions, countRevisions, type RevisionChoice } from './choose-revisions.ts';
import type { PackInput } from '../contract.ts';
import { wasEverDeployed } from './ever-deployed.ts';
import { loadEvidence } from './load-evidence.ts';

export interface PackSourcesPorts {
  readonly store: Pick<EvidenceStore, 'get' | 'put'>;
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly git: Git;
  readonly deployRecords: DeployRecords;
  readonly redact: Redact;
  readonly now?: () => Date;
}

/** The revisions of the suspect service to pack, or why there is nothing to compare. */
export async function chooseOfSuspect(
  ports: PackSourcesPorts,
  input: PackInput,
  notes: string[],
): Promise<RevisionChoice | { readonly cannotRun: string }> {
  const source = ports.services[input.suspectService]?.source ?? '';
  const { archive } = await packOne(ports, input.suspectService, source, input.gap?.bad ?? input.suspect);
  const most = countRevisions(archive.bytes);
  if (input.gap) return chooseInGap(ports.git, source, input.gap, most);
  const loaded = await loadEvidence(
    ports.store,
    input.evidence.filter(({ kind, service }) => kind === 'changes' && service === input.suspectService),
  );
  const candidates = loaded.flatMap(({ body }) => (body?.kind === 'changes' ? body.changes.map(({ id }) => id) : []));
  const deploys = await readDeploys(ports, input.suspectService, notes);
  if (!(await wasEverDeployed(ports.git, source, input.suspect, deploys))) {
    return {
      cannotRun: `${input.suspect.slice(0, 12)} was never deployed to ${input.suspectService}, as far as its deploy records tell, so it cannot have caused this.`,
    };
  }
  const recorded = findDeployedNow(ports, deploys);
  const deployed = recorded && (await ports.git.resolve(source, recorded).catch(() => undefined));
  if (recorded && !deployed)
    notes.push(`${input.suspectService} is taken at HEAD: its repository does not know ${recorded}, which runs`);
  const question = {
    suspect: input.suspect,
    candidates,
    ...(input.before === undefined ? {} : { before: input.before }),
    ...(deployed === undefined ? {} : { deployed }),
  };
  return chooseRevisions(ports.git, source, question, most);
}

/** A service at what is deployed; undefined, with a note, where it has no source or that cannot be read. */
export async function packNeighbour(
  ports: PackSourcesPorts,
  name: string,
  notes: string[],
): Promise<SourceArchive | undefined> {
  const source = ports.services[name]?.source;
  if (source === undefined) {
    notes.push(`${name} takes no part in the run: it has no \`source\` in resident.yaml`);
    return undefined;
  }
  try {
    const deployed = findDeployedNow(ports, await readDeploys(ports, name, notes));
    const revision = await ports.git.resolve(source, deployed ?? 'HEAD');
    const { archive, treeNotes } = await packOne(ports, name, source, revision);
    notes.push(...treeNotes.map((note) => `${name}: ${note}`));
    return archive;
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    notes.push(`${name} takes no part in the run: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

function findDeployedNow(ports: PackSourcesPorts, deploys: readonly Deploy[]): string | undefined {
  return findDeployedRevision(deploys, (ports.now?.() ?? new Date()).toISOString());
}

/** The deploys of a service; with a note where they do not tell what runs now. */
async function readDeploys(ports: PackSourcesPorts, name: string, notes: string[]): Promise<readonly Deploy[]> {
  const file = ports.services[name]?.deploysFile;
  try {
    const deploys = file === undefined ? [] : (await ports.deployRecords.read(file, name)).deploys;
    if (findDeployedNow(ports, deploys) === undefined)
      notes.push(`${name} is taken at HEAD: no deploy record tells what runs`);
    return deploys;
  } catch (error) {
    notes.push(`${name} is taken at HEAD: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

/** The suspect's revisions; what is missing in them is noted once, however many miss it. */
export async function packRevisions(
  ports: PackSourcesPorts,
  service: string,
  source: string,
  { chosen, notes }: { readonly chosen: RevisionChoice; readonly notes: string[] },
): Promise<readonly SourceArchive[]> {
  const changed = await ports.git.listChangedPaths(source, chosen.revisions);
  const revisions: SourceArchive[] = [];
  const missing = new Set<string>();
  for (const id of chosen.revisions) {
    const { archive, treeNotes } = await packOne(ports, service, source, id);
    revisions.push({ ...archive, change: classifyChange(changed[id] ?? []) });
    for (const note of treeNotes) missing.add(`${service}: ${note}`);
  }
  notes.push(...missing);
  return revisions;
}

async function packOne({ git, store }: PackSourcesPorts, service: string, source: string, revision: string) {
  const { tar, notes: treeNotes } = await git.archive(source, revision);
  const { digest, bytes } = await store.put(tar);
  return { archive: { service, revision, digest, bytes }, treeNotes };
}

/** The store is ours: without it nothing can be packed, while a source that cannot be read is a result. */
export function isStoreTrouble(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return false;
  return (error.trouble as { readonly system?: string }).system === 'EvidenceStore';
}
