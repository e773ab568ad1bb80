import type { EvidenceWithBody } from '../../domain/diagnosis/engine.ts';
import type { SandboxRequest, SourceArchive } from '../../domain/reproduction/reproduction.ts';
import type { ReplayPlan } from '../../domain/reproduction/replay.ts';
import { readSignatures } from '../../domain/reproduction/expected.ts';
import type { SandboxSettings, ServiceSettings } from '../../domain/settings.ts';
import { toOneLine } from '../../domain/text.ts';
import type { ObserveActivities, PackInput } from '../contract.ts';
import { packWritten, type PackedProof } from '../candidate-fix/pack-written.ts';
import { isWorthRetrying, loadEvidence } from './load-evidence.ts';
import { nameImage } from './name-image.ts';
import { orderFix, orderWays } from './order-ways.ts';
import { planReplay } from './plan-replay.ts';
import {
  chooseOfSuspect,
  isStoreTrouble,
  packNeighbour,
  packRevisions,
  type PackSourcesPorts,
} from './pack-revisions.ts';

export type { PackSourcesPorts };

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
  const own = ports.services[input.suspectService];
  const { script, written } = await packProof(ports, input, revisions, notes);
  const sandbox = command?.sandbox ?? own?.sandbox;
  if (!sandbox || (!command && !script && 'none' in replay))
    return noCommand(input, 'none' in replay ? replay.none : '');
  const image = await nameImage(ports, owner, sandbox.image);
  if (typeof image !== 'string') return image;
  return {
    incidentId: input.incidentId,
    runId: input.runId,
    image,
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
    ...('none' in replay ? {} : { replay }),
    ...(script ? { script } : {}),
    ways: orderWays(command, 'none' in replay ? undefined : replay, script),
    ...(input.gap ? {} : { fix: { ...orderFix(own?.sandbox), ...(written ? { written } : {}) } }),
    notes: notes.map((note) => toOneLine(ports.redact(note))),
  };
}

async function packProof(
  { store, redact, services }: PackSourcesPorts,
  { written, gap, service, suspectService }: PackInput,
  revisions: readonly SourceArchive[],
  notes: string[],
): Promise<Omit<PackedProof, 'notes'>> {
  const deployed = revisions.at(-1);
  if (!written || !deployed || gap) return {};
  const commands = [service, suspectService].flatMap((name) => {
    const { reproduce = [], test = [], setup = [] } = services[name]?.sandbox ?? {};
    return [reproduce, test, ...setup];
  });
  const packed = await packWritten(store, written, deployed, commands);
  notes.push(...packed.notes.map((note) => toOneLine(redact(note))));
  return packed;
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
