export type ReproductionVerdict = 'reproduced' | 'not-reproduced' | 'flaky' | 'cannot-run';

/** Source of one service at one revision, as a plain tar in the evidence store. */
export interface SourceArchive {
  readonly service: string;
  readonly revision: string;
  /** SHA-256 (hex) of the tar in the evidence store. */
  readonly digest: string;
  readonly bytes: number;
}

/** A typed request to the sandbox worker; nothing else reaches Docker. */
export interface SandboxRequest {
  readonly incidentId: string;
  readonly runId: string;
  /** Language of the image, for example `node` or `python`; or an image id pinned by digest. */
  readonly image: string;
  /** Folder name under the sandbox's work folder in which commands run: the service that owns the command. */
  readonly workService: string;
  readonly setup: readonly (readonly string[])[];
  readonly command: readonly string[];
  /** The service whose revision is varied. */
  readonly suspectService: string;
  /** Revisions of the suspect service, oldest first: the one before the window's first commit, then each commit of the window. */
  readonly revisions: readonly SourceArchive[];
  /** Index into `revisions` of the suspect. */
  readonly suspectIndex: number;
  /** The other services, at their deployed revisions. */
  readonly neighbours: readonly SourceArchive[];
  readonly limits: SandboxLimits;
  /** What the run does not show as it is in production, for example a neighbour at HEAD for want of deploy records. */
  readonly notes?: readonly string[];
}

export interface SandboxLimits {
  readonly memoryMb: number;
  readonly cpus: number;
  readonly timeoutMs: number;
  readonly outputBytes: number;
}

/**
 * How a run ended. `output-cut`: it wrote more than it may and was ended for that. `killed-itself`: the container was gone though
 * nobody on this side ended it. `engine-lost` is thrown, to be tried again; it is never a verdict.
 */
export type RunEnd =
  'passed' | 'failed' | 'timed-out' | 'out-of-memory' | 'output-cut' | 'killed-itself' | 'engine-lost';

/** How the failure is shown: the service's own command, a request taken from evidence, or a script that an engine wrote. */
export type ReproductionWay = 'test' | 'request' | 'script';

/** One line of a stack trace. `file` is as printed, without the sandbox's work folder. */
export interface CodeFrame {
  readonly file: string;
  readonly line?: number;
  readonly symbol?: string;
}

/** What a failure looks like, whatever the moment: compared between production's evidence and the sandbox's output. */
export interface FailureSignature {
  /** Type of the exception or error, for example `TypeError` or `java.lang.NullPointerException`. */
  readonly type?: string;
  /** The message with everything that varies (numbers, ids, quoted values) replaced by `<*>`. */
  readonly template: string;
  /** Innermost first, the service's own code only, at most five. */
  readonly frames: readonly CodeFrame[];
}

export interface SandboxRun {
  readonly service: string;
  readonly revision: string;
  readonly command: readonly string[];
  readonly end: RunEnd;
  /** -1 when the command never ended by itself. */
  readonly exitCode: number;
  readonly durationMs: number;
  /** Last lines of the output, sanitised, at most 2,000 characters. */
  readonly outputTail: string;
  /** SHA-256 (hex) of the whole output in the evidence store. */
  readonly outputDigest?: string;
}

export interface Reproduction {
  readonly verdict: ReproductionVerdict;
  readonly suspectService: string;
  readonly suspect: string;
  readonly before: string;
  /** First revision of the window on which the command fails, found by bisection; absent when there was none. */
  readonly firstBad?: string;
  readonly runs: readonly SandboxRun[];
  readonly imageDigest: string;
  /** Why it could not run, or why the runs prove nothing; empty when `reproduced`. */
  readonly reason: string;
}

/** A reproduction that could not be made, and what it would take. */
export function cannotRun(reason: string, suspectService = '', suspect = '', before = ''): Reproduction {
  return { verdict: 'cannot-run', suspectService, suspect, before, runs: [], imageDigest: '', reason };
}
