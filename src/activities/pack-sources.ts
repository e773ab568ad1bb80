import type { DeployRecords } from '../adapters/deploy-records.ts';
import type { EvidenceStore } from '../adapters/evidence-store.ts';
import type { Git } from '../adapters/git/git.ts';
import { classifyChange } from '../domain/change-kind.ts';
import { findDeployedRevision } from '../domain/deploys.ts';
import type { EvidenceWithBody } from '../domain/engine.ts';
import type { Deploy } from '../domain/evidence.ts';
import type { Redact } from '../domain/redaction.ts';
import type { ReproductionWay, SandboxRequest, SourceArchive } from '../domain/reproduction.ts';
import type { FixOrder } from '../domain/reproduction/candidate-fix.ts';
import type { ReplayPlan } from '../domain/reproduction/replay.ts';
import { readSignatures } from '../domain/reproduction/expected.ts';
import type { SandboxSettings, ServiceSettings } from '../domain/settings.ts';
import { toOneLine } from '../domain/text.ts';
import type { ObserveActivities, PackInput } from './contract.ts';
import { wasEverDeployed } from './ever-deployed.ts';
import { isWorthRetrying, loadEvidence } from './load-evidence.ts';
import { planReplay } from './plan-replay.ts';
import { chooseInGap, chooseRevisions, countRevisions, type RevisionChoice } from './choose-revisions.ts';

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
    const suspect = ports.services[input.suspectService];
    if (!suspect) return { cannotRun: `${input.suspectService} is not in resident.yaml. Add it under \`services\`.` };
    if (suspect.source === undefined) {
      return { cannotRun: `${suspect.name} has no \`source\`. Set it to a path or Git URL in resident.yaml.` };
    }
    try {
      return await pack(ports, input, chooseCommand(ports.services, input));
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
  /** The suspect's whole tests, which passed when it was deployed: a request that failed in production tells more. */
  readonly isOwnTest: boolean;
}

/** The alerting service's reproduction shows the symptom itself; the suspect's own comes next, its tests last. */
function chooseCommand(
  services: PackSourcesPorts['services'],
  { service, suspectService }: PackInput,
): ChosenCommand | undefined {
  const [alerting, suspect] = [services[service], services[suspectService]];
  const choices = [
    { owner: alerting, argv: alerting?.sandbox?.reproduce, isOwnTest: false },
    { owner: suspect, argv: suspect?.sandbox?.reproduce, isOwnTest: false },
    { owner: suspect, argv: suspect?.sandbox?.test, isOwnTest: true },
  ];
  for (const { owner, argv, isOwnTest } of choices) {
    if (owner?.sandbox && owner.source !== undefined && argv && argv.length > 0)
      return { owner, sandbox: owner.sandbox, argv, isOwnTest };
  }
  return undefined;
}

function noCommand({ service, suspectService }: PackInput, noReplay: string): { readonly cannotRun: string } {
  return {
    cannotRun:
      `Neither ${service} has \`sandbox.reproduce\` nor ${suspectService} \`sandbox.reproduce\` or \`sandbox.test\`. ` +
      `Add a command that fails while the fault is there. No request can be replayed instead: ${noReplay}.`,
  };
}

async function pack(
  ports: PackSourcesPorts,
  input: PackInput,
  command: ChosenCommand | undefined,
): Promise<SandboxRequest | { readonly cannotRun: string }> {
  const notes: string[] = [];
  const chosen = await chooseOfSuspect(ports, input, notes);
  if ('cannotRun' in chosen) return chosen;
  const source = ports.services[input.suspectService]?.source ?? '';
  const revisions = await packRevisions(ports, input.suspectService, source, { chosen, notes });
  const neighbours: SourceArchive[] = [];
  const owner = command?.owner.name ?? input.suspectService;
  const names = new Set([input.service, owner, ...input.neighbours]);
  names.delete(input.suspectService);
  for (const name of names) {
    const archive = await packNeighbour(ports, name, notes);
    if (archive) neighbours.push(archive);
    else if (name === owner)
      return { cannotRun: `The source of ${name}, whose command runs, could not be packed: ${notes.at(-1)}` };
  }
  const logs = await loadEvidence(
    ports.store,
    input.evidence.filter(({ kind }) => kind === 'logs'),
  );
  const expected = readSignatures(logs);
  const replay = planOf(ports, input, { neighbours, logs, notes });
  const sandbox = command?.sandbox ?? ports.services[input.suspectService]?.sandbox;
  if (!sandbox || (!command && 'none' in replay)) return noCommand(input, 'none' in replay ? replay.none : '');
  return {
    incidentId: input.incidentId,
    runId: input.runId,
    image: sandbox.image,
    workService: owner,
    setup: sandbox.setup,
    command: command?.argv ?? [],
    suspectService: input.suspectService,
    revisions,
    history: chosen.parents,
    gaps: chosen.gaps,
    suspectIndex: chosen.suspectIndex,
    neighbours,
    limits: {
      memoryMb: sandbox.memoryMb,
      cpus: sandbox.cpus,
      timeoutMs: Math.min(sandbox.timeoutMs, input.timeoutMs),
      outputBytes,
    },
    ...(expected.length > 0 ? { expected } : {}),
    ...('none' in replay ? {} : { replay, ways: orderWays(command) }),
    ...(input.gap ? {} : { fix: orderFix(ports.services[input.suspectService]?.sandbox) }),
    notes: notes.map((note) => toOneLine(ports.redact(note))),
  };
}

/** A command made for the failure comes first; before plain tests, what failed in production is tried itself. */
function orderWays(command: ChosenCommand | undefined): readonly ReproductionWay[] {
  if (!command) return ['request'];
  return command.isOwnTest ? ['request', 'test'] : ['test', 'request'];
}

/** In a gap the last revision is not what is deployed, and the round before has tried the fix. */
function orderFix(sandbox: SandboxSettings | undefined): FixOrder {
  if (!sandbox?.test) return {};
  const { image, setup, test } = sandbox;
  return { test: { image, setup, command: test } };
}

function planOf(
  ports: PackSourcesPorts,
  input: PackInput,
  found: {
    readonly neighbours: readonly SourceArchive[];
    readonly logs: readonly EvidenceWithBody[];
    readonly notes: string[];
  },
): ReplayPlan | { readonly none: string } {
  const { neighbours, logs, notes } = found;
  const replay = planReplay({
    services: ports.services,
    service: input.service,
    suspectService: input.suspectService,
    packed: [input.suspectService, ...neighbours.map(({ service }) => service)],
    evidence: logs,
    timeoutMs: input.timeoutMs,
  });
  if ('none' in replay) {
    if (ports.services[input.suspectService]?.sandbox?.run) notes.push(`no request is replayed: ${replay.none}`);
    return replay;
  }
  notes.push(...replay.standIns.map(({ service }) => `${service} is played by a stand-in, as its logs tell`));
  return replay;
}

async function chooseOfSuspect(
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
async function packRevisions(
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

function isStoreTrouble(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return false;
  return (error.trouble as { readonly system?: string }).system === 'EvidenceStore';
}
