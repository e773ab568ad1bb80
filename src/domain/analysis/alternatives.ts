import type { SuspectService } from '../diagnosis/diagnosis.ts';
import { coincidence } from './changes/exposure.ts';
import type { Facts } from './facts.ts';
import type { ScoredCandidate } from './changes/score-candidates.ts';
import { nearness } from './suspicion.ts';

/** The sandbox tries two; a person reads a few more. */
const mostServices = 4;
const mostSuspects = 10;

/**
 * Services whose changes remain possible, most likely first, each with its commits. Harmless, late and rejected changes are out, and
 * where a service is accused, so is who cannot have reached the alerting one. A deploy whose commits are unknown cannot be run, so it is no suspect.
 * Our own rule. O(s · (c log c + e)) for s services, c changes and e edges of the call graph.
 * @param accused the service that the diagnosis names, which is left out; undefined for an inconclusive one
 */
export function listAlternatives(
  facts: Facts,
  alerting: string,
  scored: readonly ScoredCandidate[],
  accused: string | undefined,
): readonly SuspectService[] {
  const onPath = reachableFrom(facts, alerting);
  const alive = scored
    .filter((item) => item.ruledOut === undefined && item.candidate.change !== undefined)
    .filter((item) => item.candidate.service !== accused)
    .filter((item) => accused === undefined || onPath.includes(item.candidate.service) || item.share >= 0.1);
  const worth = (item: ScoredCandidate) => likelihood(facts, item, onPath);
  const ordered = [...alive].sort((a, b) => worth(b) - worth(a) || b.score - a.score);
  return [...new Set(ordered.map((item) => item.candidate.service))].slice(0, mostServices).map((service) => {
    const own = alive.filter((item) => item.candidate.service === service).sort((a, b) => b.score - a.score);
    const before = own[0]?.candidate.before ?? own[0]?.candidate.deploy?.previous;
    return {
      service,
      suspects: own.slice(0, mostSuspects).map((item) => item.candidate.id),
      ...(before === undefined ? {} : { before }),
    };
  });
}

/** Its score, and beside it what a score cannot know before the sandbox has spoken: that it came just then, on the path of the failure. */
function likelihood(facts: Facts, item: ScoredCandidate, onPath: readonly string[]): number {
  const { reach } = item.candidate;
  const isDeployed = reach === 'exact' || reach === 'carried';
  const came = isDeployed && item.leadMinutes !== undefined ? nearness(item.leadMinutes * 60_000, facts.spanMs) : 0;
  const timely = 0.5 * came + 0.5 * (item.exposure ? coincidence(item.exposure) * Math.min(1, came * 4) : came);
  return item.score + 0.3 * timely * (onPath.includes(item.candidate.service) ? 1 : 0.2);
}

function reachableFrom(facts: Facts, service: string): readonly string[] {
  const found = [service];
  for (const caller of found) {
    for (const callee of facts.dependencies[caller] ?? []) if (!found.includes(callee)) found.push(callee);
  }
  return found;
}
