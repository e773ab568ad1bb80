import type { GroupReport, RunReport } from '../../adapters/docker/sandbox.ts';
import type { ReproductionWay } from '../../domain/reproduction/reproduction.ts';
import type { ToldReplay } from '../../domain/reproduction/show-replay.ts';

/**
 * A run that is over, as a heartbeat carries it: an attempt that follows a killed one takes it over instead of running again.
 * The output lies in the evidence store, so a record is about 300 bytes.
 */
export interface FinishedRun extends Omit<RunReport, 'output'>, Pick<GroupReport, 'layeredImageIds'> {
  readonly index: number;
  readonly isRepeat: boolean;
  readonly treeDigest: string;
  /** Image that it was made with; with another one two runs prove nothing together. */
  readonly imageId: string;
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
  readonly finished: readonly FinishedRun[];
}

/** More runs than this never belong to one reproduction. */
const mostKept = 64;

/** The runs of one way that an earlier attempt finished with the same image, from its last heartbeat; none where that tells nothing. */
export function readFinished(details: unknown, imageId: string, way: ReproductionWay = 'test'): readonly FinishedRun[] {
  return listFinished(details).filter((one) => one.imageId === imageId && wayOf(one) === way);
}

/** All that an earlier attempt finished, whichever way. */
export function listFinished(details: unknown): readonly FinishedRun[] {
  if (typeof details !== 'object' || details === null) return [];
  const { finished = [] } = details as Partial<Progress>;
  return finished.slice(0, mostKept);
}

/** What is finished once the runs of one way are replaced by their newest state. */
export function replaceWay(
  finished: readonly FinishedRun[],
  way: ReproductionWay,
  newest: readonly FinishedRun[],
): readonly FinishedRun[] {
  return [...finished.filter((one) => wayOf(one) !== way), ...newest];
}

function wayOf({ way = 'test' }: FinishedRun): ReproductionWay {
  return way;
}
