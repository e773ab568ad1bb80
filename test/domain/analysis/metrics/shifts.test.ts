import { describe, expect, it } from 'vitest';
import { findMetricShifts } from '../../../../src/domain/analysis/metrics/shifts.ts';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { makeRandom } from '../../../fakes/random.ts';
import { createNoise, series } from './generated-series.ts';
import { at, incidentFrom, wrap } from '../incident.ts';

const day = 1440;
const seeds = Array.from({ length: 25 }, (_, seed) => seed + 1);

function shiftsOf(one: MetricSeries, from = incidentFrom) {
  const body = { kind: 'metrics', service: 'svc', incidentFrom: from, series: [one] } as const;
  return findMetricShifts(wrap('svc', 'metrics', body).evidence, body);
}

const minuteOf = (iso = '') => (Date.parse(iso) - Date.parse(at(0))) / 60_000;

describe('a step in a metric', () => {
  it.each(seeds)('is found, and dated to three minutes, through random gaps and noise (seed %i)', (seed) => {
    const [noise, random] = [createNoise(seed), makeRandom(seed)];
    const found = shiftsOf(
      series('latency_ms', (minute) => (random() < 0.3 ? undefined : 100 + 3 * noise() + (minute >= 42 ? 60 : 0))),
    );
    expect(found).toMatchObject([{ kind: 'step', direction: 'up', isAdverse: true }]);
    expect(Math.abs(minuteOf(found[0]?.firstAt) - 42)).toBeLessThanOrEqual(3);
  });

  it.each(seeds)('is not found in noise with heavy tails, gaps and lone spikes (seed %i)', (seed) => {
    const [noise, random] = [createNoise(seed), makeRandom(seed)];
    const spike = Math.floor(random() * 90) - 30;
    expect(
      shiftsOf(
        series('latency_ms', (minute) =>
          random() < 0.2 ? undefined : 100 + 4 * noise() * (random() < 0.1 ? 3 : 1) + (minute === spike ? 400 : 0),
        ),
      ),
    ).toEqual([]);
  });

  it('is not found where a series rises as it did all along, and is where it leaves that line', () => {
    const noise = createNoise(7);
    const trend = (minute: number) => 1000 + 6 * minute + 8 * noise();
    expect(shiftsOf(series('sessions', trend, [-90, 60]))).toEqual([]);
    expect(shiftsOf(series('sessions', (m) => trend(m) + (m >= 40 ? 400 : 0), [-90, 60]))).toMatchObject([
      { kind: 'step', direction: 'up', firstAt: at(40) },
    ]);
  });

  it('is not the morning that comes every day, and is the one that comes at night', () => {
    const noise = createNoise(3);
    const daily = (minute: number) => 500 + 400 * Math.sin((2 * Math.PI * minute) / day) + 10 * noise();
    const window = [-2 * day, 60] as const;
    expect(shiftsOf(series('requests_per_sec', daily, window))).toEqual([]);
    const quietHour = (minute: number) => daily(minute) + (minute >= 35 ? 300 : 0);
    expect(shiftsOf(series('requests_per_sec', quietHour, window))).toMatchObject([{ kind: 'step', direction: 'up' }]);
  });

  it('is seen in the rate of a counter, and a reset is none', () => {
    const counter = (perMinute: (minute: number) => number, resetAt: number) => {
      let total = 5000;
      return series('http_errors_total', (minute) => {
        total = minute === resetAt ? perMinute(minute) : total + perMinute(minute);
        return total;
      });
    };
    expect(shiftsOf(counter((m) => 20 + (m % 3), 40))).toEqual([]);
    expect(shiftsOf(counter((m) => (m >= 45 ? 300 : 20 + (m % 3)), 35))).toMatchObject([
      { kind: 'step', direction: 'up', firstAt: at(45) },
    ]);
  });

  it('is found in three points of baseline only where every later one is far away', () => {
    const few = (values: readonly number[]): MetricSeries => ({
      name: 'latency_ms',
      expression: '',
      labels: {},
      points: values.map((value, i) => [at(15 + 5 * i), value] as const),
    });
    expect(shiftsOf(few([100, 104, 98, 300, 320, 310]))).toMatchObject([{ kind: 'step', firstAt: at(30) }]);
    expect(shiftsOf(few([100, 104, 98, 300, 101, 310]))).toEqual([]);
    expect(shiftsOf(few([100, 300]))).toEqual([]);
  });

  it.each([-12, 0, 12, 24])('that began in minute 20 is dated there when it is reported %i minutes off', (late) => {
    const noise = createNoise(11);
    const found = shiftsOf(
      series('latency_ms', (minute) => 100 + 2 * noise() + (minute >= 20 ? 50 : 0)),
      at(20 + late),
    );
    expect(Math.abs(minuteOf(found[0]?.firstAt) - 20)).toBeLessThanOrEqual(2);
  });

  it('is found by ranks alone where nothing lies before the reported beginning', () => {
    const noise = createNoise(5);
    const found = shiftsOf(
      series('error_ratio', (minute) => 0.01 + 0.001 * noise() + (minute >= 25 ? 0.3 : 0)),
      at(-30),
    );
    expect(Math.abs(minuteOf(found[0]?.firstAt) - 25)).toBeLessThanOrEqual(2);
  });

  it('that came and went long before the incident is another matter', () => {
    expect(shiftsOf(series('latency_ms', (m) => (m > -400 && m < -300 ? 300 : 100 + (m % 5)), [-600, 60]))).toEqual([]);
  });

  it('of availability is told by what is missing, and falling is the bad side', () => {
    expect(shiftsOf(series('availability percent', (m) => (m >= 40 ? 98.5 : 99.95 + 0.01 * (m % 4))))).toMatchObject([
      { meaning: 'failures', direction: 'down', isAdverse: true, after: 98.5 },
    ]);
  });

  it('behind a gap of hours must be greater than the drift of a level', () => {
    const noise = createNoise(9);
    const after = (rise: number) =>
      shiftsOf(
        series(
          'latency_ms',
          (m) => (m < 28 ? (m < -400 ? 100 + noise() : undefined) : 100 + rise + noise()),
          [-900, 60],
        ),
      );
    expect(after(8)).toEqual([]);
    expect(after(40)).toMatchObject([{ kind: 'step', direction: 'up' }]);
  });
});
