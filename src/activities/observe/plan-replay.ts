import { assignPorts } from '../../domain/reproduction/assign-ports.ts';
import { chooseRequest, listAnswers, readOnlyMethods } from '../../domain/reproduction/choose-request.ts';
import type { ReplayPlan, StartOrder } from '../../domain/reproduction/replay.ts';
import type { EvidenceWithBody } from '../../domain/diagnosis/engine.ts';
import type { RunSettings, SandboxSettings, ServiceSettings } from '../../domain/settings.ts';

export interface ReplayQuestion {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  /** The service that the alert names. */
  readonly service: string;
  readonly suspectService: string;
  /** Services whose sources are at hand, the suspect included. */
  readonly packed: readonly string[];
  /** Logs of the incident, with their bodies. */
  readonly evidence: readonly EvidenceWithBody[];
  /** Limit of one run. */
  readonly timeoutMs: number;
}

/** Memory of one group in all, so that a large fleet does not fill the machine. */
const maxGroupMb = 8_192;
const shortestAnswerMs = 10_000;
/** A sandbox is slower than production, and what hangs there shows after this many times as long. */
const patience = 3;

/**
 * Plans the replay of a request that failed: which request, which services are started beside the one that gets it, and what
 * stands in for the others. Where that cannot be, says why.
 */
export function planReplay(question: ReplayQuestion): ReplayPlan | { readonly none: string } {
  const { suspectService, service, evidence } = question;
  if (!runOf(question, suspectService)) {
    return { none: `${suspectService} has no \`sandbox.run\`, so it cannot be started and sent a request` };
  }
  const targets = [...new Set([service, suspectService])].filter((target) =>
    listStarted(question, target).includes(suspectService),
  );
  const request = chooseRequest({
    evidence,
    services: targets,
    methods: Object.fromEntries(
      targets.map((target) => [target, question.services[target]?.sandbox?.replayMethods ?? readOnlyMethods]),
    ),
  });
  if ('none' in request) return request;
  const started = listStarted(question, request.service).flatMap((name) => runOf(question, name) ?? []);
  const ports = assignPorts(started.map(({ name, run }) => ({ service: name, ...run })));
  if ('conflict' in ports) return { none: ports.conflict };
  const totalMb = started.reduce((sum, { sandbox }) => sum + sandbox.memoryMb, 0);
  if (totalMb > maxGroupMb) {
    const names = started.map(({ name }) => name).join(', ');
    return {
      none: `${names} would take ${totalMb} MB together, and ${maxGroupMb} MB is the most; lower \`sandbox.memoryMb\``,
    };
  }
  return {
    request,
    services: started.map(({ name, sandbox, run }) => orderStart(name, sandbox, run, ports.services)),
    standIns: ports.standIns.map((standIn) => ({ ...standIn, answers: listAnswers(evidence, standIn.service) })),
    answerTimeoutMs: Math.round(
      Math.min(question.timeoutMs / 2, Math.max(shortestAnswerMs, patience * (request.durationMs ?? 0))),
    ),
  };
}

interface Startable {
  readonly name: string;
  readonly sandbox: SandboxSettings;
  readonly run: RunSettings;
}

function runOf({ services, packed }: ReplayQuestion, name: string): Startable | undefined {
  const sandbox = services[name]?.sandbox;
  return sandbox?.run && packed.includes(name) ? { name, sandbox, run: sandbox.run } : undefined;
}

/** The target and the neighbours that it reaches through services that can be started. */
function listStarted(question: ReplayQuestion, target: string): readonly string[] {
  if (!runOf(question, target)) return [];
  const reached = [target];
  for (const name of reached) {
    for (const next of question.services[name]?.dependsOn ?? []) {
      if (runOf(question, next) && !reached.includes(next)) reached.push(next);
    }
  }
  return reached;
}

function orderStart(
  service: string,
  { image, setup, memoryMb, cpus }: SandboxSettings,
  { readyPath, readyTimeoutMs }: RunSettings,
  settled: readonly Pick<StartOrder, 'service' | 'port' | 'command' | 'environment'>[],
): StartOrder {
  const own = settled.find((one) => one.service === service);
  if (!own) throw new Error(`No port was settled for ${service}.`);
  return { ...own, image, setup, memoryMb, cpus, readyTimeoutMs, ...(readyPath === undefined ? {} : { readyPath }) };
}
