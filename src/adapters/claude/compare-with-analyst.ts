import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import { describeDisagreement } from '../../domain/diagnosis/disagreement.ts';

/**
 * Keeps the analyst's answer beside the model's. Where they disagree, people are told as an argument against, with the analyst's
 * own evidence; whoever decides on a plan reads it there.
 */
export function compareWithAnalyst(diagnosis: Diagnosis, analyst: Diagnosis): Diagnosis {
  const { verdict, service, change, confidence, evidence } = analyst;
  const compared: Diagnosis = { ...diagnosis, analyst: { verdict, service, change, confidence } };
  const text = describeDisagreement(compared);
  if (text === undefined) return diagnosis;
  return evidence.length > 0
    ? { ...compared, against: [...diagnosis.against, { text, evidence }] }
    : { ...compared, missing: [...diagnosis.missing, text] };
}
