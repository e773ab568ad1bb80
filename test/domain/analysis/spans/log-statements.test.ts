import { describe, expect, it } from 'vitest';
import {
  createTracedLineCollector,
  readPlace,
  readTraceIds,
} from '../../../../src/domain/analysis/spans/log-statements.ts';
import type { LogLine } from '../../../../src/domain/evidence/evidence.ts';

const line = (message: string, fields: LogLine['fields'] = {}): LogLine => ({
  at: '2026-03-01T12:00:00.250500Z',
  level: 'info',
  message,
  fields,
});
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';

describe('a line tells its trace', () => {
  it.each([
    ['in fields', line('paid', { trace_id: trace, span_id: parent })],
    ['in fields of another spelling', line('paid', { traceId: trace, 'otel.spanID': parent, trace: 'no' })],
    ['in its text', line(`INFO TraceID: ${trace} SpanID: ${parent} paid`)],
    ['as key and value', line(`level=info trace_id=${trace} span_id="${parent}" paid`)],
    ['as a W3C trace parent', line(`traceparent 00-${trace}-${parent}-01 paid`)],
  ])('%s', (_, written) => {
    expect(readTraceIds(written)).toEqual({ traceId: trace, spanId: parent });
  });

  it('or none, when a word only looks like one', () => {
    expect(readTraceIds(line('the trace id: unknown'))).toBeUndefined();
    expect(readTraceIds(line('paid', { trace_id: '' }))).toBeUndefined();
  });
});

describe('a line tells the place that wrote it', () => {
  it.each([
    [line('[main] o.s.OrderService#120 - saved'), 'o.s.OrderService#120'],
    [line('cart.go:88: saved'), 'cart.go:88'],
    [line('saved (app/views.py:7)'), 'app/views.py:7'],
    [line('saved', { caller: 'cart/add.go:33' }), 'cart/add.go:33'],
    [line('saved', { 'code.filepath': 'cart.py', 'code.lineno': 12 }), 'cart.py:12'],
    [line('saved', { logger: 'shop.Cart' }), undefined],
    [line('connect to db.internal:5432 at 12:30:01'), undefined],
  ])('%j', (written, place) => {
    expect(readPlace(written)).toBe(place);
  });
});

describe('traced lines', () => {
  it('bear their place, or their template where they tell none', () => {
    const collector = createTracedLineCollector();
    for (const count of [1, 2]) collector.add(line(`took ${count} of the boxes`, { trace_id: trace }));
    collector.add(line('no trace here'));
    collector.add({ ...line('cart.go:88: lost', { trace_id: trace }), level: 'error' });
    const { lines, isSampled } = collector.finish();
    expect(lines.map(({ statement, isError }) => [statement, isError])).toEqual([
      ['took <*> of the boxes', false],
      ['took <*> of the boxes', false],
      ['cart.go:88', true],
    ]);
    expect(lines[0]?.atUs).toBe(Date.parse('2026-03-01T12:00:00Z') * 1000 + 250_500);
    expect(isSampled).toBe(false);
  });

  it('are thinned out by whole traces where there are very many', () => {
    const collector = createTracedLineCollector();
    for (let i = 0; i < 10_000; i++) collector.add(line('cart.go:1: a', { trace_id: `trace-${i >> 1}` }));
    const { lines, isSampled } = collector.finish();
    const perTrace = new Map<string, number>();
    for (const { traceId } of lines) perTrace.set(traceId, (perTrace.get(traceId) ?? 0) + 1);
    expect(isSampled).toBe(true);
    expect(lines.length).toBeGreaterThan(3_000);
    expect(lines.length).toBeLessThanOrEqual(8_000);
    expect(new Set(perTrace.values())).toEqual(new Set([2]));
  });
});
