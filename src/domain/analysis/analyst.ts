import type { Diagnosis } from '../diagnosis/diagnosis.ts';
import type { Engine, EngineInput } from '../diagnosis/engine.ts';
import { noUsage } from '../diagnosis/engine.ts';
import { listGaps } from '../evidence/evidence.ts';
import { compareLessons } from './compare-lessons.ts';
import { decide } from './decide.ts';
import { failurePatterns, gatherFacts } from './facts.ts';
import { findForeignCause } from './outside.ts';
import { scoreCandidates } from './score-candidates.ts';
import { describeDecision } from './statement.ts';
import { followCalls } from './suspicion.ts';
import { readSymptoms } from './symptoms.ts';

/** Name under which the built-in analyst signs its diagnoses. */
export const analystName = 'analyst';

/** The built-in analyst: no key, no network, and the same answer for the same input. */
export function createAnalyst(): Engine {
  return {
    name: analystName,
    async step(input) {
      return { kind: 'diagnosis', diagnosis: analyse(input), usage: noUsage };
    },
  };
}

/** Argues one diagnosis from all evidence: measure, follow the failing calls, score the changes, decide, put into words. */
export function analyse(input: EngineInput): Diagnosis {
  const facts = gatherFacts(input);
  const suspicions = followCalls(facts, input.service);
  const symptoms = readSymptoms(facts, suspicions, input.alerts);
  const scored = scoreCandidates(input, facts, suspicions, symptoms);
  const foreign = findForeignCause(facts, suspicions);
  const gaps = listGaps(input.evidence.map((item) => item.evidence));
  const decision = decide(input, facts, suspicions, scored, foreign, gaps.length);
  const diagnosis = describeDecision({
    input,
    facts,
    suspicions,
    scored,
    foreign,
    gaps,
    decision,
    engine: analystName,
  });
  return { ...diagnosis, lessons: compareLessons(input, diagnosis, failurePatterns(facts)) };
}
