import type { Redact } from '../../domain/redaction.ts';
import { Context } from '@temporalio/activity';
import type { Sandbox } from '../../adapters/docker/sandbox.ts';
import { cannotRun, parentOf, type Reproduction, type SandboxRequest } from '../../domain/reproduction/reproduction.ts';
import type { SandboxActivities } from '../contract.ts';
import { listFinished, readFinished, replaceWay, type Progress } from './finished-runs.ts';
import type { BodyStore } from './try-revision.ts';
import { readRemedy, tryWays } from './try-ways.ts';

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
  readonly sandbox: Pick<Sandbox, 'preflight' | 'ensureImage' | 'run' | 'runGroup' | 'packSource' | 'reap'>;
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
    const before = request.revisions[parentOf(request)]?.revision ?? '';
    const cannot = (reason: string) => cannotRun(reason, request.suspectService, suspect, before);
    if (!suspect || !before) {
      return cannot('There is no revision before the suspect to compare with. Widen the window of the incident.');
    }
    try {
      let progress: Progress = { phase: '', finished: listFinished(lastDetails) };
      const beat = (rest: Partial<Progress>) => heartbeat((progress = { ...progress, ...rest }));
      beat({ phase: 'preflight' });
      const preflight = await sandbox.preflight();
      if (!preflight.ok) return cannot(preflight.reason);
      await sandbox.reap({ runId: request.runId });
      const runTimeoutMs = Math.min(request.limits.timeoutMs, Math.max(1, remainingMs() - overheadMs) / decidingRuns);
      if (runTimeoutMs < Math.min(shortestRunMs, request.limits.timeoutMs)) {
        return cannot('There is no time for even a short run. Raise `timings.sandboxTimeoutSeconds` in resident.yaml.');
      }
      return await tryWays(request, {
        sandbox,
        store,
        runTimeoutMs,
        signal,
        hasTime: () => remainingMs() > runTimeoutMs + overheadMs,
        onPhase: (phase) => beat({ phase }),
        report: (way, phase, finished) => beat({ phase, finished: replaceWay(progress.finished, way, finished) }),
        finishedBefore: (imageId, way) => readFinished(lastDetails, imageId, way),
        ...(redact ? { redact } : {}),
      });
    } catch (error) {
      signal.throwIfAborted();
      const reason = readRemedy(error);
      if (reason === undefined) throw error;
      return cannot(reason);
    }
  };
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
