import { describe, expect, it } from 'vitest';
import { measuredSide, splitComparison } from '../../../src/domain/evidence/promql.ts';

describe('splitComparison', () => {
  it.each([
    ['rate(x[5m]) > 0.2', 'rate(x[5m])', '>', 0.2],
    ['(sum(a) / sum(b)) >= 5e-2', 'sum(a) / sum(b)', '>=', 0.05],
    ['((up{job="a > b"} == 0))', 'up{job="a > b"}', '==', 0],
    ['0.5 < a', 'a', '>', 0.5],
    ['a > bool 1', 'a', '>', 1],
    ['a / b > 0.05 and on() b > 10', 'a / b', '>', 0.05],
    ['a # not > 7\n< -3', 'a', '<', -3],
    [
      'sum by (service) (a{code=~"5.."}) / sum by (service) (a) > (0.2)',
      'sum by (service) (a{code=~"5.."}) / sum by (service) (a)',
      '>',
      0.2,
    ],
  ] as const)('splits %s', (expression, left, operator, threshold) => {
    expect(splitComparison(expression)).toEqual({ left, operator, threshold });
  });

  it.each(['absent(up)', 'a > b', 'vector(1)', '', 'a >', 'sum(x > 1)'])('does not split %s', (expression) => {
    expect(splitComparison(expression)).toBeUndefined();
  });

  it('still tells what a comparison of two vectors measures', () => {
    expect(measuredSide('a > on(x) b * 2')).toBe('a');
    expect(measuredSide('absent(up)')).toBeUndefined();
  });

  it('ends on any text', () => {
    for (const text of ['(((', '"', "'\\", '`>', '>>>', '){', 'a and', '#'])
      expect(() => splitComparison(text)).not.toThrow();
  });
});
