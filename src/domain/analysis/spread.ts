import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import { failurePatterns, failureShifts, type Facts } from './facts.ts';
import { clockSlackOf, findMainOnset, type Suspicion } from './suspicion.ts';

/** Where a failure showed first, and whom it reached. */
export interface Spread {
  /** Empty where no service is known to fail. */
  readonly firstFailingService: string;
  /** Other services that fail, sorted by name. */
  readonly blastRadius: readonly string[];
}

/**
 * Reads from the same evidence which services a failure began in and spread to.
 * Our own rule. O(s · p + s log s) for s services, p patterns and shifts.
 */
export function describeSpread(
  { verdict, service }: Pick<Diagnosis, 'verdict' | 'service'>,
  facts: Facts,
  suspicions: readonly Suspicion[],
): Spread {
  if (verdict === 'no-fault') return { firstFailingService: '', blastRadius: [] };
  const failing = suspicions.filter((item) => item.onsetMs !== undefined);
  // A state of the platform may be a service's whole failure; a doubt names no service, and then only who shows a failure counts.
  const firstFailingService = failing.some((item) => item.service === service)
    ? service
    : (failing[0]?.service ?? service);
  const beganMs = failing.find((item) => item.service === firstFailingService)?.onsetMs ?? -Infinity;
  const blastRadius = failing
    // What was wrong with a service long before is a matter of its own.
    .filter((item) => latestOnset(facts, item) >= beganMs - clockSlackOf(facts.spanMs))
    .map((item) => item.service)
    .filter((service) => service !== firstFailingService)
    .filter(
      (service) =>
        failurePatterns(facts, service).length > 0 || failureShifts(facts, service).some((shift) => shift.isAdverse),
    )
    .sort();
  return { firstFailingService, blastRadius };
}

/** A light sign of its own may come before what reached a service from elsewhere, so the bulk of its failure dates it as well. */
function latestOnset(facts: Facts, { service, onsetMs = -Infinity }: Suspicion): number {
  return Math.max(onsetMs, findMainOnset(facts, service) ?? -Infinity);
}
