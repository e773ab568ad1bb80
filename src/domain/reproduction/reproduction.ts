import type { History } from './bisect.ts';
import type { ChangeKind } from '../evidence/change-kind.ts';
import type { FixOrder, FixTrial } from './candidate-fix.ts';
import type { ReplayPlan } from './replay.ts';

export type ReproductionVerdict = 'reproduced' | 'not-reproduced' | 'flaky' | 'cannot-run';

/** Source of one service at one revision, as a plain tar in the evidence store. */
export interface SourceArchive {
  readonly service: string;
  readonly revision: string;
  /** SHA-256 (hex) of the tar in the evidence store. */
  readonly digest: string;
  readonly bytes: number;
  /** What sort of files its commit changed; only for revisions of the suspect service. */
  readonly change?: ChangeKind;
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
  /** Shows the failure by its exit code; empty where the services have none, and another way must show it. */
  readonly command: readonly string[];
  /** The service whose revision is varied. */
  readonly suspectService: string;
  /** Revisions of the suspect service, parents before children: the one before the window, then the commits of the window. */
  readonly revisions: readonly SourceArchive[];
  /** For each revision the indexes of its parents; absent where each stands on the one before it. */
  readonly history?: History;
  /** For each revision how many commits between it and its parents are not packed, for want of room; absent where none are left out. */
  readonly gaps?: readonly number[];
  /** Index into `revisions` of the suspect. */
  readonly suspectIndex: number;
  /** The other services, at their deployed revisions. */
  readonly neighbours: readonly SourceArchive[];
  readonly limits: SandboxLimits;
  /** What the run does not show as it is in production, for example a neighbour at HEAD for want of deploy records. */
  readonly notes?: readonly string[];
  /** The errors that production shows and did not show before the incident, most telling first; absent where no evidence holds one. */
  readonly expected?: readonly FailureSignature[];
  /** A request of the incident to send to the started services: the way to go where `command` is empty or shows no failure. */
  readonly replay?: ReplayPlan;
  /** A file that an engine wrote to show the failure; only ever bytes inside the sandbox. */
  readonly script?: PackedScript;
  /** How to try a fix once the failure is shown; none is tried when left out. */
  readonly fix?: FixOrder;
  /** The ways to show the failure, tried in this order until one does; the command alone when left out. */
  readonly ways?: readonly ReproductionWay[];
}

/** A written script in the evidence store, checked to be a new plain file of the suspect service. */
export interface PackedScript {
  /** Below the suspect service's folder. */
  readonly path: string;
  /** SHA-256 (hex) of its text in the evidence store. */
  readonly digest: string;
  readonly command: readonly string[];
  /** Which engine wrote it, for example `claude/<model>`. */
  readonly by: string;
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
  /** The service whose file it is, where the path tells: the folder under the sandbox's work folder. */
  readonly service?: string;
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
  /** The message as printed, redacted, on one line, at most 160 characters: for people. What is compared is the template. */
  readonly printed?: string;
  /** Innermost first, the service's own code only, at most five. */
  readonly frames: readonly CodeFrame[];
  /** The test that failed with it, as its runner names it. */
  readonly test?: string;
  /** HTTP status (400 to 599) that the message or the line names. */
  readonly status?: number;
}

/**
 * Whether the sandbox shows production's failure. `different` only where the output clearly shows another one; where the two
 * cannot be compared it is `unknown`, which is weaker than `same` but no refutation.
 */
export type SignatureMatch = 'same' | 'different' | 'unknown';

/** Where the failure shows in the source, and the commit that last touched that line. */
export interface FailureLocation {
  readonly service: string;
  readonly revision: string;
  /** Path in the service's repository. */
  readonly file: string;
  readonly line: number;
  readonly symbol?: string;
  /** Full SHA of the commit that last touched the line; absent where Git could not tell. */
  readonly commit?: string;
  readonly subject?: string;
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
  /** Present where it was run again to see whether it ends the same way: 1 for the first time again. */
  readonly repeat?: number;
  readonly way?: ReproductionWay;
  /** What the failure looks like, and whether production's looks the same; absent when it passed. */
  readonly signature?: FailureSignature;
  readonly match?: SignatureMatch;
  /** What it lacked around the code, with the remedy, for example dependencies that were not prepared. */
  readonly note?: string;
  /** Id of the image, where it is another than the reproduction's: one with prepared dependencies. */
  readonly imageDigest?: string;
  /** Of a replayed request the same for each service that ran in such an image, by its name. */
  readonly imageDigests?: Readonly<Record<string, string>>;
  /** Why it was not run this time, for example `kept from 2026-11-21 09:00 UTC`; absent where it was. */
  readonly known?: string;
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
  /** What sort of files the first bad revision changed. */
  readonly firstBadKind?: ChangeKind;
  /** The first bad revision is one of these, where those before `firstBad` cannot be judged; absent where it is certain. */
  readonly candidates?: readonly string[];
  /** Where `count` commits between what passes and the first bad one were not packed: a second look into the gap finds it. */
  readonly gap?: { readonly good: readonly string[]; readonly bad: string; readonly count: number };
  /** What showed the failure, in words, where it was not the service's own command. */
  readonly shownBy?: string;
  /** What a candidate fix did; only where the failure was reproduced and time was left. */
  readonly fix?: FixTrial;
  /** Why it could not run, or why the runs prove nothing; empty when `reproduced`. */
  readonly reason: string;
  /** What the failure on the suspect looks like in the sandbox. */
  readonly signature?: FailureSignature;
  /** Whether that is production's failure, and why in words; absent when nothing failed. */
  readonly match?: SignatureMatch;
  readonly matchReason?: string;
  /** Where in the output's stack or assertion the failure shows, the service's own code only. */
  readonly frame?: FailureLocation;
}

/** Index of the revision before the suspect: of a merge, the main line's. -1 where there is none. */
export function parentOf({ history, suspectIndex }: Pick<SandboxRequest, 'history' | 'suspectIndex'>): number {
  return history?.[suspectIndex]?.[0] ?? suspectIndex - 1;
}

/** A reproduction that could not be made, and what it would take. */
export function cannotRun(reason: string, suspectService = '', suspect = '', before = ''): Reproduction {
  return { verdict: 'cannot-run', suspectService, suspect, before, runs: [], imageDigest: '', reason };
}
