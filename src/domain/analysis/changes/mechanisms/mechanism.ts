import type { CallFailure } from '../../calls.ts';
import type { DiffView } from '../diff-view.ts';
import { count } from '../diff-view.ts';

/** What of a diff makes a failure. */
export interface Sign {
  /** What the diff does, as part of a sentence. */
  readonly what: string;
  /** How well that explains the symptom, 0 to 1. */
  readonly strength: number;
  /** The errors name the very thing that the diff took away, added or replaced: such words do not coincide. */
  readonly isNamed?: true;
}

/**
 * General knowledge of how faults are made: each mechanism names symptoms (in logs, metrics and alerts of any system) and what a
 * diff that makes them looks like. Nothing here knows a data set or a service.
 */
export interface Mechanism {
  readonly name: string;
  /** Study, standard or manual that describes this way to fail. */
  readonly source: string;
  /**
   * Share of arbitrary commits whose diff shows the mechanism without any symptom; under 0.03 counts as rare. Of 413 commits of five
   * public services in Go, Python, Java and TypeScript, by `bench/diagnosis/mechanism-rates.ts`.
   */
  readonly everyday: number;
  /** What the diff spoils is passed on, so that a neighbour may fail at it while its own service looks healthy. */
  readonly showsAtNeighbours?: true;
  /** How calls fail through it; in other ways they hardly can, whatever the diff says. */
  readonly modes: readonly CallFailure['mode'][];
  readonly symptom: RegExp;
  /** undefined when the diff does not explain the symptom's text. */
  readonly explain: (diff: DiffView, text: string) => Sign | undefined;
}

/** A sign that no more commits than this show is wholly telling. */
const rare = 0.03;

/**
 * How much a sign is worth that arbitrary commits show too, 0 to 1: its surprise `-ln(everyday)` beside that of a rare one, as inverse
 * document frequency weighs words (Spärck Jones, "A statistical interpretation of term specificity", 1972).
 * O(1).
 */
export function weighRarity(everyday: number): number {
  return Math.min(1, Math.log(1 / Math.max(everyday, 1e-9)) / Math.log(1 / rare));
}

/** More lines that match went than came. */
export function fewer(diff: DiffView, pattern: RegExp, what: string, strength: number): Sign | undefined {
  const removed = count(diff.removed, pattern);
  return removed > 0 && removed > count(diff.added, pattern) ? { what, strength } : undefined;
}

/** More lines that match came than went. */
export function more(diff: DiffView, pattern: RegExp, what: string, strength: number): Sign | undefined {
  const added = count(diff.added, pattern);
  return added > 0 && added > count(diff.removed, pattern) ? { what, strength } : undefined;
}

/** Lines that match were replaced by others that match. */
export function replaced(diff: DiffView, pattern: RegExp, what: string, strength: number): Sign | undefined {
  return count(diff.removed, pattern) > 0 && count(diff.added, pattern) > 0 ? { what, strength } : undefined;
}

/** A constant of such a name was moved; a large step explains more than a small one. */
export function moved(diff: DiffView, name: RegExp, way: 'up' | 'down' | 'any', strength: number): Sign | undefined {
  for (const change of diff.numbers) {
    if (!name.test(change.name)) continue;
    const up = change.to > change.from;
    if (way !== 'any' && (way === 'up') !== up) continue;
    const doublings = Math.abs(Math.log2((change.to || 1e-3) / (change.from || 1e-3)));
    const large = Math.min(1, 0.6 + doublings / 6);
    return { what: `it moves a limit: \`${change.shown.slice(0, 160)}\``, strength: strength * large };
  }
  return undefined;
}
