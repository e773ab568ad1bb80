import { fit, type LoadFlow, type ServiceGain } from './rank-by-load.ts';
import type { Amplification } from './request-chains.ts';

const hops = 6;

/**
 * Parts of 1 by service: what each keeps of the alerting service's gain, after it passed on what those below gained, up to what it gained
 * itself. A shared callee collects from all of its callers; one that is asked more often without failing leaves that part to who asks.
 * O(edges × hops).
 * Our own rule; it follows from loads that add up along calls.
 */
export function distributeLoad(
  flow: LoadFlow,
  dependencies: Readonly<Record<string, readonly string[]>>,
  alerting: string,
  amplifications: readonly Amplification[],
): ReadonlyMap<string, number> {
  const kept = new Map<string, number>();
  let wave = new Map([[alerting, 1]]);
  for (let hop = 0; hop <= hops && wave.size > 0; hop++) {
    const next = new Map<string, number>();
    for (const [service, mass] of wave) {
      const gain = flow.gains[service];
      const callees = hop === hops ? [] : gainingCallees(flow, dependencies, service);
      const amounts = callees.map(({ callee, theirs, room }) => {
        const loop = amplifications.find((item) => item.caller === service && item.callee === callee && !item.isRetry);
        return (theirs.amount * room * (gain ? fit(theirs, gain, 0) : 1)) / (loop?.factor ?? 1);
      });
      const sum = amounts.reduce((total, amount) => total + amount, 0);
      const whole = Math.max(gain?.amount ?? 0, sum);
      if (whole === 0) continue;
      kept.set(service, (kept.get(service) ?? 0) + mass * (1 - sum / whole));
      callees.forEach(({ callee }, i) => {
        const passed = (mass * (amounts[i] ?? 0)) / whole;
        if (passed > 0) next.set(callee, (next.get(callee) ?? 0) + passed);
      });
    }
    wave = next;
  }
  return kept;
}

interface GainingCallee {
  readonly callee: string;
  readonly theirs: ServiceGain;
  /** 0 to 1: the part of its gain for which there is room in those between. */
  readonly room: number;
}

/**
 * Those below a service that gained. One between that was not measured, or that wavers so much that the gain does not show in it, is
 * looked through; one that can be told not to have gained ends the search.
 */
function gainingCallees(
  flow: LoadFlow,
  dependencies: Readonly<Record<string, readonly string[]>>,
  service: string,
): readonly GainingCallee[] {
  const seen = new Set([service]);
  const found = new Map<string, GainingCallee>();
  let open = (dependencies[service] ?? []).map((callee) => ({ callee, bound: Infinity }));
  while (open.length > 0) {
    const next: typeof open = [];
    for (const { callee, bound } of open) {
      if (seen.has(callee)) continue;
      seen.add(callee);
      const theirs = flow.gains[callee];
      if (theirs) found.set(callee, { callee, theirs, room: Math.min(1, bound / theirs.raw) });
      const below = Math.min(bound, flow.bounds[callee] ?? Infinity);
      if (!theirs && below > 0)
        next.push(...(dependencies[callee] ?? []).map((each) => ({ callee: each, bound: below })));
    }
    open = next;
  }
  return [...found.values()].sort((a, b) => (a.callee < b.callee ? -1 : 1));
}
