import type { History } from './bisect.ts';

export interface ThinHistory {
  /** Indexes into the whole history, ascending. */
  readonly kept: readonly number[];
  /** Parents among the kept ones: the nearest kept ancestors. */
  readonly history: History;
  /** For each kept one how many that are not kept lie between it and its parents. */
  readonly gaps: readonly number[];
}

/**
 * A history cut down to `most` revisions: the ends, those in `must` as far as there is room, and the rest spread evenly. A bisection of
 * the result is right as far as it goes: its answer is exact, or names a gap in which a second bisection finds the first bad one.
 */
export function thinHistory(history: History, must: readonly number[], most: number): ThinHistory {
  const last = history.length - 1;
  const kept = new Set<number>(history.length <= most ? history.keys() : []);
  for (const index of [0, last, ...must]) if (kept.size < most && index >= 0 && index <= last) kept.add(index);
  const room = most - kept.size;
  if (history.length > most) {
    for (let step = 1; step <= room; step += 1) kept.add(Math.round((step * last) / (room + 1)));
  }
  const ordered = [...kept].sort((a, b) => a - b);
  const places = new Map(ordered.map((index, place) => [index, place]));
  const links = ordered.map((index) => linkToKept(history, index, kept));
  return {
    kept: ordered,
    history: links.map(({ parents }) => parents.map((index) => places.get(index) ?? 0)),
    gaps: links.map(({ gap }) => gap),
  };
}

/** Walks from one kept revision down to the next kept ones. */
function linkToKept(history: History, index: number, kept: ReadonlySet<number>) {
  const between = new Set<number>();
  const parents = new Set<number>();
  const sort = (parent: number) => (kept.has(parent) ? parents : between).add(parent);
  history[index]?.forEach(sort);
  // A set is walked in the order of insertion, what is added on the way included.
  for (const hidden of between) history[hidden]?.forEach(sort);
  if (between.size > 0) for (const older of listOlder(history, parents)) between.delete(older);
  return { parents: [...parents].sort((a, b) => a - b), gap: between.size };
}

/** All that these revisions stand on: when they pass, so do their ancestors. */
function listOlder(history: History, from: ReadonlySet<number>): ReadonlySet<number> {
  const reached = new Set(from);
  for (const index of reached) history[index]?.forEach((parent) => reached.add(parent));
  return reached;
}
