import type { Trial } from './bisect.ts';
import type { FailureLocation, FailureSignature, Reproduction, SandboxRun, SignatureMatch } from './reproduction.ts';
import { compareFailures, type TestReport } from './compare-failures.ts';

/** What the output of a run shows, read once when it ends. */
export interface ShownFailure {
  readonly failures: readonly FailureSignature[];
  readonly report: TestReport;
  readonly match: SignatureMatch;
  readonly matchReason: string;
  /** Where in these sources the first of the failures shows. */
  readonly location?: FailureLocation;
  /** What is wrong with the surroundings and not with the code, in words: a module that is not installed, no such test file. */
  readonly trouble?: string;
  /** Why an equal HTTP status must not be taken for production's failure, in words. */
  readonly doubt?: string;
  /** What the sandbox lacks by a sign beside the failure, in words; production does not show it. It may be why the run failed. */
  readonly lack?: string;
}

/** One run of one revision. `shown` is absent when it passed, and when the set-up failed. */
export interface Tried {
  readonly index: number;
  readonly run: SandboxRun;
  readonly shown?: ShownFailure;
  /** Templates of production's errors that its output holds in words, whether it passed or failed. */
  readonly printed?: readonly string[];
  /** What the run shows when those words do not count; only where they may have told that it is production's failure. */
  readonly withoutWords?: Pick<Tried, 'run' | 'shown'>;
}

/** A shell's and Docker's exit codes for a program that cannot be started. */
const notStartedCodes: readonly number[] = [126, 127];
/** `git bisect run` takes it for "cannot be tested", and so do scripts written for it. */
const cannotTellCode = 125;

/** What a run says of its revision, measured by how the suspect failed. A set-up that fails says nothing about the failure. */
export function tryOf(one: Tried, command: readonly string[], suspect: Tried): Trial {
  const { run, shown } = one;
  if (run.end === 'passed') return 'good';
  if (isSetup(run, command) || run.exitCode === cannotTellCode || notStartedCodes.includes(run.exitCode)) return 'skip';
  if (shown?.trouble !== undefined || run.end === 'killed-itself') return 'skip';
  if (one === suspect || suspect.run.end === 'passed') return 'bad';
  switch (compareFailures(suspect, one)) {
    case 'same':
      return 'bad';
    case 'absent':
      return 'good';
    case 'different':
      return 'skip';
  }
}

/** Why the suspect's run decides by itself that there is nothing to compare; undefined where there is. */
export function refuseSuspect(
  one: Tried,
  command: readonly string[],
  suspect: string,
): Pick<Reproduction, 'verdict' | 'reason'> | undefined {
  const { run, shown } = one;
  if (run.end === 'passed') return undefined;
  const isStarted = !isSetup(run, command) && !notStartedCodes.includes(run.exitCode);
  if (!isStarted || run.exitCode === cannotTellCode || run.end === 'killed-itself') {
    return { verdict: 'cannot-run', reason: describeRun(one, command) };
  }
  if (shown?.match !== 'different') return undefined;
  if (shown.trouble !== undefined) return { verdict: 'cannot-run', reason: describeRun(one, command) };
  const reason = `The command fails on the suspect ${suspect}, but in another way than production: ${shown.matchReason} Failing in another way is no reproduction.`;
  return { verdict: 'not-reproduced', reason };
}

/** The failure of a run as the reproduction tells it. */
export function failureOf({ run, shown }: Tried): Pick<Reproduction, 'signature' | 'match' | 'matchReason' | 'frame'> {
  return {
    ...(run.signature ? { signature: run.signature } : {}),
    ...(shown ? { match: shown.match, matchReason: shown.matchReason } : {}),
    ...(shown?.location ? { frame: shown.location } : {}),
  };
}

/** Why a run tells nothing about the failure, and what to do about it. */
export function describeRun(one: Tried, command: readonly string[]): string {
  return [describeEnd(one, command), one.run.note ?? ''].join(' ').trim();
}

function describeEnd({ run, shown }: Tried, command: readonly string[]): string {
  const on = run.revision.slice(0, 12);
  if (isSetup(run, command)) {
    return (
      `The set-up command \`${run.command.join(' ')}\` did not work on ${on} (${run.end}, exit code ${run.exitCode}): ` +
      `${lastLine(run)} The sandbox has no network; set-up must work without one.`
    );
  }
  if (notStartedCodes.includes(run.exitCode)) {
    return (
      `The command could not be started on ${on} (exit code ${run.exitCode}): ${lastLine(run)} ` +
      'Change `sandbox.reproduce` or `sandbox.test`, or use an image that has the program.'
    );
  }
  if (run.exitCode === cannotTellCode)
    return `On ${on} the command says with exit code 125 that it cannot tell: ${lastLine(run)}`;
  if (run.end === 'killed-itself')
    return `On ${on} the container ended though nobody had asked for it, so it tells nothing.`;
  if (shown?.trouble !== undefined) return `On ${on} the command failed for want of its surroundings: ${shown.trouble}`;
  return `on ${on} the command fails in another way (${run.end}, exit code ${run.exitCode}): ${lastLine(run)}`;
}

function isSetup(run: SandboxRun, command: readonly string[]): boolean {
  return run.command.join('\0') !== command.join('\0');
}

function lastLine({ outputTail }: SandboxRun): string {
  return outputTail.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
}
