import { describe, expect, it } from 'vitest';
import { learnCallGraph, mergeDependencies } from '../../../../src/domain/analysis/spans/call-graph.ts';
import { buildTraces, readMicros } from '../../../../src/domain/analysis/spans/trees.ts';
import { findSlowOperations, selfTimeUs } from '../../../../src/domain/analysis/spans/self-time.ts';
import { listVisits, networkTimeUs, ownTimeUs } from '../../../../src/domain/analysis/spans/visits.ts';
import type { Span } from '../../../../src/domain/evidence/evidence.ts';
import { draw, drawTrace, incidentFrom, span, wrap } from './small-traces.ts';

const bare = (rest: Partial<Span> & Pick<Span, 'traceId' | 'id' | 'service'>): Span => ({
  name: 'op',
  at: incidentFrom,
  durationMs: 10,
  status: 'unset',
  fields: {},
  ...rest,
});

describe('traces are put together', () => {
  it('with times as fine as they were written', () => {
    const second = Date.parse('2026-03-01T12:00:01Z') * 1000;
    expect(readMicros('2026-03-01T12:00:01.123456789Z')).toBeCloseTo(second + 123_456.789, 1);
    expect(readMicros('2026-03-01T12:00:01Z')).toBe(second);
    expect(readMicros('2026-03-01T14:00:01.5+02:00')).toBe(second + 500_000);
    expect(readMicros('soon')).toBeNaN();
  });

  it('from the spans of all services, whatever their order', () => {
    const { evidence } = draw([], [span('a', 'in', [0, 9], { calls: [span('b', 'op', [1, 8])] })]);
    const [trace] = buildTraces([...evidence].reverse());
    expect(trace?.roots.map((root) => root.span.service)).toEqual(['a']);
    expect(trace?.roots[0]?.children.map((child) => child.span.service)).toEqual(['b']);
    expect(trace?.isIncident).toBe(true);
  });

  it('where two traces use the same span ids, and where client and server share one', () => {
    const twice = ['t1', 't2'].flatMap((traceId) => [
      bare({ traceId, id: '1', service: 'a' }),
      bare({ traceId, id: '2', parentId: '1', service: 'a', kind: 'client' }),
    ]);
    const servers = ['t1', 't2'].map((traceId) =>
      bare({ traceId, id: '2', parentId: '1', service: 'b', kind: 'server' }),
    );
    for (const trace of buildTraces([wrap('a', twice), wrap('b', servers)])) {
      const client = trace.roots[0]?.children[0];
      expect(trace.nodes).toHaveLength(3);
      expect(client?.span.kind).toBe('client');
      expect(client?.children.map((child) => child.span.service)).toEqual(['b']);
    }
  });

  it('across two trace ids when only one span anywhere is the parent', () => {
    const spans = [
      bare({ traceId: 't1', id: 'p', service: 'a' }),
      bare({ traceId: 'lost', id: 'c', parentId: 'p', service: 'a' }),
    ];
    expect(buildTraces([wrap('a', spans)]).map((trace) => trace.nodes.length)).toEqual([2]);
  });

  it('without going round in a ring of parents', () => {
    const spans = [
      bare({ traceId: 't', id: '1', parentId: '2', service: 'a' }),
      bare({ traceId: 't', id: '2', parentId: '1', service: 'a' }),
    ];
    const [trace] = buildTraces([wrap('a', spans)]);
    expect(trace?.roots).toHaveLength(1);
    expect(trace?.nodes).toHaveLength(2);
  });
});

describe('self time', () => {
  it('is what no child covers, however children overlap or outlive their parent', () => {
    const trace = drawTrace(
      span('a', 'in', [0, 100], {
        calls: [span('a', 'x', [10, 40]), span('a', 'y', [30, 50]), span('a', 'z', [90, 130])],
      }),
    );
    expect(selfTimeUs(trace.roots[0]!) / 1000).toBe(100 - 40 - 10);
  });
});

describe('the operation that got slower', () => {
  it('is the one whose own time grew most, not the one that waits for it', () => {
    const serve = (query: number) =>
      span('a', 'in', [0, query + 20], {
        calls: [span('a', 'load', [5, query + 10], { calls: [span('a', 'SELECT', [6, 6 + query])] })],
      });
    const { traces } = draw([serve(10), serve(12)], [serve(90), serve(95)]);
    expect(findSlowOperations(traces).get('a')).toMatchObject({ operation: 'SELECT', beforeMs: 11, duringMs: 92.5 });
    expect(findSlowOperations(draw([serve(10)], [serve(10)]).traces).size).toBe(0);
  });
});

describe('a visit', () => {
  const client = span('a', 'GET', [10, 90], { calls: [span('b', 'serve', [20, 70])] });

  it("is at work while it waits for nobody, also when the framework's span stands beside the call", () => {
    const trace = drawTrace(span('a', 'in', [0, 100], { calls: [span('a', 'filter', [1, 99]), client] }));
    const [visit] = listVisits(trace);
    expect(ownTimeUs(visit!) / 1000).toBe(20);
  });

  it('knows the time on the way from both sides of a call, and only then', () => {
    const [visit] = listVisits(drawTrace(span('a', 'in', [0, 100], { calls: [client] })));
    expect(networkTimeUs(visit!.calls[0]!)! / 1000).toBe(30);
    const [direct] = listVisits(drawTrace(span('a', 'in', [0, 100], { calls: [span('b', 'serve', [20, 70])] })));
    expect(networkTimeUs(direct!.calls[0]!)).toBeUndefined();
  });
});

describe('the call graph', () => {
  it('is learnt from spans and joined with the configured one', () => {
    const { traces } = draw(
      [span('a', 'in', [0, 9], { calls: [span('b', 'op', [1, 3]), span('b', 'op', [4, 6])] })],
      [span('a', 'in', [0, 9], { calls: [span('c', 'op', [1, 3])] })],
    );
    const learnt = learnCallGraph(traces);
    expect(learnt).toEqual([
      { from: 'a', to: 'b', before: 2, during: 0 },
      { from: 'a', to: 'c', before: 0, during: 1 },
    ]);
    expect(mergeDependencies({ a: ['b', 'z'], q: ['a'] }, learnt)).toEqual({ a: ['b', 'z', 'c'], q: ['a'] });
    expect(mergeDependencies({}, [])).toEqual({});
  });
});
