import type { FailureSignature } from './reproduction.ts';
import { namesUnread } from './test-report.ts';
import type { Tried } from './tried.ts';

/** What a test runner says of a run as a whole. */
export interface TestReport {
  /** How many tests ran, by the runner's own count; absent where it tells none. */
  readonly total?: number;
  /** Names of the tests that failed, at most 200. */
  readonly failed: readonly string[];
}

/** `absent`: other tests fail, and the suspect's ran and did not. `different`: it may hide behind the other failure. */
export type Comparison = 'same' | 'absent' | 'different';

/**
 * Whether another revision fails the way the suspect does. Ends are compared first (a hang is no failed assertion), then the names
 * of the tests, then the errors. What cannot be compared counts as the same: a failure on both ends is no proof.
 */
export function compareFailures(suspect: Tried, other: Tried): Comparison {
  if (suspect.run.end !== other.run.end) return 'different';
  if (isSignal(suspect.run.exitCode) !== isSignal(other.run.exitCode)) return 'different';
  const [ours, theirs] = [telling(suspect), other.shown?.failures ?? []];
  if (ours.length === 0 || theirs.length === 0) return 'same';
  if (ours.some((one) => theirs.some((another) => isSameFailure(one, another)))) return 'same';
  return ranWithoutFailing(suspect, other) ? 'absent' : 'different';
}

/** Those of the suspect's failures that are production's stand first; where one is, the others do not count. */
function telling({ shown }: Tried): readonly FailureSignature[] {
  const failures = shown?.failures ?? [];
  return shown?.match === 'same' ? failures.slice(0, 1) : failures;
}

/**
 * As many tests ran as on the suspect, each failed test has a name, and those of the suspect are not among them. A file that
 * could not be read counts as a test for its runner, and says nothing of the tests in it.
 */
function ranWithoutFailing(suspect: Tried, other: Tried): boolean {
  const names = telling(suspect).map(({ test }) => test);
  const [ours, theirs] = [suspect.shown?.report, other.shown?.report];
  if (ours?.total === undefined || theirs?.total === undefined || theirs.total < ours.total) return false;
  if (theirs.failed.some(namesUnread)) return false;
  return theirs.failed.length > 0 && names.every((name) => name !== undefined && !theirs.failed.includes(name));
}

/** 128 and a signal's number: what the kernel ended is another story than what ended itself. */
function isSignal(exitCode: number): boolean {
  return exitCode > 128;
}

function isSameFailure(one: FailureSignature, other: FailureSignature): boolean {
  if (one.type !== undefined && other.type !== undefined && one.type !== other.type) return false;
  if (one.test !== undefined && other.test !== undefined) return one.test === other.test;
  return one.template === other.template || sharesFrame(one, other);
}

function sharesFrame({ frames: [one] }: FailureSignature, { frames: [other] }: FailureSignature): boolean {
  return one !== undefined && other !== undefined && one.file === other.file && one.symbol === other.symbol;
}
