import type { GroupReport, MemberReport, PackedSource, RunReport, Sandbox } from '../../adapters/docker/sandbox.ts';
import type { SandboxRequest } from '../../domain/reproduction/reproduction.ts';
import { judgeReplay } from '../../domain/reproduction/judge-replay.ts';
import type { ChosenRequest, ReplayAnswer, ReplayPlan } from '../../domain/reproduction/replay.ts';
import type { ToldReplay } from '../../domain/reproduction/show-replay.ts';

export interface ReplayContext {
  readonly request: Pick<SandboxRequest, 'incidentId' | 'runId' | 'limits'>;
  readonly plan: ReplayPlan;
  readonly sandbox: Pick<Sandbox, 'runGroup' | 'ensureImage'>;
  readonly runTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told what is done about images. */
  readonly onStep: (step: string) => void;
}

/** A run of several services at once. */
export interface ReplayReport extends Omit<RunReport, 'layeredImageId'>, Pick<GroupReport, 'layeredImageIds'> {
  /** What its request told; absent where nothing failed. */
  readonly told?: ToldReplay;
}

/** Image with Node that can be built wherever Resident runs: the driver's. */
const driverImage = 'node';
/** The container of the driver takes part in the limit; its own share is set by the adapter. */
const driverShareMb = 96;
const shownBodyLength = 500;

/** The request as a run's command, for people. */
export function describeRequest({ request }: ReplayPlan): readonly string[] {
  return [request.method, request.path];
}

/** The set-up commands of all services of a replay, in the order in which a report counts them. */
export function listSetup({ services }: ReplayPlan): readonly (readonly string[])[] {
  return services.flatMap(({ setup }) => setup);
}

/**
 * Makes the way of running one revision that starts the services and sends them the recorded request. `sources` hold every
 * service, the suspect at the revision that is tried.
 */
export function createReplay(context: ReplayContext): (sources: readonly PackedSource[]) => Promise<ReplayReport> {
  const { request, plan, sandbox, runTimeoutMs, signal, onStep } = context;
  const imageIds = new Map<string, Promise<string>>();
  const imageOf = (name: string) => {
    const known = imageIds.get(name) ?? sandbox.ensureImage(name, onStep).then(({ id }) => id);
    imageIds.set(name, known);
    return known;
  };
  return async (sources) => {
    const memoryMb = plan.services.reduce((sum, service) => sum + service.memoryMb, driverShareMb);
    const cpus = Math.max(...plan.services.map((service) => service.cpus));
    const report = await sandbox.runGroup({
      incidentId: request.incidentId,
      runId: request.runId,
      driverImageId: await imageOf(driverImage),
      members: await Promise.all(
        plan.services.map(async ({ image, memoryMb: ownMb, cpus: own, ...service }) => ({
          ...service,
          imageId: await imageOf(image),
          sources: sources.filter((source) => source.service === service.service),
          limits: { memoryMb: ownMb, cpus: own },
        })),
      ),
      standIns: plan.standIns,
      request: { method: plan.request.method, path: plan.request.path },
      answerTimeoutMs: plan.answerTimeoutMs,
      limits: { ...request.limits, memoryMb, cpus, timeoutMs: runTimeoutMs },
      signal,
    });
    return readGroup(plan, report);
  };
}

/** A group's report as that of a run: passed where the request did not fail. */
export function readGroup(plan: ReplayPlan, report: GroupReport): ReplayReport {
  const { outcome, members, durationMs, note, layeredImageIds } = report;
  const say = (told: ToldReplay | undefined, line: string, rest: Pick<RunReport, 'end' | 'exitCode'>): ReplayReport => {
    const output = renderOutput(report, line);
    return {
      ...rest,
      ...{ durationMs, output, totalBytes: output.length },
      ...(told === undefined ? {} : { told }),
      ...(note === undefined ? {} : { note }),
      ...(layeredImageIds === undefined ? {} : { layeredImageIds }),
    };
  };
  const trouble = (why: string) => say({ kind: 'trouble', why, template: why }, why, { end: 'failed', exitCode: 1 });
  switch (outcome.kind) {
    case 'answer': {
      const judgement = judgeReplay(plan.request, outcome.answer);
      const line = `${describeRequest(plan).join(' ')} to ${plan.request.service}: ${judgement.why}`;
      if (judgement.kind === 'well') return say(undefined, line, { end: 'passed', exitCode: 0 });
      const end = nameEnd(outcome.answer, members);
      const told = { kind: judgement.kind, why: judgement.why, ...describeFailure(plan.request, outcome.answer) };
      return say(told, line, { end, exitCode: end === 'timed-out' ? -1 : 1 });
    }
    case 'not-ready':
      return trouble(
        `${outcome.service} was ${outcome.detail.startsWith('not ready') ? '' : 'not ready: '}${outcome.detail}`,
      );
    case 'unreadable':
      return trouble(`what happened to the request could not be read: ${outcome.detail}`);
    case 'set-up-failed': {
      const before = plan.services.slice(
        0,
        plan.services.findIndex(({ service }) => service === outcome.service),
      );
      const own = plan.services[before.length]?.setup ?? [];
      const index = before.flatMap(({ setup }) => setup).length + own.indexOf(outcome.command);
      const failed = say(undefined, `set-up of ${outcome.service} failed`, {
        end: 'failed',
        exitCode: outcome.exitCode,
      });
      return { ...failed, failedSetup: index };
    }
  }
}

function nameEnd(answer: ReplayAnswer, members: readonly MemberReport[]): RunReport['end'] {
  if (answer.kind === 'silent') return 'timed-out';
  return members.some(({ end }) => end === 'out-of-memory') ? 'out-of-memory' : 'failed';
}

function describeFailure(
  { method, path }: ChosenRequest,
  answer: ReplayAnswer,
): Pick<ToldReplay, 'template' | 'status'> {
  if (answer.kind !== 'answered') return { template: `${method} ${path}: ${answer.kind}` };
  const template = `${method} ${path}: answered ${answer.status}`;
  return answer.status >= 400 && answer.status <= 599 ? { template, status: answer.status } : { template };
}

/** What the services wrote, then what became of the request: people see the end first. */
function renderOutput({ members, asked, outcome }: GroupReport, line: string): Buffer {
  const parts = members.flatMap(({ service, output, end, exitCode }) => {
    const ended = end === undefined ? '' : `\n[${service} ended: ${end}, exit code ${exitCode ?? -1}]`;
    return [Buffer.from(`--- ${service}\n`), output, Buffer.from(`${ended}\n`)];
  });
  const body = outcome.kind === 'answer' && outcome.answer.kind === 'answered' ? outcome.answer.body : '';
  const lines = [
    ...asked.map(({ service, method, path, status }) => `[stand-in ${service}: ${method} ${path} answered ${status}]`),
    ...(body === '' ? [] : [`[body] ${body.slice(0, shownBodyLength)}`]),
    line,
  ];
  return Buffer.concat([...parts, Buffer.from(`${lines.join('\n')}\n`)]);
}
