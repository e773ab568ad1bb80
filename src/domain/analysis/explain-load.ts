import type { Currency } from './added-load.ts';
import { findLoadFlow, fit, type LoadFlow, type ServiceGain } from './rank-by-load.ts';
import { findAmplifications, type Amplification } from './request-chains.ts';
import type { ServiceFlows } from './service-flows.ts';
import type { Explanation } from './rank-explanations.ts';

const hops = 6;
/** A gain of this part of the alerting service's load is worth an alert: a seventh more time, one call in fifty that fails. */
const wholePart: Readonly<Record<Currency, number>> = { time: 0.15, failures: 0.02 };

/** What the metrics alone say: whose own load it is, and how sure that is. */
export interface LoadExplanation {
  readonly flow: LoadFlow;
  /** 0 to 1: 1 where the gain is as large as an alert is made for and the alerting service shows it too. */
  readonly strength: number;
  readonly explanations: readonly Explanation[];
  readonly amplifications: readonly Amplification[];
}

/**
 * Follows what the alerting service gained in time or in failed calls down to those whose own it is. Each passes on what its callees
 * gained, up to what it gained itself, and keeps the rest; a shared callee collects from all of its callers, and one that is asked more
 * often without failing leaves that part to who asks. Undefined where no metric tells. O(cells² × services + edges × hops).
 */
export function explainByLoad(
  flows: ServiceFlows,
  dependencies: Readonly<Record<string, readonly string[]>>,
  alerting: string,
): LoadExplanation | undefined {
  const found = (['time', 'failures'] as const)
    .map((currency) => findLoadFlow(flows, dependencies, alerting, currency))
    .filter((flow) => flow !== undefined)
    .map((flow) => ({ flow, strength: strengthOf(flow, alerting) }))
    .sort((a, b) => b.strength - a.strength);
  const [best] = found;
  if (!best) return undefined;
  const { flow, strength } = best;
  const amplifications = findAmplifications(flows, dependencies, flow.fromMs, flow.toMs);
  const kept = distribute(flow, dependencies, alerting, amplifications);
  const explanations = [...kept]
    .filter(([, part]) => part > 0.005)
    .sort((a, b) => b[1] - a[1])
    .flatMap(([service, part]): Explanation[] => {
      const gain = flow.gains[service];
      if (!gain) return [];
      return [
        {
          service,
          source: 'metrics',
          weight: part * (0.5 + 0.5 * strength),
          why: describe(flow, service, alerting, part, amplifications),
          evidenceId: gain.evidenceId,
        },
      ];
    });
  return { flow, strength, explanations, amplifications };
}

function strengthOf(flow: LoadFlow, alerting: string): number {
  const isSeen = flow.gains[alerting] !== undefined || flow.bounds[alerting] === undefined;
  return Math.min(1, flow.materiality / wholePart[flow.currency]) * (isSeen ? 1 : 0.6);
}

/** Parts of 1 by service: what each keeps of the alerting service's gain. */
function distribute(
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

function describe(
  flow: LoadFlow,
  service: string,
  alerting: string,
  part: number,
  amplifications: readonly Amplification[],
): string {
  const gain = flow.gains[service];
  if (!gain) return '';
  const at = new Date(flow.fromMs).toISOString();
  const what =
    flow.currency === 'time'
      ? `calls of ${service} took ${round(gain.perCall)} ms from ${at} on, ${round(gain.lift)} ms more than around it`
      : `${percent(gain.perCall)} of the calls of ${service} failed from ${at} on, ${percent(gain.lift)} more than around it`;
  const whose =
    service === alerting
      ? `; what it calls accounts for no more than ${percent(1 - part)} of that`
      : `; ${percent(part)} of what ${alerting} gained is its own`;
  const more = amplifications.find((item) => item.callee === service);
  const asked = more
    ? `; ${more.caller} calls it ${round(more.factor)} times as often as before${more.isRetry ? ', as retries do' : ''}`
    : '';
  return `${what}${whose}${asked}`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function percent(part: number): string {
  return `${round(100 * part)} %`;
}
