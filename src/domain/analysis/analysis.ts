import { inconclusive, type Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Bundle } from '../evidence/bundle.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { listSuspectRegions, type SuspectRegion } from './spans/code-regions.ts';
import { argue } from './analyst.ts';
import { failurePatterns, failureShifts, type Facts } from './facts.ts';
import { chooseRemediation, type Remediation } from './remediation.ts';
import { describeSpread } from './spread.ts';
import { describePattern, describeShift } from './claims.ts';
import { isAnomalous, type Suspicion } from './suspicion.ts';
import { findAnswerFault } from './verify-answer.ts';

/** How far suspicion falls on one service, and why. */
export interface RankedService {
  readonly service: string;
  /** 0 to 1; the most suspect service has 1, and each has 0 where nothing speaks against any. */
  readonly score: number;
  /** The heaviest thing that speaks against it, in one sentence; empty where nothing does. */
  readonly why: string;
}

/** A source that was asked, with what came of it. */
export interface ConsultedEvidence extends Pick<
  Evidence,
  'id' | 'service' | 'kind' | 'source' | 'query' | 'outcome' | 'summary' | 'truncated' | 'reason'
> {
  /** How many sentences of the diagnosis, for it, against it and ruling something out, cite it. */
  readonly citations: number;
}

/** Everything that the investigation of a bundle tells. */
export interface Analysis {
  readonly diagnosis: Diagnosis;
  /** Empty where no service is known to fail. */
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
  /** All that was looked at, what was empty, failed or not cited included, in the order of the bundle. */
  readonly evidence: readonly ConsultedEvidence[];
}

/** Runs the built-in analyst over a bundle. The same bundle gives the same answer; one that claims what it does not hold is not given out. */
export function analyseBundle({ input }: Bundle): Analysis {
  const { diagnosis: argued, facts, suspicions, decision } = argue(input);
  const fault = findAnswerFault(input, argued);
  const diagnosis = fault === undefined ? argued : inconclusive(tellUnsound(fault), argued.engine, argued.missing);
  const isFlag = input.evidence.some(
    ({ body }) => body?.kind === 'flags' && body.flags.some((flag) => flag.id === diagnosis.change),
  );
  const isSuspect =
    diagnosis.verdict === 'cause' ||
    (diagnosis.verdict === 'inconclusive' && facts.services.some((service) => isAnomalous(facts, service)));
  return {
    diagnosis,
    ...describeSpread(diagnosis, facts, suspicions),
    remediation: chooseRemediation(diagnosis, decision, isFlag),
    ranking: suspicions.map((item) => rank(facts, isSuspect ? item : { ...item, share: 0 })),
    ...(facts.spans ? { regions: listSuspectRegions(facts, suspicions) } : {}),
    missing: diagnosis.missing,
    evidence: listConsulted(input.evidence, diagnosis),
  };
}

function listConsulted(
  evidence: Bundle['input']['evidence'],
  { statement, against, ruledOut }: Diagnosis,
): readonly ConsultedEvidence[] {
  const citations = new Map<string, number>();
  for (const id of [...statement, ...against, ...ruledOut].flatMap((claim) => [...new Set(claim.evidence)]))
    citations.set(id, (citations.get(id) ?? 0) + 1);
  return evidence.map(({ evidence: { id, service, kind, source, query, outcome, summary, truncated, reason } }) => ({
    ...{ id, service, kind, source, query, outcome, summary, citations: citations.get(id) ?? 0 },
    ...(truncated === undefined ? {} : { truncated }),
    ...(reason === undefined ? {} : { reason }),
  }));
}

function rank(facts: Facts, { service, share }: Suspicion): RankedService {
  const pattern = failurePatterns(facts, service)[0];
  const shift = failureShifts(facts, service)[0];
  const claim =
    pattern && pattern.weight >= (shift?.weight ?? 0) ? describePattern(pattern) : shift && describeShift(shift);
  return { service, score: share, why: claim?.text ?? '' };
}

function tellUnsound(fault: string): string {
  return `The analyst came to an answer that does not hold: ${fault}. That is a defect of Resident; report it with the bundle, if it may be shown.`;
}
