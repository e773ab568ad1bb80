import { describe, expect, test } from 'vitest';
import type { LogLine } from '../../../../src/domain/evidence/evidence.ts';
import { alertOn, at, chatter, incidentFrom, repeat, wrap } from '../incident.ts';
import { argueSoundly, flat, gauge, platformIncident, tell, warning, wellAt } from './platform-incident.ts';

const wellOnly = wrap('wharf', 'events', {
  kind: 'events',
  service: 'wharf',
  incidentFrom,
  events: [wellAt(59, 'Pod/wharf-1')],
});

describe('no fault', () => {
  test('is said of a warning that passed while the pod is well again', () => {
    const passed = warning(31, 'Pod/wharf-1', 'Unhealthy', 'Readiness probe failed: connection refused', {
      lastAt: at(32),
      count: 2,
    });
    const diagnosis = argueSoundly(platformIncident([passed, wellAt(59, 'Pod/wharf-1')], { lines: chatter() }));
    expect(diagnosis).toMatchObject({ verdict: 'no-fault', category: 'none' });
    expect(diagnosis.against[0]?.text).toContain('it is over without harm');
  });

  test('is not said where a critical alert fires and only one kind of evidence was there', () => {
    const one = argueSoundly({ ...platformIncident([]), evidence: [wellOnly] });
    const two = argueSoundly(platformIncident([wellAt(59, 'Pod/wharf-1')], { lines: chatter() }));
    expect(one).toMatchObject({ verdict: 'inconclusive', confidence: 0 });
    expect(tell(one)).toContain('too little to say that nothing is wrong');
    expect(two).toMatchObject({ verdict: 'no-fault', confidence: 0.6 });
  });

  test('is said beside a handful of new warnings, and not beside an error', () => {
    const odd = (level: 'warn' | 'error', n: number) =>
      repeat(40, 40 + n, 60, () => ({ level, message: 'the gull took the rope', fields: {} }));
    const beside = (lines: readonly LogLine[]) =>
      argueSoundly(platformIncident([wellAt(59, 'Pod/wharf-1')], { lines: [...chatter(), ...lines] }));
    expect(beside(odd('warn', 3)).verdict).toBe('no-fault');
    expect(beside(odd('error', 12)).verdict).not.toBe('no-fault');
    expect(beside(odd('warn', 12)).verdict).not.toBe('no-fault');
  });

  test('is said less surely beside a warning that nobody knows, and not beside an unknown error', () => {
    const strange = warning(45, 'Widget/w', 'Flummoxed', 'the widget is flummoxed');
    const plain = argueSoundly(platformIncident([wellAt(59, 'Pod/wharf-1')], { lines: chatter() }));
    const beside = argueSoundly(platformIncident([strange], { lines: chatter() }));
    expect(beside.verdict).toBe('no-fault');
    expect(beside.confidence).toBeLessThan(plain.confidence);
    expect(beside.against[0]?.text).toContain('Flummoxed');
    const grave = argueSoundly(platformIncident([{ ...strange, severity: 'error' }], { lines: chatter() }));
    expect(grave.verdict).toBe('inconclusive');
  });
});

describe('a limit that is none', () => {
  test.each([
    ['megabytes read as percent', [gauge('memory_usage_mi', flat(145))]],
    ['millicores read as percent', [gauge('cpu_usage_m', flat(98))]],
    ['a use of unknown unit', [gauge('cpu_usage', flat(97))]],
  ])('is not taken from %s', (_name, series) => {
    expect(argueSoundly(platformIncident([], { series }))).toMatchObject({ verdict: 'no-fault' });
  });

  test('is not blamed at a service that nothing points to, nor where the baseline was past it as well', () => {
    const full = gauge('cpu_utilization_percent', flat(97));
    const far = platformIncident([], { lines: chatter() });
    const elsewhere = wrap('quay', 'metrics', { kind: 'metrics', service: 'quay', incidentFrom, series: [full] });
    expect(argueSoundly({ ...far, evidence: [...far.evidence, elsewhere] }).condition).toBeUndefined();
    const usual = { ...full, points: [...flat(97).map((value, i) => [at(i), value] as const), ...full.points] };
    expect(argueSoundly(platformIncident([], { series: [usual] })).condition).toBeUndefined();
  });
});

describe('load, and a place without a reason', () => {
  const slow = (from: number) =>
    gauge(
      'request_duration_p99_seconds',
      flat(0.1, 30).map((v, i) => (i + 30 >= from ? 3 : v)),
    );
  const before = (series: ReturnType<typeof gauge>, value: number) => ({
    ...series,
    points: [...Array.from({ length: 30 }, (_, i) => [at(i), value * (1 + (i % 3) * 0.01)] as const), ...series.points],
  });

  test('is load where traffic doubled at the door before anything slowed down', () => {
    const traffic = gauge('requests_per_second', [...flat(100, 5), ...flat(420, 25)]);
    const diagnosis = argueSoundly(platformIncident([], { series: [before(traffic, 100), before(slow(38), 0.1)] }));
    expect(diagnosis).toMatchObject({ category: 'traffic', change: 'none', service: 'wharf' });
    expect(diagnosis.confidence).toBeLessThan(0.8);
  });

  test('is no cause, but a lead, where the load strained nothing', () => {
    const traffic = gauge('requests_per_second', [...flat(100, 5), ...flat(420, 25)]);
    const failing = repeat(38, 60, 5, () => ({ level: 'error', message: 'the crane refuses', fields: {} }));
    const diagnosis = argueSoundly(
      platformIncident([], { series: [before(traffic, 100)], lines: [...chatter(), ...failing] }),
    );
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', category: 'unknown', confidence: 0 });
    expect(tell(diagnosis)).toContain('More work came in before anything failed');
  });

  test('is no load that each request costs more', () => {
    const cost = gauge('db_query_count_per_request', [...flat(3, 5), ...flat(49, 25)]);
    const diagnosis = argueSoundly(platformIncident([], { series: [before(cost, 3), before(slow(38), 0.1)] }));
    expect(diagnosis.category).not.toBe('traffic');
  });

  test('is not load where the traffic rose after the failure, as retries do', () => {
    const traffic = gauge('requests_per_second', [...flat(100, 20), ...flat(420, 10)]);
    const diagnosis = argueSoundly(platformIncident([], { series: [before(traffic, 100), before(slow(34), 0.1)] }));
    expect(diagnosis.category).not.toBe('traffic');
  });

  test('is the one service that its metrics single out, with what is not known said', () => {
    const diagnosis = argueSoundly(
      platformIncident([], { series: [before(slow(34), 0.1)] }, 'slow', { alerts: [alertOn('wharf', 'slow')] }),
    );
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'wharf', change: 'none', category: 'unknown' });
    expect(diagnosis.confidence).toBeLessThanOrEqual(0.6);
    expect(diagnosis.statement[0]?.text).toContain('The place is known and the reason is not');
    expect(diagnosis.missing.join(' ')).toContain('the reason why wharf fails');
  });
});
