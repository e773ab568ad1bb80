import type { RawFrame } from '../frames.ts';

/** A failure as a reader finds it in the lines of an output. */
export interface RawFailure {
  readonly type?: string;
  readonly message: string;
  /** Innermost first. */
  readonly frames: readonly RawFrame[];
  readonly test?: string;
  /** Index of the line where it begins: readers run one after the other, people read from the top. */
  readonly at: number;
}

/**
 * Looks through all lines once. Lines are at most 500 characters long and of hostile origin: patterns are anchored and free of
 * nested repetition, and a look ahead or back has a limit.
 */
export type Reader = (lines: readonly string[]) => readonly RawFailure[];

/** How far a reader looks from a head to its stack, and along a stack. */
export const lookAhead = 60;
