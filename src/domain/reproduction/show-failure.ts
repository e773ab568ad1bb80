import type { FailureSignature, SandboxRun } from './reproduction.ts';
import { isTestFile } from './frames.ts';
import { matchFailure } from './match-signature.ts';
import { readFailures, toLines, toShown, type ReadFailure } from './signature.ts';
import { readTestReport } from './test-report.ts';
import type { ShownFailure } from './tried.ts';

export interface FailedRun extends Pick<SandboxRun, 'end' | 'exitCode'> {
  /** Cleaned and without secrets. */
  readonly output: string;
  /** The service in whose folder the command ran: relative paths in the output are its own. */
  readonly workService: string;
  /** All services whose sources are in the sandbox. */
  readonly services: readonly string[];
  readonly expected?: readonly FailureSignature[];
  /** Those of them whose words in the output count; all that it holds when left out. */
  readonly printed?: readonly FailureSignature[];
}

/** 128 and the number of a signal (signal(7)), for what the kernel ends without a word of the program. */
const signals: Readonly<Record<number, ReadFailure>> = {
  132: bySignal('SIGILL', 'illegal instruction'),
  134: bySignal('SIGABRT', 'aborted'),
  135: bySignal('SIGBUS', 'bus error'),
  136: bySignal('SIGFPE', 'arithmetic error'),
  139: bySignal('SIGSEGV', 'segmentation fault'),
};

/** Reads from the output of a run that did not pass what it shows, and sets it beside what production shows. */
export function showFailure(run: FailedRun): ShownFailure {
  const { output, end, exitCode, workService, services, expected, printed } = run;
  const lines = toLines(output);
  const read = readFailures(lines, { workService, services });
  const signal = signals[exitCode];
  const failures = read.length === 0 && signal ? [signal] : read;
  const { match, reason, failure, trouble, doubt, lack } = matchFailure({
    end,
    failures,
    lines,
    ...(expected ? { expected } : {}),
    ...(printed ? { printed } : {}),
  });
  const telling = failure ?? failures.find(reachesCode);
  const ordered = telling ? [telling, ...failures.filter((one) => one !== telling)] : failures;
  return {
    failures: ordered.map(toShown),
    report: readTestReport(lines),
    match,
    matchReason: reason,
    ...(trouble === undefined ? {} : { trouble }),
    ...(doubt === undefined ? {} : { doubt }),
    ...(lack === undefined ? {} : { lack }),
  };
}

/** A crash within the code tells where the fault is; the assertion of a test beside it tells only that there is one. */
function reachesCode({ frames }: ReadFailure): boolean {
  return frames.some(({ file, line }) => line !== undefined && !isTestFile(file));
}

function bySignal(type: string, message: string): ReadFailure {
  return { type, template: message, message, frames: [] };
}
