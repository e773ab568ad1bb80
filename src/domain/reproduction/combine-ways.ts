import type { Reproduction, ReproductionVerdict, ReproductionWay, SandboxRequest } from './reproduction.ts';

/** What one way of showing the failure came to. */
export interface WayResult {
  readonly way: ReproductionWay;
  /** In words, for people: `The test command`, `A replayed GET /orders/7`. */
  readonly name: string;
  readonly reproduction: Reproduction;
}

/** A proof outweighs a doubt, a doubt an absence, and an absence what could not be tried. */
const weights: Readonly<Record<ReproductionVerdict, number>> = {
  reproduced: 3,
  flaky: 2,
  'not-reproduced': 1,
  'cannot-run': 0,
};

/**
 * One reproduction of all ways that were tried: the weightiest decides, the earlier one where they weigh the same. The runs of all
 * are told, and why the others did not show the failure.
 */
export function combineWays(results: readonly WayResult[]): Reproduction {
  const [first, ...rest] = results;
  if (!first) throw new RangeError('No way was tried.');
  const best = rest.reduce((held, one) => (weightOf(one) > weightOf(held) ? one : held), first);
  if (rest.length === 0) return best.reproduction;
  const others = results.filter((one) => one !== best).map((one) => `${one.name}: ${one.reproduction.reason}`);
  const { reason } = best.reproduction;
  // A proof needs no excuse; the runs of the others are in the table all the same.
  const told = best.reproduction.verdict === 'reproduced' ? reason : [`${best.name}: ${reason}`, ...others].join(' ');
  return { ...best.reproduction, runs: results.flatMap(({ reproduction }) => reproduction.runs), reason: told };
}

function weightOf({ reproduction }: WayResult): number {
  return weights[reproduction.verdict];
}

export function nameWay(way: ReproductionWay, request: SandboxRequest): string {
  switch (way) {
    case 'test':
      return 'The command';
    case 'request':
      return `A replayed ${request.replay?.request.method ?? ''} ${request.replay?.request.path ?? ''}`.trim();
    case 'script':
      return `A script written by ${request.script?.by ?? 'an engine'}`;
  }
}
