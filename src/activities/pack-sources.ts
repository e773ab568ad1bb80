import type { DeployRecords } from '../adapters/deploy-records.ts';
import type { EvidenceStore } from '../adapters/evidence-store.ts';
import type { Git } from '../adapters/git/git.ts';
import { findDeployedRevision } from '../domain/deploys.ts';
import type { Redact } from '../domain/redaction.ts';
import type { SandboxRequest, SourceArchive } from '../domain/reproduction.ts';
import type { SandboxSettings, ServiceSettings } from '../domain/settings.ts';
import { toOneLine } from '../domain/text.ts';
import type { ObserveActivities, PackInput } from './contract.ts';
import { isWorthRetrying, loadEvidence } from './load-evidence.ts';
import { chooseRevisions, type RevisionChoice } from './choose-revisions.ts';

export interface PackSourcesPorts {
  readonly store: Pick<EvidenceStore, 'get' | 'put'>;
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly git: Git;
  readonly deployRecords: DeployRecords;
  readonly redact: Redact;
  readonly now?: () => Date;
}

/** Output of a sandbox run beyond this is cut. */
const outputBytes = 1_000_000;

/**
 * Packs what a reproduction needs: the suspect service at each state of its main line from before the window to now, and its
 * neighbours as deployed. Where something is missing it says what, and what to configure; it does not throw for that.
 */
export function createPackSources(ports: PackSourcesPorts): ObserveActivities['packSources'] {
  return async (input) => {
    const command = chooseCommand(ports.services, input);
    if ('cannotRun' in command) return command;
    try {
      return await pack(ports, input, command);
    } catch (error) {
      if (isStoreTrouble(error) && isWorthRetrying(error)) throw error;
      const why = error instanceof Error ? error.message : String(error);
      return { cannotRun: toOneLine(ports.redact(why), 800) };
    }
  };
}

interface ChosenCommand {
  readonly owner: ServiceSettings;
  readonly sandbox: SandboxSettings;
  readonly argv: readonly string[];
}

/** The alerting service's reproduction shows the symptom itself; the suspect's own comes next, its tests last. */
function chooseCommand(
  services: PackSourcesPorts['services'],
  { service, suspectService }: PackInput,
): ChosenCommand | { readonly cannotRun: string } {
  const [alerting, suspect] = [services[service], services[suspectService]];
  if (!suspect) return { cannotRun: `${suspectService} is not in resident.yaml. Add it under \`services\`.` };
  if (suspect.source === undefined) {
    return { cannotRun: `${suspectService} has no \`source\`. Set it to a path or Git URL in resident.yaml.` };
  }
  const choices = [
    { owner: alerting, argv: alerting?.sandbox?.reproduce },
    { owner: suspect, argv: suspect.sandbox?.reproduce },
    { owner: suspect, argv: suspect.sandbox?.test },
  ];
  for (const { owner, argv } of choices) {
    if (owner?.sandbox && owner.source !== undefined && argv && argv.length > 0)
      return { owner, sandbox: owner.sandbox, argv };
  }
  return {
    cannotRun: `Neither ${service} has \`sandbox.reproduce\` nor ${suspectService} \`sandbox.reproduce\` or \`sandbox.test\`. Add a command that fails while the fault is there.`,
  };
}

async function pack(
  ports: PackSourcesPorts,
  input: PackInput,
  { owner, sandbox, argv }: ChosenCommand,
): Promise<SandboxRequest | { readonly cannotRun: string }> {
  const notes: string[] = [];
  const chosen = await chooseOfSuspect(ports, input, notes);
  if ('cannotRun' in chosen) return chosen;
  const source = ports.services[input.suspectService]?.source ?? '';
  const revisions: SourceArchive[] = [];
  for (const id of chosen.revisions) revisions.push(await packOne(ports, input.suspectService, source, id));
  const neighbours: SourceArchive[] = [];
  const names = new Set([input.service, owner.name, ...input.neighbours]);
  names.delete(input.suspectService);
  for (const name of names) {
    const archive = await packNeighbour(ports, name, notes);
    if (archive) neighbours.push(archive);
    else if (name === owner.name)
      return { cannotRun: `The source of ${name}, whose command runs, could not be packed: ${notes.at(-1)}` };
  }
  return {
    incidentId: input.incidentId,
    runId: input.runId,
    image: sandbox.image,
    workService: owner.name,
    setup: sandbox.setup,
    command: argv,
    suspectService: input.suspectService,
    revisions,
    suspectIndex: chosen.suspectIndex,
    neighbours,
    limits: {
      memoryMb: sandbox.memoryMb,
      cpus: sandbox.cpus,
      timeoutMs: Math.min(sandbox.timeoutMs, input.timeoutMs),
      outputBytes,
    },
    notes: notes.map((note) => toOneLine(ports.redact(note))),
  };
}

async function chooseOfSuspect(
  ports: PackSourcesPorts,
  input: PackInput,
  notes: string[],
): Promise<RevisionChoice | { readonly cannotRun: string }> {
  const source = ports.services[input.suspectService]?.source ?? '';
  const loaded = await loadEvidence(
    ports.store,
    input.evidence.filter(({ kind, service }) => kind === 'changes' && service === input.suspectService),
  );
  const candidates = loaded.flatMap(({ body }) => (body?.kind === 'changes' ? body.changes.map(({ id }) => id) : []));
  const deployed = await findDeployed(ports, input.suspectService, notes);
  return chooseRevisions(ports.git, source, {
    suspect: input.suspect,
    candidates,
    ...(input.before === undefined ? {} : { before: input.before }),
    ...(deployed === undefined ? {} : { deployed }),
  });
}

async function packNeighbour(
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
    const deployed = await findDeployed(ports, name, notes);
    return await packOne(ports, name, source, await ports.git.resolve(source, deployed ?? 'HEAD'));
  } catch (error) {
    if (isStoreTrouble(error)) throw error;
    notes.push(`${name} takes no part in the run: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** The revision that runs now, by the deploy records; undefined, with a note, where they do not tell. */
async function findDeployed(ports: PackSourcesPorts, name: string, notes: string[]): Promise<string | undefined> {
  const file = ports.services[name]?.deploysFile;
  const now = (ports.now?.() ?? new Date()).toISOString();
  try {
    const read = file === undefined ? undefined : await ports.deployRecords.read(file, name);
    const revision = read && findDeployedRevision(read.deploys, now);
    if (revision === undefined) notes.push(`${name} is taken at HEAD: no deploy record tells what runs`);
    return revision;
  } catch (error) {
    notes.push(`${name} is taken at HEAD: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function packOne({ git, store }: PackSourcesPorts, service: string, source: string, revision: string) {
  const { digest, bytes } = await store.put(await git.archive(source, revision));
  return { service, revision, digest, bytes };
}

function isStoreTrouble(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return false;
  return (error.trouble as { readonly system?: string }).system === 'EvidenceStore';
}
