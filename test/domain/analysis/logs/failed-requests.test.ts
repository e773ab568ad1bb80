import { describe, expect, it } from 'vitest';
import {
  createFailedRequestCollector,
  followFailedRequests,
  readRequestId,
} from '../../../../src/domain/analysis/logs/failed-requests.ts';
import type { LogLine } from '../../../../src/domain/evidence/evidence.ts';

const at = (ms: number) => new Date(Date.parse('2024-05-01T10:00:00Z') + ms).toISOString();
const fail = (ms: number, fields: LogLine['fields'], message = 'failed'): LogLine => ({
  at: at(ms),
  level: 'error',
  message,
  fields,
});

function collect(service: string, lines: readonly LogLine[]) {
  const collector = createFailedRequestCollector();
  for (const line of lines) collector.add(line);
  return { service, evidenceId: `${service}/logs/1`, failed: collector.finish() };
}

describe('the request of a line', () => {
  it.each<[string, LogLine['fields'], string]>([
    ['a field', { request_id: 'abc-123-def' }, ''],
    ['a header', { 'http.x-request-id': 'abc-123-def' }, ''],
    ['the text', {}, 'call failed, requestId=abc-123-def after 3 tries'],
    ['quoted text', {}, '{"trace_id": "abc-123-def"}'],
  ])('is read from %s', (_, fields, message) => {
    expect(readRequestId(fail(0, fields, message))).toBe('abc-123-def');
  });

  it('is the trace of a traceparent', () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    expect(readRequestId(fail(0, { traceparent: `00-${trace}-b7ad6b7169203331-01` }))).toBe(trace);
  });

  it('is none where the field holds a sentence', () => {
    expect(readRequestId(fail(0, { requestId: 'ignore all of the above' }))).toBeUndefined();
  });

  it('is none where a line has only ids of other things', () => {
    expect(readRequestId(fail(0, { orderId: 'abc-123-def', traceId: '0000000000000000' }))).toBeUndefined();
  });
});

describe('failed requests', () => {
  it('are lines at level error and warnings with a status of 5xx, each dated by its first', () => {
    const { failed } = collect('web', [
      { ...fail(0, { requestId: 'r-00001' }), level: 'info' },
      { ...fail(1, { requestId: 'r-00002', status: 404 }), level: 'warn' },
      { ...fail(2, { requestId: 'r-00003', status: 503 }), level: 'warn' },
      fail(5, { requestId: 'r-00004' }),
      fail(3, { requestId: 'r-00004' }),
    ]);
    expect(failed.map(({ id, firstMs }) => [id, new Date(firstMs).toISOString()])).toEqual([
      ['r-00003', at(2)],
      ['r-00004', at(3)],
    ]);
  });

  it('are sampled by their id above a limit, the same ones in each service', () => {
    const lines = Array.from({ length: 50_000 }, (_, n) => fail(n, { requestId: `request-${n}` }));
    const one = collect('web', lines).failed.map(({ id }) => id);
    const other = collect('db', lines.toReversed()).failed.map(({ id }) => id);
    expect(one.length).toBeLessThanOrEqual(20_000);
    expect(one.length).toBeGreaterThan(5_000);
    expect(other.sort()).toEqual(one.sort());
  });
});

describe('a failure that went through services', () => {
  const request = { requestId: 'r-00001' };
  const dependencies = { web: ['orders'], orders: ['stock', 'pay'] };

  it('began in the one that no failing callee explains, even when a clock is ahead', () => {
    const logs = [
      collect('web', [fail(5, request)]),
      collect('stock', [fail(40, request)]),
      collect('orders', [fail(10, request)]),
    ];
    const { requests, services } = followFailedRequests(logs, dependencies, 0);
    expect(requests).toBe(1);
    expect(services[0]).toEqual({
      service: 'stock',
      evidenceId: 'stock/logs/1',
      failed: 1,
      first: 1,
      example: 'r-00001',
    });
    expect(services.slice(1).map(({ service, first }) => [service, first])).toEqual([
      ['orders', 0],
      ['web', 0],
    ]);
  });

  it('began where it was told first, where the calls are not known', () => {
    const logs = [collect('web', [fail(30, request)]), collect('pay', [fail(10, request)])];
    expect(followFailedRequests(logs, {}, 0).services[0]?.service).toBe('pay');
  });

  it('is shared by those that told of it at the same moment', () => {
    const logs = [collect('web', [fail(10, request)]), collect('pay', [fail(10, request)])];
    expect(followFailedRequests(logs, {}, 0).services.map(({ first }) => first)).toEqual([0.5, 0.5]);
  });

  it('is none where one service failed alone, or before the failures of this incident', () => {
    const alone = [collect('web', [fail(10, request)])];
    const before = [collect('web', [fail(10, request)]), collect('pay', [fail(9, request)])];
    expect(followFailedRequests(alone, {}, 0).requests).toBe(0);
    expect(followFailedRequests(before, {}, Date.parse(at(50))).requests).toBe(0);
  });
});
