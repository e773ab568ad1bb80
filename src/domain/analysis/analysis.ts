import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Bundle } from '../evidence/bundle.ts';
import { listSuspectRegions, type SuspectRegion } from './spans/code-regions.ts';
import { argue } from './analyst.ts';
import { failurePatterns, failureShifts, type Facts } from './facts.ts';
import { chooseRemediation, type Remediation } from './remediation.ts';
import { describeSpread } from './spread.ts';
import { describePattern, describeShift } from './claims.ts';
import type { Suspicion } from './suspicion.ts';

/** How far suspicion falls on one service, and why. */
export interface RankedService {
  readonly service: string;
  /** 0 to 1; the most suspect service has 1. */
  readonly score: number;
  /** The heaviest thing that speaks against it, in one sentence; empty where nothing does. */
  readonly why: string;
}

/** Everything that the investigation of a bundle tells. */
export interface Analysis {
  readonly diagnosis: Diagnosis;
  readonly firstFailingService: string;
  /** Other services that fail, sorted by name. */
  readonly blastRadius: readonly string[];
  readonly remediation: Remediation;
  /** Every service, most suspect first, from the same suspicions as the diagnosis. */
  readonly ranking: readonly RankedService[];
  /** Where in the suspect services the trouble lies, most suspect first; absent where no traces were read. */
  readonly regions?: readonly SuspectRegion[];
  /** What could not be looked at, or would be needed to be sure. */
  readonly missing: readonly string[];
}

/** Runs the built-in analyst over a bundle. The same bundle gives the same answer. */
export function analyseBundle({ input }: Bundle): Analysis {
  const { diagnosis, facts, suspicions, decision } = argue(input);
  const isFlag = input.evidence.some(
    ({ body }) => body?.kind === 'flags' && body.flags.some((flag) => flag.id === diagnosis.change),
  );
  return {
    diagnosis,
    ...describeSpread(input, diagnosis, facts, suspicions),
    remediation: chooseRemediation(diagnosis, decision, isFlag),
    ranking: suspicions.map((item) => rank(facts, item)),
    ...(facts.spans ? { regions: listSuspectRegions(facts, suspicions) } : {}),
    missing: diagnosis.missing,
  };
}

function rank(facts: Facts, { service, share }: Suspicion): RankedService {
  const pattern = failurePatterns(facts, service)[0];
  const shift = failureShifts(facts, service)[0];
  const claim =
    pattern && pattern.weight >= (shift?.weight ?? 0) ? describePattern(pattern) : shift && describeShift(shift);
  return { service, score: share, why: claim?.text ?? '' };
}
