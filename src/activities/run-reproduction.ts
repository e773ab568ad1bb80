import type { Redact } from '../domain/redaction.ts';
import { Context } from '@temporalio/activity';
import type { Sandbox } from '../adapters/docker/sandbox.ts';
import { planBisect } from '../domain/bisect.ts';
import { cannotRun, type Reproduction, type SandboxRequest, type SandboxRun } from '../domain/reproduction.ts';
import type { SandboxActivities } from './contract.ts';
import { createTrials, type BodyStore } from './try-revision.ts';

/** What a run needs of its surroundings; in a worker, of Temporal's activity context. */
export interface RunContext {
  readonly signal: AbortSignal;
  readonly heartbeat: (details: unknown) => void;
  /** Time until the activity is given up; infinite where nobody gives up. */
  readonly remainingMs: () => number;
}

export interface RunReproductionParts {
  readonly sandbox: Pick<Sandbox, 'preflight' | 'ensureImage' | 'run' | 'packSource' | 'reap'>;
  readonly store: BodyStore;
  readonly context?: () => RunContext;
  readonly redact?: Redact;
}

/** Three runs decide (suspect, the one before, the suspect again); each must fit, with time left to remove the container. */
const decidingRuns = 3;
const overheadMs = 5_000;
const shortestRunMs = 1_000;
const shownLength = 12;
/** A shell's and Docker's exit codes for a program that cannot be started. */
const notStartedCodes = [126, 127];

/**
 * Makes the activity that runs a failure on the suspect revision and on earlier ones. Trouble of the surroundings that a
 * person must mend (no engine, no image, sources too large) is the verdict `cannot-run` with its remedy; an engine that is
 * lost in mid-run is thrown as retryable. What an earlier attempt of the same incident run left behind is removed first.
 */
export function createRunReproduction({
  sandbox,
  store,
  context = readTemporalContext,
  redact,
}: RunReproductionParts): SandboxActivities['runReproduction'] {
  return async function runReproduction(request: SandboxRequest): Promise<Reproduction> {
    const { signal, heartbeat, remainingMs } = context();
    const suspect = request.revisions[request.suspectIndex]?.revision ?? '';
    const before = request.revisions[request.suspectIndex - 1]?.revision ?? '';
    const cannot = (reason: string) => cannotRun(reason, request.suspectService, suspect, before);
    if (!suspect || !before) {
      return cannot('There is no revision before the suspect to compare with. Widen the window of the incident.');
    }
    try {
      heartbeat({ phase: 'preflight' });
      const preflight = await sandbox.preflight();
      if (!preflight.ok) return cannot(preflight.reason);
      await sandbox.reap({ runId: request.runId });
      const image = await sandbox.ensureImage(request.image, (step) => heartbeat({ phase: 'image', step }));
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
        heartbeat,
        ...(redact ? { redact } : {}),
      });
      const hasTime = () => remainingMs() > runTimeoutMs + overheadMs;
      const judged = await judge(request, trials, hasTime);
      return { suspectService: request.suspectService, suspect, before, ...judged, imageDigest: image.id };
    } catch (error) {
      signal.throwIfAborted();
      const reason = readRemedy(error);
      if (reason === undefined) throw error;
      return cannot(reason);
    }
  };
}

type Trials = ReturnType<typeof createTrials>;
type Judged = Pick<Reproduction, 'verdict' | 'runs' | 'reason'> & Partial<Pick<Reproduction, 'firstBad' | 'before'>>;

/**
 * Reproduced means: fails on the suspect, again when repeated, and passes on an earlier revision. Where the one just before
 * fails as well, or the suspect passes, the window is bisected for the revision that the failure came with.
 */
async function judge(request: SandboxRequest, trials: Trials, hasTime: () => boolean): Promise<Judged> {
  const { suspectIndex, revisions } = request;
  const nameOf = (index: number) => (revisions[index]?.revision ?? '').slice(0, shownLength);
  const { runs } = trials;
  const suspectRun = await trials.tryIndex(suspectIndex);
  if (trials.trials[suspectIndex] === 'skip') return cannotJudge(suspectRun, runs);
  if (trials.trials[suspectIndex] === 'bad') await trials.tryIndex(suspectIndex - 1);

  let step = planBisect(revisions.length, trials.trials);
  while (step.kind === 'try' && hasTime()) {
    await trials.tryIndex(step.index);
    step = planBisect(revisions.length, trials.trials);
  }
  const failsOnSuspect = trials.trials[suspectIndex] === 'bad';
  const passes = `The command passes on the suspect ${nameOf(suspectIndex)}`;
  switch (step.kind) {
    case 'try':
      return { verdict: 'cannot-run', runs, reason: `The time for the reproduction ended after ${runs.length} runs.` };
    case 'undecided':
      return cannotJudge(runs.at(-1) ?? suspectRun, runs);
    case 'all-good':
      return { verdict: 'not-reproduced', runs, reason: `${passes} and on the other revisions of the window.` };
    case 'all-bad':
      return failsEverywhere(runs, nameOf(suspectIndex), nameOf(suspectIndex - 1), nameOf(0));
    case 'found': {
      const firstBad = revisions[step.firstBad]?.revision ?? '';
      const found = { firstBad, runs };
      if (!failsOnSuspect) {
        return { verdict: 'not-reproduced', ...found, reason: `${passes}; it fails from ${nameOf(step.firstBad)} on.` };
      }
      const again = await trials.tryIndex(step.firstBad, { fresh: true });
      if (again.end === 'passed') {
        const reason = `On ${nameOf(step.firstBad)} the command failed once and passed once, so it proves nothing.`;
        return { verdict: 'flaky', runs, reason };
      }
      const before = revisions[(step.candidates[0] ?? step.firstBad) - 1]?.revision ?? '';
      return { verdict: 'reproduced', ...found, before, reason: '' };
    }
  }
}

function failsEverywhere(runs: readonly SandboxRun[], suspect: string, before: string, oldest: string): Judged {
  const [first] = runs;
  if (first && runs.every(({ exitCode }) => notStartedCodes.includes(exitCode))) {
    const reason =
      `The command could not be started (exit code ${first.exitCode}): ${lastLine(first)} ` +
      'Change `sandbox.reproduce` or `sandbox.test`, or use an image that has the program.';
    return { verdict: 'cannot-run', runs, reason };
  }
  const reason =
    `The command fails on both the suspect ${suspect} and ${before} before it, and on ${oldest}, the oldest of the window, ` +
    'so the failure did not come with a change of this window.';
  return { verdict: 'not-reproduced', runs, reason };
}

function cannotJudge(run: SandboxRun, runs: readonly SandboxRun[]): Judged {
  const reason =
    `The set-up command \`${run.command.join(' ')}\` did not work on ${run.revision.slice(0, shownLength)} ` +
    `(${run.end}, exit code ${run.exitCode}): ${lastLine(run)} The sandbox has no network; set-up must work without one.`;
  return { verdict: 'cannot-run', runs, reason };
}

function lastLine({ outputTail }: SandboxRun): string {
  return outputTail.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}

/** The message of a trouble that trying again cannot mend: it names the remedy for a person. */
function readRemedy(error: unknown): string | undefined {
  const { trouble, message } = error as { trouble?: { retryable: boolean }; message?: string };
  return trouble?.retryable === false ? message : undefined;
}

function readTemporalContext(): RunContext {
  const context = Context.current();
  const { startToCloseTimeoutMs } = context.info;
  // Counted on this machine's clock from now: the server's may differ.
  const endsAt = startToCloseTimeoutMs > 0 ? Date.now() + startToCloseTimeoutMs : Infinity;
  return {
    signal: context.cancellationSignal,
    heartbeat: (details) => context.heartbeat(details),
    remainingMs: () => endsAt - Date.now(),
  };
}
