import { describe, expect, it } from 'vitest';
import { findBeginning, findCut } from '../../../../src/domain/analysis/metrics/onset.ts';
import type { Point } from '../../../../src/domain/analysis/metrics/points.ts';
import { createNoise } from './generated-series.ts';

const seeds = Array.from({ length: 20 }, (_, seed) => seed + 1);
const pointsOf = (length: number, value: (i: number) => number) =>
  Array.from({ length }, (_, i): Point => [i * 60_000, value(i)]);

describe('the cut of a series', () => {
  it.each(seeds)('lies where the level changed, wherever that is (seed %i)', (seed) => {
    const noise = createNoise(seed);
    const place = 8 + ((seed * 13) % 84);
    const cut = findCut(pointsOf(100, (i) => noise() + (i >= place ? 6 : 0)));
    expect(Math.abs((cut?.index ?? -1) - place)).toBeLessThanOrEqual(1);
    expect(cut?.delta).toBeGreaterThan(0.95);
    expect(cut?.score).toBeGreaterThan(4);
  });

  it.each(seeds)('is unsure in noise (seed %i)', (seed) => {
    const noise = createNoise(seed);
    expect(Math.abs(findCut(pointsOf(100, () => noise()))?.delta ?? 0)).toBeLessThan(0.9);
  });

  it('stays where it is under any rising transformation, since only ranks count', () => {
    const noise = createNoise(4);
    const points = pointsOf(60, (i) => noise() + (i >= 40 ? 5 : 0));
    const bent = points.map(([at, value]): Point => [at, Math.exp(value)]);
    expect(findCut(bent)).toEqual(findCut(points));
  });

  it('of a constant is nothing, and of too few points is not told', () => {
    expect(findCut(pointsOf(50, () => 3))).toBeUndefined();
    expect(findCut(pointsOf(7, (i) => i))).toBeUndefined();
  });
});

describe('the beginning of a departure', () => {
  it('lies before the first clear point, where the points before are already on their way', () => {
    expect(findBeginning([0, 1, 3, 4, 5, 9, 12], 5)).toBe(2);
    expect(findBeginning([0, -3, 3, 9], 3)).toBe(2);
    expect(findBeginning([9, 9], 0)).toBe(0);
  });
});
