import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import type { Suspicion } from './suspicion.ts';
import { isAnomalous } from './suspicion.ts';

/** One service that the symptoms point to, where no change explains why it fails. */
export interface SingledOut {
  readonly suspicion: Suspicion;
  readonly confidence: number;
}

/** The next suspect may carry at most this part of the first one's suspicion. */
const closestRival = 0.75;
/** A cause that only metrics tell of must be this much of what an alert is made for. Set on calm and faulty hours named in bench/diagnosis. */
const leastStrength = 0.35;

/**
 * The service that suspicion singles out by metrics, spans and failing calls. Confidence grows with the distance to the next suspect
 * and stays modest: the place is known, not the reason.
 * Our own rule: the distance to the next one is what tells. O(s + p) for s suspects and p patterns.
 */
export function singleOut(facts: Facts, suspicions: readonly Suspicion[]): SingledOut | undefined {
  const [first, second] = suspicions;
  if (!first || !isAnomalous(facts, first.service)) return undefined;
  const rival = second?.share ?? 0;
  if (rival > closestRival * first.share) return undefined;
  if (first.onsetMs === undefined || isFaint(facts, first)) return undefined;
  return { suspicion: first, confidence: Math.round((0.35 + 0.25 * (1 - rival / first.share)) * 100) / 100 };
}

/** True where nothing but metrics speaks, and they say that hardly anything is lost: calm days have such hours too. */
function isFaint(facts: Facts, first: Suspicion): boolean {
  const strengths = first.explanations.map((item) => item.strength ?? 1);
  return strengths.length > 0 && Math.max(...strengths) < leastStrength && failurePatterns(facts).length === 0;
}
