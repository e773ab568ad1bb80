import { describe, expect, it } from 'vitest';
import { answerFromEvidence } from '../../../../src/domain/diagnosis/answers/answer.ts';
import { contractChange } from '../../analysis/contract-change.ts';

describe('answerFromEvidence', () => {
  const { evidence, service } = contractChange();

  it('tells logs as templates with counts and the newest lines', () => {
    const text = answerFromEvidence(evidence, { name: 'query_logs', service, level: 'error' });
    expect(text).toMatch(/^\d+ of \d+ lines match, in \d+ templates:/);
    expect(text).toMatch(/error .*: \d+ before the incident, \d+ during it/);
    expect(text.length).toBeLessThan(13_000);
  });

  it.each([
    [{ name: 'query_logs', service: 'nobody' } as const, 'No logs of nobody were collected.'],
    [{ name: 'query_metrics', service: 'nobody' } as const, 'No metrics of nobody were collected.'],
    [{ name: 'query_traces', failingOnly: true } as const, 'No spans were collected.'],
    [{ name: 'query_changes', service: 'nobody' } as const, 'No change of nobody was collected.'],
    [
      { name: 'read_evidence', evidenceId: 'nobody/logs/1' } as const,
      'There is no evidence with this id. Ask only for ids that the incident lists.',
    ],
  ])('says so where there is nothing: %j', (question, text) => {
    expect(answerFromEvidence(evidence, question)).toBe(text);
  });
});
