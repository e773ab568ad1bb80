import type { BisectStep, Trial } from './bisect.ts';
import type { Reproduction, SandboxRequest } from './reproduction.ts';

type Found = Extract<BisectStep, { readonly kind: 'found' }>;

/**
 * Where among the commits that were not packed the first bad one may be; undefined where none are in doubt. The first of
 * `good` is the one to begin from.
 */
export function findGap(
  { revisions, gaps = [] }: Pick<SandboxRequest, 'revisions' | 'gaps'>,
  { firstBad, candidates, before }: Found,
  trials: Readonly<Record<number, Trial>>,
): Reproduction['gap'] {
  const count = candidates.reduce((sum, index) => sum + (gaps[index] ?? 0), 0);
  if (count === 0) return undefined;
  const passing = revisions.flatMap(({ revision }, index) => (trials[index] === 'good' ? [revision] : []));
  const first = revisions[before]?.revision ?? '';
  return {
    good: [first, ...passing.filter((revision) => revision !== first)],
    bad: revisions[firstBad]?.revision ?? '',
    count,
  };
}
