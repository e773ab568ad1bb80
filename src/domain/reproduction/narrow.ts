import { explainKind } from '../evidence/change-kind.ts';
import type { Reproduction } from './reproduction.ts';
import { countOf } from '../text.ts';

/** Rounds of a bisection at most. Each narrows a window to a thirtieth, of large sources to a seventh: enough for 16,000 commits. */
export const maxRounds = 5;

/** The two rounds as one reproduction: the first has the proof, the second looked into its gap. */
export function narrow(first: Reproduction, second: Reproduction): Reproduction {
  const runs = [...first.runs, ...second.runs];
  const { gap: _, ...known } = first;
  switch (second.verdict) {
    case 'reproduced': {
      const { firstBad, firstBadKind, candidates, gap, before } = second;
      return {
        ...known,
        before,
        runs,
        ...(firstBad === undefined ? {} : { firstBad }),
        ...(firstBadKind === undefined ? {} : { firstBadKind }),
        ...(candidates === undefined ? {} : { candidates }),
        ...(gap === undefined ? {} : { gap }),
      };
    }
    // What failed before must fail again: the revision is the same.
    case 'flaky':
    case 'not-reproduced':
      return {
        ...known,
        verdict: 'flaky',
        runs,
        reason: `Looked at a second time it ends otherwise. ${second.reason}`,
      };
    case 'cannot-run':
      return { ...first, runs };
  }
}

/** What is left to say of the first bad revision; empty where it is one commit that changes code. */
export function describeFirstBad({ firstBadKind, candidates = [], gap }: Reproduction): string {
  const inGap =
    gap && `It is one of ${countOf(gap.count + 1, 'commit')} that ${gap.bad.slice(0, 12)} ends; not each was tried.`;
  const unsure = candidates.map((id) => id.slice(0, 12)).join(', ');
  const among = unsure && `It is one of ${unsure}: those before the last could not be judged.`;
  return [inGap ?? among, explainKind(firstBadKind)].filter(Boolean).join(' ');
}
