import { explainByLoad } from './load/explain-load.ts';
import type { Facts } from './facts.ts';
import { explainBySpans } from './spans/blame.ts';

/** A method's word on whose own trouble the alerting service's symptom is. */
export interface Explanation {
  readonly service: string;
  /** Which evidence it was read from. */
  readonly source: 'metrics' | 'traces';
  /** Part of the symptom that is this service's own, 0 to 1; all of a source's sum up to how far it explains the symptom at all. */
  readonly weight: number;
  /** 0 to 1: how sure the source is that there is a symptom at all, and as large as an alert is made for; absent where it does not ask. */
  readonly strength?: number;
  /** One clause that a reader can check, without a full stop. */
  readonly why: string;
  readonly evidenceId: string;
}

/**
 * How far each source may overrule the walk along failing calls. Spans tell who waited for whom, call by call; metrics only how much all
 * calls together gained, and where log lines tell of failing calls these are more exact.
 */
const trust: Readonly<Record<Explanation['source'], number>> = { metrics: 0.9, traces: 0.8 };
const trustBesideLogs = 0.25;

/** Everything that explains the symptom, source by source. A new source is added here, and nowhere else. */
export function gatherExplanations(facts: Facts, alerting: string): readonly Explanation[] {
  return [
    ...(explainByLoad(facts.flows, facts.dependencies, alerting, facts.alerted)?.explanations ?? []),
    ...explainBySpans(facts.spanSigns),
  ];
}

/**
 * Mixes explanations into the suspicion that the walk left on each service, source after source: the more a source explains, the less of
 * the walk remains. Masses in and out sum up to the same. O(services × sources).
 * Our own rule.
 */
export function mixExplanations(
  masses: ReadonlyMap<string, number>,
  explanations: readonly Explanation[],
  hasFailingCalls: boolean,
): ReadonlyMap<string, number> {
  let mixed = new Map(masses);
  for (const source of ['metrics', 'traces'] as const) {
    const own = explanations.filter((item) => item.source === source);
    const explained = Math.min(
      1,
      own.reduce((sum, item) => sum + item.weight, 0),
    );
    if (explained === 0) continue;
    const whole = [...mixed.values()].reduce((sum, mass) => sum + mass, 0);
    const share = source === 'metrics' && hasFailingCalls ? trustBesideLogs : trust[source];
    mixed = new Map([...mixed].map(([service, mass]) => [service, mass * (1 - share * explained)]));
    for (const { service, weight } of own) mixed.set(service, (mixed.get(service) ?? 0) + whole * share * weight);
  }
  return mixed;
}
