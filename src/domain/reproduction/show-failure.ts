import type { FailureSignature, SandboxRun } from '../reproduction.ts';
import type { ShownFailure } from './tried.ts';

export interface FailedRun extends Pick<SandboxRun, 'end' | 'exitCode'> {
  /** Cleaned and without secrets. */
  readonly output: string;
  /** The service in whose folder the command ran: relative paths in the output are its own. */
  readonly workService: string;
  /** All services whose sources are in the sandbox. */
  readonly services: readonly string[];
  readonly expected?: readonly FailureSignature[];
}

/** Reads from the output of a run that did not pass what it shows, and sets it beside what production shows. */
export function showFailure(_run: FailedRun): ShownFailure {
  return {
    failures: [],
    report: { isComplete: false, failed: [] },
    match: 'unknown',
    matchReason: 'The output holds no error that can be read.',
  };
}
