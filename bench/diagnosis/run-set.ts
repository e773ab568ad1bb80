import type { Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';

/** What somebody else published for a set, in the words and the unit of the set's own `metrics`. */
export interface PublishedResult {
  readonly metric: string;
  readonly who: string;
  readonly value: number;
}

/** How one case went. `wrong` means that something was said and it was not so; `abstained` that nothing was said where something is. */
export interface Outcome {
  readonly case: string;
  readonly result: 'right' | 'wrong' | 'abstained';
  /** 0 to 1, as the diagnosis told it; absent where the case asks for no diagnosis. */
  readonly confidence?: number;
  /** Innocent changes or services that the set plants as bait, and that were accused. */
  readonly decoysBlamed?: number;
  readonly said: string;
  readonly expected: string;
  /** Figures of this case; the runner prints the mean of each over the cases that have it. */
  readonly metrics?: Readonly<Record<string, number>>;
}

interface SetHead {
  readonly name: string;
  readonly published?: readonly PublishedResult[];
  /** What a goal asks of a metric's mean, where one was set. */
  readonly goals?: Readonly<Record<string, number>>;
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
