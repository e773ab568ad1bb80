import { describe, expect, it } from 'vitest';
import { likelihoodRatio, stratifiedRankScore } from '../../../../src/domain/analysis/spans/two-samples.ts';

describe('the stratified rank score', () => {
  it('is what Mann and Whitney tell for one stratum', () => {
    // U = 25 of 25 pairs; (25 − 12.5) / sqrt(5 · 5 · 11 / 12).
    expect(stratifiedRankScore([{ before: [1, 2, 3, 4, 5], during: [6, 7, 8, 9, 10] }])).toBeCloseTo(2.611, 3);
    expect(stratifiedRankScore([{ before: [1, 1], during: [1, 1] }])).toBe(0);
    expect(stratifiedRankScore([{ before: [], during: [4] }])).toBe(0);
  });

  it('is moved neither by one huge value nor by another mix of strata', () => {
    expect(Math.abs(stratifiedRankScore([{ before: [1, 2, 3, 4], during: [1.5, 2.5, 3.5, 1e9] }]))).toBeLessThan(1);
    const light = { before: [1, 2, 3, 1, 2, 3], during: [2] };
    const heavy = { before: [100], during: [99, 101, 100, 100, 99, 101] };
    expect(stratifiedRankScore([light, heavy])).toBeCloseTo(0, 6);
  });
});

describe('the log-likelihood ratio', () => {
  it('is zero for equal rates and grows with the difference', () => {
    expect(likelihoodRatio(5, 10, 50, 100)).toBeCloseTo(0, 9);
    // 10 of 10 against 0 of 10: 2 · 20 · ln 2.
    expect(likelihoodRatio(10, 10, 0, 10)).toBeCloseTo(27.726, 3);
    expect(likelihoodRatio(0, 0, 0, 0)).toBe(0);
  });
});
