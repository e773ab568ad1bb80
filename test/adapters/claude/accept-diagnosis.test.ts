import { describe, expect, it } from 'vitest';
import { acceptDiagnosis } from '../../../src/adapters/claude/accept-diagnosis.ts';
import { badCommit, diagnosis, goodCommit, input, otherCommit, report } from './case.ts';

const other = { service: 'payment-service', suspects: [otherCommit] };
const analyst = { ...diagnosis, alternatives: [other] };

function alternativesOf(answer: unknown, rejected: readonly string[] = []) {
  const accepted = acceptDiagnosis(answer, { ...input, rejected }, analyst, 'claude/fake-1');
  if ('refused' in accepted) throw new Error(accepted.refused);
  return accepted.diagnosis.alternatives;
}

describe('what the sandbox may try beside the service that a model accuses', () => {
  it('is what the analyst left possible', () => {
    expect(alternativesOf(report)).toEqual([other]);
  });

  it('is the suspect of the analyst first, when the model accuses another service', () => {
    expect(alternativesOf({ ...report, service: 'payment-service', change: otherCommit })).toEqual([
      { service: 'user-service', suspects: [badCommit, goodCommit], before: goodCommit },
    ]);
  });

  it('is every suspect when the model cannot tell, but none that a person rejected', () => {
    const unsure = { ...report, verdict: 'inconclusive', service: '', change: 'none', category: 'unknown' };
    expect(alternativesOf(unsure)?.map(({ service }) => service)).toEqual(['user-service', 'payment-service']);
    expect(alternativesOf(unsure, ['user-service'])?.map(({ service }) => service)).toEqual(['payment-service']);
  });
});
