import { describe, expect, it } from 'vitest';
import { traceAnswer } from '../../../src/adapters/jaeger/answers.ts';
import { toSpans } from '../../../src/adapters/jaeger/map-spans.ts';

const tag = (key: string, value: unknown) => ({ key, type: 'any', value });

function mapOne(span: object) {
  const whole = {
    traceID: 't1',
    spanID: 's1',
    operationName: 'GET /cart',
    startTime: 1_795_000_000_123_456,
    duration: 1_500,
    processID: 'p1',
    ...span,
  };
  const trace = { traceID: 't1', spans: [whole], processes: { p1: { serviceName: 'cart', tags: [] } } };
  return toSpans(traceAnswer.parse(trace));
}

const statusOf = (...tags: readonly object[]) => mapOne({ tags })[0]?.status;

describe('a span of Jaeger', () => {
  it('keeps its ids, its service, its microseconds, and has milliseconds for a duration', () => {
    expect(mapOne({})).toEqual([
      {
        traceId: 't1',
        id: 's1',
        service: 'cart',
        name: 'GET /cart',
        at: '2026-11-18T11:06:40.123456Z',
        durationMs: 1.5,
        status: 'unset',
        fields: {},
      },
    ]);
    expect(mapOne({ startTime: 1_795_000_000_000_007 })[0]?.at).toBe('2026-11-18T11:06:40.000007Z');
  });

  it('is below the span that it is a child of, else the one that it follows; a link into another trace is no parent', () => {
    const reference = (refType: string, spanID: string, traceID = 't1') => ({ refType, traceID, spanID });
    const parentOf = (...references: readonly object[]) => mapOne({ references })[0]?.parentId;
    expect(parentOf(reference('FOLLOWS_FROM', 'f'), reference('CHILD_OF', 'c'))).toBe('c');
    expect(parentOf(reference('FOLLOWS_FROM', 'f'))).toBe('f');
    expect(parentOf(reference('CHILD_OF', 'x', 't2'))).toBeUndefined();
    expect(mapOne({ references: null })[0]?.parentId).toBeUndefined();
  });

  it('has the kind that it tells, in whatever case', () => {
    expect(mapOne({ tags: [tag('span.kind', 'client')] })[0]?.kind).toBe('client');
    expect(mapOne({ tags: [tag('span.kind', 'SERVER')] })[0]?.kind).toBe('server');
    expect(mapOne({ tags: [tag('span.kind', 'odd')] })[0]?.kind).toBeUndefined();
  });

  it.each([
    ['error', [tag('error', true)]],
    ['error', [tag('error', 'true')]],
    ['unset', [tag('error', 'false')]],
    ['error', [tag('otel.status_code', 'ERROR'), tag('http.status_code', 200)]],
    ['ok', [tag('otel.status_code', 'OK'), tag('http.status_code', 503)]],
    ['error', [tag('http.status_code', 503)]],
    ['error', [tag('http.response.status_code', '500')]],
    ['unset', [tag('http.response.status_code', '404')]],
    ['error', [tag('rpc.grpc.status_code', '14')]],
    ['unset', [tag('rpc.grpc.status_code', 5)]],
    ['unset', [tag('rpc.grpc.status_code', '0')]],
  ])('ended %s by %j', (status, tags) => {
    expect(statusOf(...tags)).toBe(status);
  });

  it('carries its tags and its exception, bounded in number and length, without what its own properties tell', () => {
    const tags = [
      tag('span.kind', 'client'),
      tag('db.statement', 'x'.repeat(2_000)),
      tag('peer.service', 'stock'),
      tag('retries', 3),
      tag('odd', { nested: true }),
      ...Array.from({ length: 100 }, (_, n) => tag(`tag${n}`, n)),
    ];
    const logs = [{ timestamp: 1, fields: [tag('event', 'exception'), tag('exception.message', 'no route to host')] }];
    const fields = mapOne({ tags, logs })[0]?.fields ?? {};
    expect(fields).toMatchObject({ 'peer.service': 'stock', retries: 3, 'exception.message': 'no route to host' });
    expect(String(fields['db.statement'])).toHaveLength(500);
    expect(Object.keys(fields)).toHaveLength(40);
    expect(fields).not.toHaveProperty('odd');
    expect(fields).not.toHaveProperty(['span.kind']);
  });

  it('without a service or a time is left out', () => {
    expect(mapOne({ processID: 'p9' })).toEqual([]);
    expect(mapOne({ startTime: 1e300 })).toEqual([]);
    expect(mapOne({ processID: 'p9', process: { serviceName: 'own' } })[0]?.service).toBe('own');
  });
});
