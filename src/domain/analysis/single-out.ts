import type { Facts } from './facts.ts';
import { failureShifts } from './facts.ts';
import type { Suspicion } from './suspicion.ts';
import { isAnomalous } from './suspicion.ts';

/** One service that the symptoms point to, where no change explains why it fails. */
export interface SingledOut {
  readonly suspicion: Suspicion;
  readonly confidence: number;
}

/** The next suspect may carry at most this part of the first one's suspicion. */
const closestRival = 0.75;

/**
 * The service that suspicion singles out by metrics, spans and failing calls. Confidence grows with the distance to the next suspect
 * and stays modest: the place is known, not the reason.
 */
export function singleOut(facts: Facts, suspicions: readonly Suspicion[]): SingledOut | undefined {
  const [first, second] = suspicions;
  if (!first || !isAnomalous(facts, first.service)) return undefined;
  const rival = second?.share ?? 0;
  if (rival > closestRival * first.share) return undefined;
  const isFelt = first.onsetMs !== undefined && (first.own > 0 || failureShifts(facts, first.service).length > 0);
  if (!isFelt) return undefined;
  return { suspicion: first, confidence: Math.round((0.35 + 0.25 * (1 - rival / first.share)) * 100) / 100 };
}
