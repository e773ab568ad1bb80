import { describe, expect, test } from 'vitest';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { at, chatter, repeat, window, wrap } from '../incident.ts';
import { argueSoundly, flat, gauge, platformIncident, tell, warning, wellAt } from './platform-incident.ts';

const errors = (message: string, from = 31, to = 60) =>
  repeat(from, to, 20, () => ({ level: 'error', message, fields: {} }));
const sort = <T extends { readonly at: string }>(lines: readonly T[]) =>
  [...lines].sort((a, b) => (a.at < b.at ? -1 : 1));

/** Database load by wait event over the incident, as Performance Insights labels it. */
const load = (wait: string, values: readonly number[]): MetricSeries =>
  gauge('db.load.avg', values, { 'db.sql.statement': `UPDATE berths -- ${wait}`, 'db.wait_event.name': wait });

describe('sessions that wait for locks', () => {
  test('are a cause where they are most of the load of a database', () => {
    const metrics = [load('Lock:transactionid', flat(12)), load('CPU', flat(1))];
    const diagnosis = argueSoundly(platformIncident([], { series: metrics }));
    expect(diagnosis).toMatchObject({ verdict: 'cause', category: 'resource', condition: 'lock-contention' });
    expect(tell(diagnosis)).toContain('UPDATE berths');
  });

  test.each([
    ['a single one', [load('Lock:tuple', flat(1)), load('CPU', flat(0.5))]],
    ['few beside those that work', [load('Lock:tuple', flat(3)), load('CPU', flat(9))]],
    ['latches of the database itself', [load('LWLock:BufferMapping', flat(12)), load('CPU', flat(1))]],
  ])('are none where it is %s', (_, metrics) => {
    expect(argueSoundly(platformIncident([], { series: metrics })).condition).not.toBe('lock-contention');
  });

  test('are told of by lines that PostgreSQL calls a LOG', () => {
    const lines = sort([
      ...chatter(),
      ...repeat(35, 60, 20, (n) => ({
        level: 'info' as const,
        message: `process ${4000 + n} still waiting for ShareLock on transaction ${90 + n} after 1000.1 ms`,
        fields: {},
      })),
    ]);
    expect(argueSoundly(platformIncident([], { lines })).condition).toBe('lock-contention');
  });
});

describe('a probe that failed', () => {
  const failed = (count: number, minutes: number) =>
    warning(minutes, 'Pod/wharf-1', 'Unhealthy', 'Liveness probe failed: context deadline exceeded', { count });

  test('once or twice, and some time ago, did nothing', () => {
    expect(argueSoundly(platformIncident([failed(2, 40)], { lines: chatter() })).verdict).toBe('no-fault');
  });

  test.each([
    ['three times', failed(3, 40)],
    ['just now', failed(1, 59)],
  ])('%s may be the beginning of trouble', (_, event) => {
    expect(argueSoundly(platformIncident([event], { lines: chatter() })).verdict).not.toBe('no-fault');
  });
});

describe('a limit of connections that was changed', () => {
  const changed = warning(20, 'pg-group', 'configuration change', 'Updated parameter max_connections to 60', {
    severity: 'info',
  });
  const refused = sort([...chatter(), ...errors('FATAL: sorry, too many clients already')]);

  test('is the cause where clients had more open before and are refused now', () => {
    const metrics = [gauge('DatabaseConnections', [90, ...flat(60)])];
    const diagnosis = argueSoundly(platformIncident([changed], { lines: refused, series: metrics }));
    expect(diagnosis).toMatchObject({ condition: 'connections-limited', category: 'config-change' });
  });

  test('is not where fewer were open than the new limit lets in, and says nothing by itself', () => {
    const metrics = [gauge('DatabaseConnections', [20, ...flat(60)])];
    const raised = argueSoundly(platformIncident([changed], { lines: refused, series: metrics }));
    expect(raised.condition).toBe('connections-exhausted');
    expect(argueSoundly(platformIncident([changed], { lines: chatter() })).verdict).toBe('no-fault');
  });
});

describe("a provider's page", () => {
  const told = warning(33, 'Acme Blobs (eu-1)', 'degraded', 'We see elevated error rates for reads in this region.');

  test('explains failing lines that name the provider, less surely than what was seen here', () => {
    const lines = sort([...chatter(), ...errors('acme.blobs.ServiceUnavailable: try again')]);
    const diagnosis = argueSoundly(platformIncident([told], { lines }));
    expect(diagnosis).toMatchObject({ category: 'outside-dependency' });
    expect(diagnosis.confidence).toBeLessThan(0.8);
  });

  test('explains nothing where no line that fails names it', () => {
    const lines = sort([...chatter(), ...errors('berth 12 has no crane')]);
    expect(argueSoundly(platformIncident([told], { lines })).condition).toBeUndefined();
  });
});

describe('a window that begins with the incident', () => {
  const incidentFrom = window.from;
  const body = (lines: ReturnType<typeof chatter>) =>
    wrap('wharf', 'logs', { kind: 'logs', service: 'wharf', incidentFrom, lines });
  const argue = (lines: ReturnType<typeof chatter>) =>
    argueSoundly({ ...platformIncident([]), evidence: [body(sort(lines))] });

  test('is not called healthy while every other line is an error', () => {
    const diagnosis = argue([...chatter(), ...errors('FATAL: sorry, too many clients already', -30)]);
    expect(diagnosis.condition).toBe('connections-exhausted');
    expect(tell(diagnosis)).toContain('nothing from before the incident');
  });

  test.each([
    ['are a few among many', [at(-5), at(20), at(50)]],
    ['ended long ago', Array.from({ length: 40 }, (_, i) => at(-29, i))],
  ])('takes errors for usual that %s', (_, times) => {
    const few = times.map((time) => ({ at: time, level: 'error' as const, message: 'berth is taken', fields: {} }));
    // Beside logs alone a critical alert would not be called no fault.
    const calm = platformIncident([wellAt(59, 'Pod/wharf-1')]);
    const evidence = [...calm.evidence, body(sort([...chatter(), ...few]))];
    expect(argueSoundly({ ...calm, evidence }).verdict).toBe('no-fault');
  });
});
