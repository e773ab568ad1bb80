import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { PackedSource, Sandbox, SandboxImage } from '../../adapters/docker/sandbox.ts';
import type { Redact } from '../../domain/redaction.ts';
import { cannotRun, parentOf } from '../../domain/reproduction/reproduction.ts';
import type {
  PackedScript,
  Reproduction,
  ReproductionWay,
  SandboxRequest,
} from '../../domain/reproduction/reproduction.ts';
import type { FixOrder } from '../../domain/reproduction/candidate-fix.ts';
import { combineWays, nameWay, type WayResult } from '../../domain/reproduction/combine-ways.ts';
import { judgeRuns, type Judged } from '../../domain/reproduction/judge.ts';
import { tryFix } from '../candidate-fix/try-fix.ts';
import type { FinishedRun } from './finished-runs.ts';
import { createReplay, describeRequest, listSetup } from './replay-revision.ts';
import { createCommandRun, createTrials, type BodyStore, type RunRevision, type Trials } from './try-revision.ts';

export interface WaysContext {
  readonly sandbox: Pick<Sandbox, 'ensureImage' | 'run' | 'runGroup' | 'packSource'>;
  readonly store: BodyStore;
  readonly runTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Whether one more run fits into the time that is left. */
  readonly hasTime: () => boolean;
  readonly onPhase: (phase: string) => void;
  readonly report: (way: ReproductionWay, phase: string, finished: readonly FinishedRun[]) => void;
  /** What an earlier attempt of the same activity finished with this image, this way. */
  readonly finishedBefore: (imageId: string, way: ReproductionWay) => readonly FinishedRun[];
  readonly redact?: Redact;
}

/** Tries the ways of a request in their order until one shows the failure, each by the same rule over runs of revisions. */
export async function tryWays(request: SandboxRequest, context: WaysContext): Promise<Reproduction> {
  const results: WayResult[] = [];
  for (const way of request.ways ?? ['test']) {
    if (results.length > 0 && !context.hasTime()) break;
    const reproduction = await tryOneWay(request, way, context);
    results.push({ way, name: nameWay(way, request), reproduction });
    if (reproduction.verdict === 'reproduced') break;
  }
  return combineWays(results);
}

async function tryOneWay(request: SandboxRequest, way: ReproductionWay, context: WaysContext): Promise<Reproduction> {
  const { sandbox, store, runTimeoutMs, signal, redact } = context;
  const of = {
    suspectService: request.suspectService,
    suspect: request.revisions[request.suspectIndex]?.revision ?? '',
    before: request.revisions[parentOf(request)]?.revision ?? '',
  };
  try {
    const own = requestOf(request, way);
    const image = await sandbox.ensureImage(own.image, (step) => context.onPhase(`image: ${step}`));
    const runRevision = await chooseRun(own, way, image.id, context);
    const trials = createTrials({
      request: own,
      sandbox,
      store,
      image,
      runTimeoutMs,
      signal,
      report: (phase, finished) => context.report(way, phase, finished),
      finished: context.finishedBefore(image.id, way),
      way,
      runRevision,
      ...(redact ? { redact } : {}),
    });
    const judged = await tryUntilJudged(own, trials, context.hasTime);
    const runs = trials.tried.map(({ run }) => run);
    const shownBy = way === 'test' ? {} : { shownBy: nameWay(way, request) };
    const reproduction = { ...of, ...judged, ...shownBy, runs, imageDigest: image.id };
    return judged.verdict === 'reproduced' && request.fix
      ? { ...reproduction, ...(await addFix(reproduction, request.fix, { own, way, image, runRevision }, context)) }
      : reproduction;
  } catch (error) {
    signal.throwIfAborted();
    const reason = readRemedy(error);
    if (reason === undefined) throw error;
    return cannotRun(reason, of.suspectService, of.suspect, of.before);
  }
}

interface ShownBy {
  readonly own: SandboxRequest;
  readonly way: ReproductionWay;
  readonly image: Pick<SandboxImage, 'id'>;
  readonly runRevision: RunRevision;
}

/** A fix that cannot be tried takes nothing from the proof; what a retry can mend is thrown all the same. */
async function addFix(
  reproduction: Reproduction,
  order: FixOrder,
  { own, way, image, runRevision }: ShownBy,
  context: WaysContext,
): Promise<Pick<Reproduction, 'fix'>> {
  const { sandbox, store, runTimeoutMs, signal, redact, hasTime, onPhase } = context;
  try {
    const fix = await tryFix(reproduction, {
      ...{ order, request: own, way, image, runRevision, sandbox, store, runTimeoutMs, signal, hasTime, onPhase },
      ensureImage: (name) => sandbox.ensureImage(name, (step) => onPhase(`image: ${step}`)),
      ...(redact ? { redact } : {}),
    });
    return fix ? { fix } : {};
  } catch (error) {
    signal.throwIfAborted();
    const reason = readRemedy(error);
    if (reason === undefined) throw error;
    const base = { source: 'revert', of: reproduction.firstBad ?? reproduction.suspect } as const;
    return { fix: { ...base, verdict: 'cannot-run', reason, newlyBroken: [], runs: [] } };
  }
}

/** The request as one way sees it: what is run, where, and what is set up before. */
function requestOf(request: SandboxRequest, way: ReproductionWay): SandboxRequest {
  const { replay, script } = request;
  switch (way) {
    case 'test':
      return request;
    case 'request': {
      if (!replay) throw new TypeError('A request is to be replayed, and none was chosen.');
      const { service, image } = replay.services[0] ?? { service: request.suspectService, image: request.image };
      return { ...request, image, workService: service, command: describeRequest(replay), setup: listSetup(replay) };
    }
    case 'script': {
      if (!script) throw new TypeError('A written script is to be run, and there is none.');
      return { ...request, workService: request.suspectService, command: script.command };
    }
  }
}

async function chooseRun(
  request: SandboxRequest,
  way: ReproductionWay,
  imageId: string,
  context: WaysContext,
): Promise<RunRevision> {
  const { sandbox, signal, runTimeoutMs, onPhase } = context;
  const command = createCommandRun({ request, sandbox, image: { id: imageId }, signal });
  if (way === 'request' && request.replay) {
    return createReplay({ request, plan: request.replay, sandbox, runTimeoutMs, signal, onStep: onPhase });
  }
  if (way !== 'script' || !request.script) return command;
  const script = await packScript(request.suspectService, request.script, context);
  return (sources, limits) => command([...sources, script], limits);
}

/** The script's text as one more file beside the service's own. */
async function packScript(service: string, script: PackedScript, context: WaysContext): Promise<PackedSource> {
  const tar = pack();
  tar.entry({ name: script.path }, await context.store.get(script.digest));
  tar.finalize();
  return context.sandbox.packSource(service, await buffer(tar));
}

async function tryUntilJudged(request: SandboxRequest, trials: Trials, hasTime: () => boolean): Promise<Judged> {
  for (;;) {
    const next = judgeRuns({ request, tried: trials.tried, hasTime: hasTime() });
    if (next.kind === 'judged') return next.judged;
    await trials.tryIndex(next.index, { isRepeat: next.isRepeat });
  }
}

/** The message of a trouble that trying again cannot mend: it names the remedy for a person. */
export function readRemedy(error: unknown): string | undefined {
  const { trouble, message } = error as { trouble?: { retryable: boolean }; message?: string };
  return trouble?.retryable === false ? message : undefined;
}
