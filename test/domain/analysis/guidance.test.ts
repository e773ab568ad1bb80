import { describe, expect, it } from 'vitest';
import { readGuidance } from '../../../src/domain/analysis/guidance.ts';

describe('guidance', () => {
  it('is read clause by clause, negations as against', () => {
    const opinions = readGuidance(['It is not user-service, look at payment'], ['user-service', 'payment-service'], []);
    expect(Object.fromEntries(opinions)).toEqual({ 'user-service': 'against', 'payment-service': 'for' });
  });
});
