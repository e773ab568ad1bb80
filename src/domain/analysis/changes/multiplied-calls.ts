import { findAmplifications } from '../load/request-chains.ts';
import type { Facts } from '../facts.ts';
import { nearness } from '../suspicion.ts';
import { compactName, shortName } from '../words.ts';
import { behaviourOnly, isRun, type Hunk } from './diffs.ts';
import { findCallInLoop } from './loops-in-diffs.ts';
import type { ToldSign } from './told-statements.ts';

/** A service that asks another more often for each request of its own than before. */
export interface MultipliedCalls {
  readonly caller: string;
  readonly callee: string;
  readonly factor: number;
  readonly firstMs: number;
  readonly evidenceId: string;
}

/** A change found by the calls that its service makes more of. */
const asksMore = 'more calls for each request';
const strengths = { loop: 0.85, named: 0.6 } as const;

/**
 * Of traces, which tell who calls, else of the rates of callers and callees; retries, which only follow a failure, are left out.
 * O(c · e · t) for c callees with more traffic, e edges of the call graph and t cells of time.
 */
export function listMultipliedCalls(facts: Facts): readonly MultipliedCalls[] {
  const { spans, shifts, flows, dependencies } = facts;
  const rises = shifts.filter(({ meaning, direction }) => meaning === 'traffic' && direction === 'up');
  const startOf = (service: string) =>
    Math.min(...rises.filter((shift) => shift.service === service).map((shift) => Date.parse(shift.firstAt)));
  const traced = (spans?.multiplied ?? []).map(({ caller, callee, before, during }): MultipliedCalls => ({
    ...{ caller, callee, factor: during / before },
    firstMs: Math.min(startOf(callee), spans?.fromMs ?? Infinity),
    evidenceId: spans?.evidenceOf[caller] ?? '',
  }));
  if (traced.length > 0) return traced;
  return [...new Set(rises.map(({ service }) => service))].flatMap((callee) =>
    findAmplifications(flows, dependencies, startOf(callee), Infinity)
      .filter((item) => item.callee === callee && !item.isRetry)
      .map((item): MultipliedCalls => ({ ...item, firstMs: startOf(callee) })),
  );
}

/**
 * Holds a diff against what its service asks more often: a call in a loop explains it, and a line that newly names whom it asks does so
 * less. It shows with the first request, so the change must have come just then.
 * Source: Smith and Williams, "Software performance antipatterns", WOSP 2000; the join with a diff is our own rule. O(m · d) for m
 * multiplied calls and d lines of the diff.
 */
export function explainMultipliedCalls(
  multiplied: readonly MultipliedCalls[],
  service: string,
  hunks: readonly Hunk[],
  atMs: number,
  spanMs: number,
): readonly ToldSign[] {
  const run = hunks.filter(({ path }) => isRun(path));
  const isLoop = findCallInLoop(run);
  const added = run.flatMap((hunk) => behaviourOnly(hunk.added));
  return multiplied
    .filter(({ caller }) => caller === service)
    .flatMap(({ callee, factor, firstMs, evidenceId }): ToldSign[] => {
      const isNamed = added.some((line) => line.includes('(') && compactName(line).includes(shortName(callee)));
      if (!isLoop && !isNamed) return [];
      const timely = 0.4 + 0.6 * Math.min(1, 2 * nearness(firstMs - atMs, spanMs));
      return [
        {
          name: asksMore,
          what: `${service} asks ${callee} ${Number(factor.toPrecision(2))} times as often for each request as before, and ${isLoop ? 'it makes a call for each item of a loop' : `it newly calls ${callee}`}`,
          strength: (isLoop ? strengths.loop : strengths.named) * timely,
          evidenceId,
        },
      ];
    });
}
