import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Engine, EngineInput } from '../diagnosis/engine.ts';
import { noUsage } from '../diagnosis/engine.ts';
import { analystName } from '../names.ts';
import { listGaps } from '../evidence/evidence.ts';
import { compareLessons } from './compare-lessons.ts';
import { decide, type Decision } from './decide.ts';
import { failurePatterns, gatherFacts, type Facts } from './facts.ts';
import { findForeignCause } from './outside.ts';
import { scoreCandidates } from './changes/score-candidates.ts';
import { describeDecision } from './statement.ts';
import { followCalls, type Suspicion } from './suspicion.ts';
import { readSymptoms } from './symptoms.ts';
import { tellPartlySeen } from './tell-missing.ts';

/** The built-in analyst: no key, no network, and the same answer for the same input. */
export function createAnalyst(): Engine {
  return {
    name: analystName,
    async step(input) {
      return { kind: 'diagnosis', diagnosis: analyse(input), usage: noUsage };
    },
  };
}

/** A diagnosis with what it was argued from, for those who tell more of it than the diagnosis does. */
export interface Argued {
  readonly diagnosis: Diagnosis;
  readonly facts: Facts;
  readonly suspicions: readonly Suspicion[];
  readonly decision: Decision;
}

/** Argues one diagnosis from all evidence. */
export function analyse(input: EngineInput): Diagnosis {
  return argue(input).diagnosis;
}

/** Measures, follows the failing calls, scores the changes, decides, and puts it into words. */
export function argue(input: EngineInput): Argued {
  const facts = gatherFacts(input);
  const suspicions = followCalls(facts, input.service);
  const symptoms = readSymptoms(facts, suspicions, input.alerts);
  const scored = scoreCandidates(input, facts, suspicions, symptoms);
  const foreign = findForeignCause(facts, suspicions);
  const gaps = listGaps(input.evidence.map((item) => item.evidence));
  const decision = decide(input, facts, suspicions, scored, foreign, gaps.length);
  const described = describeDecision({
    input,
    facts,
    suspicions,
    scored,
    gaps: [...gaps, ...tellPartlySeen(input, facts.spans, listFailing(suspicions))],
    decision,
    engine: analystName,
  });
  const diagnosis = { ...described, lessons: compareLessons(input, described, failurePatterns(facts)) };
  return { diagnosis, facts, suspicions, decision };
}

/** From this share of suspicion on a service matters so much that what is unknown of it is told. */
const notable = 0.5;

function listFailing(suspicions: readonly Suspicion[]): readonly string[] {
  return suspicions
    .filter(({ onsetMs, share }) => onsetMs !== undefined && share >= notable)
    .map((item) => item.service);
}
