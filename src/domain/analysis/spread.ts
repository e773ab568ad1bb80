import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { failurePatterns, failureShifts, type Facts } from './facts.ts';
import { clockSlackOf, findMainOnset, type Suspicion } from './suspicion.ts';

/** Where a failure showed first, and whom it reached. */
export interface Spread {
  readonly firstFailingService: string;
  /** Other services that fail, sorted by name. */
  readonly blastRadius: readonly string[];
}

/** Reads from the same evidence which services a diagnosed failure spread to. */
export function describeSpread(
  input: Pick<EngineInput, 'service'>,
  diagnosis: Diagnosis,
  facts: Facts,
  suspicions: readonly Suspicion[],
): Spread {
  const failing = suspicions.filter((item) => item.onsetMs !== undefined);
  const firstFailingService = failing.some((item) => item.service === diagnosis.service)
    ? diagnosis.service
    : (failing[0]?.service ?? input.service);
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
