import { describe, expect, it } from 'vitest';
import { createReadConditions } from '../../../src/activities/observe/read-conditions.ts';
import { createRedact } from '../../../src/domain/redaction.ts';
import { alert, at, fakePrometheus, settingsOf } from './observe-case.ts';

const services = { order: settingsOf('order', { objectives: [{ name: 'errors', expr: 'ratio', max: 0.05 }] }) };
const ports = { services, redact: createRedact(), now: () => new Date(at(50)) };
const question = { services: ['order'], alerts: [alert, { ...alert, id: 'a2' }] };
const sample = (value: number) => ({ labels: {}, value });

describe('readConditions', () => {
  it('reads each alert once and each objective, under names that stay the same', async () => {
    const prometheus = fakePrometheus({
      findExpression: async () => 'ratio > 0.2',
      readCondition: async () => ({ state: 'ok', value: 0.01, threshold: '> 0.2', detail: '1 series read' }),
      query: async () => [sample(0.01), sample(0.06)],
    });
    const readings = await createReadConditions({ ...ports, prometheus })(question);
    expect(readings).toMatchObject([
      { name: 'alert TooManyErrors (order)', state: 'ok', value: 0.01, at: at(50) },
      { name: 'order: errors', state: 'breached', value: 0.06, threshold: '<= 0.05' },
    ]);
  });

  it.each([
    ['Prometheus is down', fakePrometheus({})],
    ['there is no data', fakePrometheus({ findExpression: async () => undefined, query: async () => [] })],
    [
      'the value is no number',
      fakePrometheus({ findExpression: async () => undefined, query: async () => [sample(NaN)] }),
    ],
    ['no Prometheus is configured', undefined],
  ])('is unknown, never recovered, when %s', async (_, prometheus) => {
    const readings = await createReadConditions({ ...ports, ...(prometheus ? { prometheus } : {}) })(question);
    expect(readings.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
    expect(readings.every(({ detail }) => detail !== undefined && detail !== '')).toBe(true);
  });

  it('an infinite value is breached and safe to store', async () => {
    const prometheus = fakePrometheus({ findExpression: async () => undefined, query: async () => [sample(Infinity)] });
    const readings = await createReadConditions({ ...ports, prometheus })({ services: ['order'], alerts: [] });
    expect(readings).toMatchObject([{ state: 'breached', value: null }]);
  });

  it('an alert that a person opened has no condition of its own', async () => {
    const { expression: _, ...manual } = { ...alert, sender: 'manual' };
    const prometheus = fakePrometheus({ findExpression: async () => undefined });
    expect(await createReadConditions({ ...ports, prometheus })({ services: [], alerts: [manual] })).toEqual([]);
  });
});
