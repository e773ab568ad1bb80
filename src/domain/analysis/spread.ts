import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { failurePatterns, failureShifts, type Facts } from './facts.ts';
import type { Suspicion } from './suspicion.ts';

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
  const blastRadius = failing
    .map((item) => item.service)
    .filter((service) => service !== firstFailingService)
    .filter(
      (service) =>
        failurePatterns(facts, service).length > 0 || failureShifts(facts, service).some((shift) => shift.isAdverse),
    )
    .sort();
  return { firstFailingService, blastRadius };
}
