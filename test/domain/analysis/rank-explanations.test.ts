import { describe, expect, it } from 'vitest';
import { fitBaseline } from '../../../src/domain/analysis/metrics/baseline.ts';
import type { Point } from '../../../src/domain/analysis/metrics/points.ts';
import { mixExplanations, type Explanation } from '../../../src/domain/analysis/rank-explanations.ts';
import { readFlows } from '../../../src/domain/analysis/load/service-flows.ts';
import { metricsOf, series } from './metrics/generated-series.ts';

const explanation = (service: string, source: Explanation['source'], weight: number): Explanation => ({
  service,
  source,
  weight,
  why: '',
  evidenceId: `${service}/${source}/1`,
});

describe('explanations beside the walk', () => {
  const walk = new Map([
    ['web', 1],
    ['db', 0],
  ]);

  it('move suspicion and neither make nor lose any', () => {
    const mixed = mixExplanations(walk, [explanation('db', 'metrics', 0.6), explanation('db', 'traces', 0.5)], false);
    expect(mixed.get('db')).toBeGreaterThan(mixed.get('web') ?? 0);
    expect([...mixed.values()].reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1);
  });

  it('by metrics weigh less where log lines tell of failing calls', () => {
    const besideLogs = mixExplanations(walk, [explanation('db', 'metrics', 1)], true).get('db') ?? 0;
    expect(besideLogs).toBeLessThan(mixExplanations(walk, [explanation('db', 'metrics', 1)], false).get('db') ?? 0);
    expect(besideLogs).toBeGreaterThan(0);
  });
});

describe('a baseline', () => {
  const of = (value: (i: number) => number, length = 60) =>
    fitBaseline(Array.from({ length }, (_, i): Point => [i * 60_000, value(i)]));

  it('has a scale above zero for constants and ties, and withstands a tenth of wild points', () => {
    expect(of(() => 0).up).toBeGreaterThan(0);
    expect(of(() => 50).up).toBe(1);
    expect(of((i) => (i % 10 === 0 ? 9 : 0)).up).toBeGreaterThan(1);
    expect(of((i) => (i % 10 === 0 ? 1e9 : 100 + (i % 3))).expect(0)).toBeCloseTo(101, 0);
  });

  it('follows a line that was seen for as long again by half, and no further', () => {
    const line = of((i) => 10 + i);
    expect(line.shape).toBe('trend');
    expect(line.expect(80 * 60_000)).toBeCloseTo(90, 0);
    expect(line.expect(1e12)).toBeCloseTo(line.expect(2e12));
  });
});

describe('flows of a service', () => {
  it('are in milliseconds, calls per second and parts of one, whatever the metrics are in', () => {
    const [flow] = readFlows([
      metricsOf(
        'svc',
        series('http_server_duration_seconds_average', () => 0.25),
        series('requests', () => 120),
        series('availability percent', () => 99),
      ),
    ]).services;
    expect(flow?.latency?.[0]?.[1]).toBeCloseTo(250);
    expect(flow?.requests?.[0]?.[1]).toBeCloseTo(2);
    expect(flow?.failing?.[0]?.[1]).toBeCloseTo(0.01);
  });

  it('take one statistic for all, the one that most services have', () => {
    const flows = readFlows([
      metricsOf(
        'a',
        series('latency ms average', () => 10),
        series('latency ms p99', () => 90),
      ),
      metricsOf(
        'b',
        series('latency ms p99', () => 80),
      ),
      metricsOf(
        'c',
        series('latency ms p99', () => 70),
      ),
    ]);
    expect(flows.services.map((flow) => Math.round(flow.latency?.[0]?.[1] ?? 0))).toEqual([90, 80, 70]);
  });
});
