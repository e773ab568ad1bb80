import type { RunReport } from '../adapters/docker/sandbox.ts';
import type { ReproductionWay } from '../domain/reproduction.ts';
import type { ToldReplay } from '../domain/reproduction/show-replay.ts';

/**
 * A run that is over, as a heartbeat carries it: an attempt that follows a killed one takes it over instead of running again.
 * The output lies in the evidence store, so a record is about 300 bytes.
 */
export interface FinishedRun extends Omit<RunReport, 'output'> {
  readonly index: number;
  readonly isRepeat: boolean;
  readonly treeDigest: string;
  /** SHA-256 (hex) of the output in the evidence store. */
  readonly outputDigest: string;
  /** Which way it was run; the test command when left out. */
  readonly way?: ReproductionWay;
  /** What a replayed request told. */
  readonly told?: ToldReplay;
}

/** Heartbeat details of the sandbox's activity. */
export interface Progress {
  readonly phase: string;
  /** Image that the runs were made with; with another one they prove nothing together. */
  readonly imageId?: string;
  readonly finished: readonly FinishedRun[];
}

/** More runs than this never belong to one reproduction. */
const mostKept = 64;

/** The runs that an earlier attempt finished with the same image, from its last heartbeat; none where that tells nothing. */
export function readFinished(details: unknown, imageId: string): readonly FinishedRun[] {
  if (typeof details !== 'object' || details === null) return [];
  const { imageId: known, finished = [] } = details as Partial<Progress>;
  return known === imageId ? finished.slice(0, mostKept) : [];
}
