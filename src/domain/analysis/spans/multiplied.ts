import { operationOf } from './operation.ts';
import type { Trace } from './trees.ts';
import { listVisits } from './visits.ts';

/** A service that calls another more often for each request than before the incident. */
export interface MultipliedCall {
  readonly caller: string;
  readonly callee: string;
  /** The caller's operation that does so. */
  readonly operation: string;
  /** Mean calls a visit, before and during. */
  readonly before: number;
  readonly during: number;
}

/** Fewer visits, before or during, tell too little. */
const fewestVisits = 8;
/** What is asked more often by less is another mix of requests. */
const leastFactor = 1.5;

/**
 * Calls a visit, by operation of the caller and by callee, held against the baseline: the mean has to grow, and the median with it, so that a
 * few large requests do not count. Calls that failed on either side are left out, since retries follow them. O(n log n) for n spans.
 * Source: CWE-1073 (too many accesses); Smith and Williams, "Software performance antipatterns", WOSP 2000 (circuitous treasure hunt).
 */
export function findMultipliedCalls(traces: readonly Trace[]): readonly MultipliedCall[] {
  const groups = new Map<
    string,
    { caller: string; callee: string; operation: string; before: number[]; during: number[] }
  >();
  for (const trace of traces) {
    for (const { service, entry, calls } of listVisits(trace)) {
      const counts = new Map<string, number>();
      for (const { callee, server, client } of calls)
        if (![server, client].some((side) => side?.span.status === 'error'))
          counts.set(callee, (counts.get(callee) ?? 0) + 1);
      for (const [callee, count] of counts) {
        const operation = operationOf(entry);
        const key = JSON.stringify([service, operation, callee]);
        const group = groups.get(key) ?? { caller: service, callee, operation, before: [], during: [] };
        group[trace.isIncident ? 'during' : 'before'].push(count);
        groups.set(key, group);
      }
    }
  }
  return [...groups.values()].flatMap(({ before, during, ...call }): MultipliedCall[] => {
    if (Math.min(before.length, during.length) < fewestVisits) return [];
    const isMore = mean(during) >= leastFactor * mean(before) && middle(during) > middle(before);
    return isMore ? [{ ...call, before: mean(before), during: mean(during) }] : [];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
