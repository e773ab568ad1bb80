import { describe, expect, it } from 'vitest';
import { measureSpans } from '../../../../src/domain/analysis/spans/facts.ts';
import { addStandIns } from '../../../../src/domain/analysis/spans/stand-ins.ts';
import { explainBySpans, listSpanSigns } from '../../../../src/domain/analysis/spans/blame.ts';
import { draw, drawTrace, repeat, span, wrap } from './small-traces.ts';

/** `web` asks a database that records no spans. */
const request = (query: number, fields: Record<string, string> = { 'db.system': 'mysql', 'peer.service': 'store' }) =>
  span('web', 'GET /', [0, query + 10], { calls: [span('web', 'SELECT', [5, query + 5], { kind: 'client', fields })] });

const waver = (i: number) => (i % 5) / 5;
const slower = draw(
  repeat(20, (i) => request(5 + waver(i))),
  repeat(20, (i) => request(400 + waver(i))),
).evidence;
const metricsOnly = {
  ...wrap('store', []),
  body: { kind: 'events' as const, service: 'store', incidentFrom: '', events: [] },
};

describe('a callee that records no spans', () => {
  it('is blamed for what its callers wait for, where it is one of the services', () => {
    const [first] = explainBySpans(listSpanSigns(measureSpans([...slower, metricsOnly], []), ['web', 'store'], []));
    expect(first).toMatchObject({ service: 'store', evidenceId: 'web/traces/1' });
    expect(first?.weight).toBeGreaterThan(0.6);
  });

  it('is learnt as a callee', () => {
    expect(measureSpans([...slower, metricsOnly], [])?.calls).toMatchObject([{ from: 'web', to: 'store', during: 20 }]);
  });

  it('leaves the time with the caller where nobody knows it', () => {
    const [first] = explainBySpans(listSpanSigns(measureSpans(slower, []), ['web'], []));
    expect(first).toMatchObject({ service: 'web' });
  });

  it('is found by a name inside a cluster, and not by the kind of database', () => {
    const named = drawTrace(request(5, { 'server.address': 'store.shop.svc.cluster.local' }));
    const other = drawTrace(request(5, { 'db.system': 'store' }));
    const servicesOf = (trace: typeof named) =>
      addStandIns([trace], new Set(['store'])).flatMap(({ nodes }) => nodes.map((node) => node.span.service));
    expect(servicesOf(named)).toEqual(['web', 'web', 'store']);
    expect(servicesOf(other)).toEqual(['web', 'web']);
  });
});

describe('requests that do not pass through the alerting service', () => {
  const order = (failed: boolean) =>
    span('shop', 'order', [0, 20], { failed, calls: [span('pay', 'charge', [5, 15], { failed })] });
  const browse = (failed: boolean) =>
    span('home', 'list', [0, 20], { failed, calls: [span('find', 'query', [5, 15], { failed })] });
  const loud = draw(
    [...repeat(20, () => order(false)), ...repeat(40, () => browse(false))],
    [...repeat(20, (i) => order(i % 2 === 0)), ...repeat(40, () => browse(true))],
  ).evidence;
  const blamed = (alerting?: string) =>
    explainBySpans(listSpanSigns(measureSpans(loud, [], alerting), ['shop', 'pay', 'home', 'find'], []))[0]?.service;

  it('say nothing of its trouble, however many of them fail', () => {
    expect(blamed('shop')).toBe('pay');
  });

  it('are heard where it takes part in no request', () => {
    expect(blamed('mailer')).toBe('find');
  });
});
