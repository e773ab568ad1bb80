import { describe, expect, it } from 'vitest';
import { listSuspectRegions } from '../../../../src/domain/analysis/spans/code-regions.ts';
import { gatherFacts } from '../../../../src/domain/analysis/facts.ts';
import type { MetricShift } from '../../../../src/domain/analysis/metrics/shifts.ts';
import { findBusyServices } from '../../../../src/domain/analysis/spans/resource-pressure.ts';
import { explainBySpans, listSpanSigns } from '../../../../src/domain/analysis/spans/blame.ts';
import { measureSpans } from '../../../../src/domain/analysis/spans/facts.ts';
import { followCalls, isAnomalous } from '../../../../src/domain/analysis/suspicion.ts';
import { draw, incidentFrom, repeat, span, type Drawn } from './small-traces.ts';

/** `web` asks `shop`, `shop` asks `price`. */
function request(rest: { price?: readonly string[]; way?: number; work?: number; failed?: boolean } = {}): Drawn {
  const { price = ['Price#10', 'Price#20'], way = 2, work = 10, failed = false } = rest;
  const quote = span('price', 'quote', [20, 20 + work], { logs: price, failed });
  const get = span('shop', 'GET', [20 - way / 2, 20 + work + way / 2], { kind: 'client', calls: [quote] });
  const shop = span('shop', 'order', [5, get.to + 5], { failed, calls: [get] });
  return span('web', 'in', [0, shop.to + 5], {
    failed,
    calls: [span('web', 'GET', [4, shop.to + 1], { kind: 'client', calls: [shop] })],
  });
}

const calm = repeat(20, (i) => request({ work: 10 + (i % 4) / 4 }));

function signsOf(during: readonly Drawn[], shifts: readonly MetricShift[] = []) {
  const { evidence, logs } = draw(calm, during);
  return listSpanSigns(measureSpans(evidence, logs), ['web', 'shop', 'price'], shifts);
}

const cpu = (service: string, after: number, firstAt = incidentFrom): MetricShift => ({
  service,
  evidenceId: `${service}/metrics/1`,
  name: 'cpu',
  meaning: 'saturation',
  kind: 'step',
  direction: 'up',
  firstAt,
  before: 2,
  after,
  weight: 0.6,
  isAdverse: true,
});

describe('spans blame', () => {
  it.each([
    ['code that requests leave', repeat(20, () => request({ price: ['Price#10'] })), 'code'],
    ['work that takes longer', repeat(20, () => request({ work: 300 })), 'work'],
    ['a way that takes longer', repeat(20, () => request({ way: 30 })), 'network'],
    ['a failure that begins there', repeat(20, () => request({ failed: true })), 'error'],
  ] as const)('%s', (_, during, kind) => {
    const [first] = signsOf(during);
    expect(first).toMatchObject({ service: 'price', kind });
    expect(first?.strength).toBeGreaterThan(0.5);
    expect(first?.evidenceIds).toContain('price/traces/1');
    expect(Date.parse(first?.firstAt ?? '')).toBeGreaterThanOrEqual(Date.parse(incidentFrom));
  });

  it('nobody in calm times, nor where there are no traces', () => {
    expect(explainBySpans(signsOf(calm)).filter((item) => item.weight > 0.1)).toEqual([]);
    expect(listSpanSigns(undefined, ['web'], [])).toEqual([]);
  });

  it('the more surely a service that came under pressure at the same time', () => {
    const slow = repeat(20, () => request({ work: 25 }));
    const alone = signsOf(slow)[0];
    const pressed = signsOf(slow, [cpu('price', 99)])[0];
    expect(pressed).toMatchObject({ service: 'price', kind: 'resource', place: { from: 'cpu', to: 'cpu' } });
    expect(pressed?.strength).toBeGreaterThan(alone?.strength ?? 1);
    expect(pressed?.evidenceIds).toEqual(['price/traces/1', 'price/metrics/1']);
    // Pressure that began half an hour before has another reason.
    expect(signsOf(slow, [cpu('price', 99, '2026-03-01T11:30:00.000Z')])[0]?.kind).toBe('work');
  });

  it('with shares that sum up to how far anything explains the incident', () => {
    const explanations = explainBySpans(signsOf(repeat(20, () => request({ price: ['Price#10'] }))));
    const sum = explanations.reduce((total, item) => total + item.weight, 0);
    expect(explanations[0]).toMatchObject({ service: 'price', source: 'traces', evidenceId: 'price/traces/1' });
    expect(sum).toBeGreaterThan(0.8);
    expect(sum).toBeLessThanOrEqual(1);
  });

  it('several services by shares of one whole', () => {
    const [sign] = signsOf(repeat(20, () => request({ price: ['Price#10'] })));
    const of = (service: string, strength: number) => ({ ...sign!, service, strength });
    const shares = explainBySpans([of('a', 0.9), of('b', 0.9), of('c', 0.3)]);
    expect(shares.map((item) => item.service)).toEqual(['a', 'b', 'c']);
    expect(shares[0]?.weight).toBeCloseTo(shares[1]?.weight ?? 0);
    expect(shares.reduce((sum, item) => sum + item.weight, 0)).toBeCloseTo(1 - 0.1 * 0.1 * 0.7);
  });

  it('the culprit before the service that alerts, and tell the region', () => {
    const { evidence, logs } = draw(
      calm,
      repeat(20, () => request({ way: 400 })),
    );
    expect(logs).not.toEqual([]);
    const facts = gatherFacts({ service: 'web', dependencies: {}, evidence });
    expect(facts.dependencies).toEqual({ shop: ['price'], web: ['shop'] });
    expect(isAnomalous(facts, 'price')).toBe(true);
    expect(isAnomalous(facts, 'shop')).toBe(false);
    const suspicions = followCalls(facts, 'web');
    expect(suspicions[0]?.service).toBe('price');
    expect(listSuspectRegions(facts, suspicions)[0]).toMatchObject({ service: 'price', kind: 'network' });
  });
});

describe('a busy service', () => {
  it('uses far more than before, and does not only share a machine that does', () => {
    const node = (service: string) => ({ ...cpu(service, 80), name: 'node cpu' });
    const busy = findBusyServices([cpu('price', 99), cpu('shop', 4), node('price'), node('shop')]);
    expect(busy).toMatchObject([{ service: 'price', name: 'cpu', before: 2, after: 99 }]);
    expect(
      findBusyServices([
        { ...cpu('price', 99), direction: 'down' },
        { ...cpu('shop', 99), meaning: 'traffic' },
      ]),
    ).toEqual([]);
  });
});
