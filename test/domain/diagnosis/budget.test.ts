import { describe, expect, it } from 'vitest';
import { findBudgetEnd } from '../../../src/domain/diagnosis/budget.ts';

describe('findBudgetEnd', () => {
  const budgets = {
    maxEngineSteps: 5,
    maxModelTokens: 1_000,
    maxModelCost: 2,
    maxEngineMs: 60_000,
    maxRounds: 2,
    maxResidents: 8,
  };
  const spent = { modelCalls: 1, inputTokens: 400, outputTokens: 100, cost: 1 };
  const progress = { step: 2, elapsedMs: 1_000, spent };

  it('leaves room below every limit', () => {
    expect(findBudgetEnd(budgets, progress)).toBeUndefined();
  });

  it.each([
    ['steps', { ...progress, step: 5 }, 'step 5 of 5'],
    ['tokens', { ...progress, spent: { ...spent, inputTokens: 900 } }, '1000 tokens of 1000 spent'],
    ['money', { ...progress, spent: { ...spent, cost: 2.5 } }, '2.50 of 2.00 US dollars spent'],
    ['time', { ...progress, elapsedMs: 61_000 }, '1 of 1 minutes gone'],
  ])('ends at the limit of %s', (_what, reached, why) => {
    expect(findBudgetEnd(budgets, reached)).toBe(why);
  });
});
