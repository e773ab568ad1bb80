import { makeRandom } from '../../../fakes/random.ts';

/** Numbers at random that are the same for the same seed. */
export interface Random {
  /** From 0 to 1. */
  next(): number;
  /** From `least` to `most`, both included. */
  integer(least: number, most: number): number;
  pick<T>(values: readonly [T, ...T[]]): T;
}

/** {@link makeRandom} with what a test of logs asks it for. */
export function createRandom(seed: number): Random {
  const next = makeRandom(seed);
  const integer = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return { next, integer, pick: (values) => values[integer(0, values.length - 1)] ?? values[0] };
}
