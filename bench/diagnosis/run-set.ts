import type { Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';

/** What somebody else published for a set, in the words and the unit of the set's own `metrics`. */
export interface PublishedResult {
  readonly metric: string;
  readonly who: string;
  readonly value: number;
}

/**
 * How one case went. `wrong` means that something was said and it was not so; `abstained` that nothing was said where something is;
 * `failed` that its files could not be read, analysed or scored, which counts as not right.
 */
export interface Outcome {
  readonly case: string;
  readonly result: 'right' | 'wrong' | 'abstained' | 'failed';
  /** 0 to 1, as the diagnosis told it; absent where the case asks for no diagnosis, and where rightly no cause is named. */
  readonly confidence?: number;
  /** Innocent changes or services that the set plants as bait, and that were accused. */
  readonly decoysBlamed?: number;
  readonly said: string;
  readonly expected: string;
  /** Figures of this case; the runner prints the mean of each over the cases that have it. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface SetHead {
  readonly name: string;
  readonly published?: readonly PublishedResult[];
  /** What a goal asks of a metric's mean, where one was set. */
  readonly goals?: Readonly<Record<string, number>>;
  /** Figures of a case that failed, so that leaving cases out makes no mean better. */
  readonly ofFailed?: Readonly<Record<string, number>>;
  isPresent(root: string): boolean;
}

/** A set of incidents: each becomes a bundle, is analysed as `resident analyze` does it, and scored against the truth, which only `score` reads. */
export interface YardstickSet extends SetHead {
  /** Names of the cases, from what lies in the folder. */
  listCases(root: string): readonly string[];
  load(root: string, name: string): Promise<Bundle>;
  score(root: string, name: string, analysis: Analysis): Outcome;
}

/** A set that measures one method alone and has no incidents, such as log templates. */
export interface DirectSet extends SetHead {
  run(root: string): Promise<readonly Outcome[]>;
}

/** Tries a case; one that throws is told with its reason, and ends no other. */
export async function tryCase<T extends Outcome>(
  set: SetHead,
  name: string,
  work: () => Promise<T> | T,
): Promise<T | Outcome> {
  try {
    return await work();
  } catch (error) {
    return tellFailed(set, name, error);
  }
}

/** The outcome of a case that threw. */
export function tellFailed({ ofFailed }: SetHead, name: string, error: unknown): Outcome {
  const said = error instanceof Error ? error.message : String(error);
  const metrics = ofFailed === undefined ? {} : { metrics: ofFailed };
  return { case: name, result: 'failed', said, expected: 'a case that can be read and scored', ...metrics };
}
