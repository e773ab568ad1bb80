import type { Redact } from '../domain/redaction.ts';
import { Context } from '@temporalio/activity';
import type { Sandbox } from '../adapters/docker/sandbox.ts';
import { cannotRun, type Reproduction, type SandboxRequest } from '../domain/reproduction.ts';
import { judgeRuns, type Judged } from '../domain/reproduction/judge.ts';
import type { SandboxActivities } from './contract.ts';
import { readFinished, type Progress } from './finished-runs.ts';
import { createTrials, type BodyStore, type Trials } from './try-revision.ts';

/** What a run needs of its surroundings; in a worker, of Temporal's activity context. */
export interface RunContext {
  readonly signal: AbortSignal;
  readonly heartbeat: (details: unknown) => void;
  /** Time until the activity is given up; infinite where nobody gives up. */
  readonly remainingMs: () => number;
  /** Details of the last heartbeat of the attempt before this one, where there was one. */
  readonly lastDetails?: unknown;
}

export interface RunReproductionParts {
  readonly sandbox: Pick<Sandbox, 'preflight' | 'ensureImage' | 'run' | 'packSource' | 'reap'>;
  readonly store: BodyStore;
  readonly context?: () => RunContext;
  readonly redact?: Redact;
}

/** Suspect, the one before, the suspect twice more and the one before once more: each must fit, with time left to remove the container. */
const decidingRuns = 5;
const overheadMs = 5_000;
const shortestRunMs = 1_000;

/**
 * Makes the activity that runs a failure on the suspect revision and on earlier ones. Trouble of the surroundings that a
 * person must mend (no engine, no image, sources too large) is the verdict `cannot-run` with its remedy; an engine that is
 * lost in mid-run is thrown as retryable. What an earlier attempt of the same incident run left behind is removed first; what
 * it finished is taken over.
 */
export function createRunReproduction({
  sandbox,
  store,
  context = readTemporalContext,
  redact,
}: RunReproductionParts): SandboxActivities['runReproduction'] {
  return async function runReproduction(request: SandboxRequest): Promise<Reproduction> {
    const { signal, heartbeat, remainingMs, lastDetails } = context();
    const suspect = request.revisions[request.suspectIndex]?.revision ?? '';
    const before = request.revisions[request.suspectIndex - 1]?.revision ?? '';
    const cannot = (reason: string) => cannotRun(reason, request.suspectService, suspect, before);
    if (!suspect || !before) {
      return cannot('There is no revision before the suspect to compare with. Widen the window of the incident.');
    }
    try {
      let progress = carryOver(lastDetails);
      const beat = (rest: Partial<Progress>) => heartbeat((progress = { ...progress, ...rest }));
      beat({ phase: 'preflight' });
      const preflight = await sandbox.preflight();
      if (!preflight.ok) return cannot(preflight.reason);
      await sandbox.reap({ runId: request.runId });
      const image = await sandbox.ensureImage(request.image, (step) => beat({ phase: `image: ${step}` }));
      const runTimeoutMs = Math.min(request.limits.timeoutMs, Math.max(1, remainingMs() - overheadMs) / decidingRuns);
      if (runTimeoutMs < Math.min(shortestRunMs, request.limits.timeoutMs)) {
        return cannot('There is no time for even a short run. Raise `timings.sandboxTimeoutSeconds` in resident.yaml.');
      }
      const trials = createTrials({
        request,
        sandbox,
        store,
        image,
        runTimeoutMs,
        signal,
        report: (phase, finished) => beat({ phase, imageId: image.id, finished }),
        finished: readFinished(lastDetails, image.id),
        ...(redact ? { redact } : {}),
      });
      const hasTime = () => remainingMs() > runTimeoutMs + overheadMs;
      const judged = await tryUntilJudged(request, trials, hasTime);
      const runs = trials.tried.map(({ run }) => run);
      return { suspectService: request.suspectService, suspect, before, ...judged, runs, imageDigest: image.id };
    } catch (error) {
      signal.throwIfAborted();
      const reason = readRemedy(error);
      if (reason === undefined) throw error;
      return cannot(reason);
    }
  };
}

async function tryUntilJudged(request: SandboxRequest, trials: Trials, hasTime: () => boolean): Promise<Judged> {
  for (;;) {
    const next = judgeRuns({ request, tried: trials.tried, hasTime: hasTime() });
    if (next.kind === 'judged') return next.judged;
    await trials.tryIndex(next.index, { isRepeat: next.isRepeat });
  }
}

/** What is known from the attempt before is kept alive until it is taken over: this one may be killed as well. */
function carryOver(details: unknown): Progress {
  const { imageId, finished } = (details ?? {}) as Partial<Progress>;
  return { phase: '', finished: finished ?? [], ...(imageId === undefined ? {} : { imageId }) };
}

/** The message of a trouble that trying again cannot mend: it names the remedy for a person. */
function readRemedy(error: unknown): string | undefined {
  const { trouble, message } = error as { trouble?: { retryable: boolean }; message?: string };
  return trouble?.retryable === false ? message : undefined;
}

function readTemporalContext(): RunContext {
  const context = Context.current();
  const { startToCloseTimeoutMs } = context.info;
  const lastDetails: unknown = context.info.heartbeatDetails;
  // Counted on this machine's clock from now: the server's may differ.
  const endsAt = startToCloseTimeoutMs > 0 ? Date.now() + startToCloseTimeoutMs : Infinity;
  return {
    signal: context.cancellationSignal,
    heartbeat: (details) => context.heartbeat(details),
    remainingMs: () => endsAt - Date.now(),
    lastDetails,
  };
}
