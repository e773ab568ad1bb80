import { describe, expect, it } from 'vitest';
import { compareWithAnalyst } from '../../../src/adapters/claude/compare-with-analyst.ts';
import { inconclusive, type Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import { describeDisagreement } from '../../../src/domain/diagnosis/disagreement.ts';

const commit = 'b'.repeat(40);
const model = blame('user', commit, 'claude/some-model');
const evidence = ['order/logs/1'];

describe('a model and the analyst', () => {
  it.each<[string, Diagnosis, string]>([
    ['another service', blame('stock', 'none'), 'The built-in analyst blames stock (confidence 0.60).'],
    [
      'another change of the same service',
      blame('user', 'c'.repeat(40)),
      'The built-in analyst blames user, change cccccccccccc (confidence 0.60).',
    ],
    ['no cause', inconclusive('', 'analyst'), 'The built-in analyst finds that the evidence carries no cause.'],
    ['no fault', { ...inconclusive('', 'analyst'), verdict: 'no-fault' }, 'The built-in analyst sees no fault.'],
  ])('disagree where the analyst names %s, and it is kept and told with the evidence', (_what, analyst, told) => {
    const compared = compareWithAnalyst(model, { ...analyst, evidence });
    expect(compared.against).toEqual([{ text: told, evidence }]);
    expect(describeDisagreement(compared)).toBe(told);
  });

  it('are told of under what is missing where the analyst has nothing to cite', () => {
    const compared = compareWithAnalyst(model, inconclusive('', 'analyst'));
    expect(compared.against).toEqual([]);
    expect(compared.missing).toEqual(['The built-in analyst finds that the evidence carries no cause.']);
  });

  it('leave the diagnosis as it is where they agree', () => {
    expect(compareWithAnalyst(model, { ...blame('user', commit), confidence: 0.9 })).toBe(model);
  });

  it('disagree no more once the sandbox has shown that the analyst was right', () => {
    const compared = compareWithAnalyst(model, blame('stock', 'none'));
    expect(describeDisagreement({ ...compared, service: 'stock', change: 'none' })).toBeUndefined();
  });
});

function blame(service: string, change: string, engine = 'analyst'): Diagnosis {
  return { ...inconclusive('', engine), verdict: 'cause', service, change, confidence: 0.6 };
}
