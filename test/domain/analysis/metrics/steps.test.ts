import { describe, expect, it } from 'vitest';
import { findMetricShifts } from '../../../../src/domain/analysis/metrics/shifts.ts';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { at, incidentFrom, wrap } from '../incident.ts';

function shiftsOf(name: string, values: (n: number) => number) {
  const points = Array.from({ length: 90 }, (_, n) => [at(n - 30), values(n)] as const);
  const series: MetricSeries = { name, expression: name, labels: {}, points };
  const { evidence } = wrap('svc', 'metrics', { kind: 'metrics', service: 'svc', incidentFrom, series: [series] });
  return findMetricShifts(evidence, { kind: 'metrics', service: 'svc', incidentFrom, series: [series] });
}

describe('metric shifts', () => {
  it('see a step in a noisy series, with direction and time', () => {
    expect(shiftsOf('error_ratio', (n) => 0.01 + 0.002 * Math.sin(n) + (n >= 75 ? 0.4 : 0))).toMatchObject([
      { kind: 'step', direction: 'up', meaning: 'failures', firstAt: at(45) },
    ]);
  });

  it('see a step in a series that never moved before (MAD of zero)', () => {
    expect(shiftsOf('panics', (n) => (n >= 80 ? 3 : 0))).toMatchObject([{ kind: 'step', firstAt: at(50) }]);
  });

  it('see no shift in noise, in a constant, in a counter, and in a lone spike', () => {
    expect(shiftsOf('latency', (n) => 100 + 10 * Math.sin(n * 1.7) + 5 * Math.cos(n * 0.9))).toEqual([]);
    expect(shiftsOf('up', () => 1)).toEqual([]);
    expect(shiftsOf('latency', (n) => (n === 70 ? 900 : 100 + (n % 3)))).toEqual([]);
  });

  it('see a slow climb that began long before the incident', () => {
    expect(shiftsOf('memory_bytes', (n) => (n < 20 ? 100 : 100 + 6 * (n - 20)) + (n % 2))).toMatchObject([
      { kind: 'climb', direction: 'up', meaning: 'saturation' },
    ]);
  });

  it('see a gauge that counted down by the clock and passed zero', () => {
    expect(shiftsOf('seconds_until_expiry', (n) => (75 - n) * 60)).toMatchObject([
      { kind: 'deadline', firstAt: at(45) },
    ]);
  });
});
