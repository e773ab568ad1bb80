import { describe, expect, it } from 'vitest';
import { findCriticalPath } from '../../../../src/domain/analysis/spans/critical-path.ts';
import { countOrigins, findErrorOrigins } from '../../../../src/domain/analysis/spans/errors.ts';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import {
  countOrphans,
  findMissingSides,
  listUnseenCalls,
  recordCalls,
} from '../../../../src/domain/analysis/spans/missing.ts';
import { buildTraces } from '../../../../src/domain/analysis/spans/trees.ts';
import { draw, drawTrace, repeat, span } from './small-traces.ts';

const failed = { failed: true } as const;
const placesOf = (root: ReturnType<typeof span>) =>
  findErrorOrigins(drawTrace(root)).map(({ node, peer }) => [node.span.service, node.span.name, peer]);

describe('the origin of an error', () => {
  it('is the deepest failing span, not those that pass the failure on', () => {
    const root = span('web', 'GET /', [0, 90], {
      ...failed,
      calls: [
        span('shop', 'order', [5, 80], {
          ...failed,
          calls: [span('pay', 'charge', [10, 30], failed), span('stock', 'take', [40, 60])],
        }),
      ],
    });
    expect(placesOf(root)).toEqual([['pay', 'charge', undefined]]);
  });

  it('is the caller when the child that failed was tried again with success', () => {
    const tries = [span('pay', 'charge', [10, 20], failed), span('pay', 'charge', [25, 40])];
    expect(placesOf(span('shop', 'order', [0, 90], { ...failed, calls: tries }))).toEqual([
      ['shop', 'order', undefined],
    ]);
    expect(placesOf(span('shop', 'order', [0, 90], { calls: tries }))).toEqual([]);
    expect(
      placesOf(
        span('shop', 'order', [0, 90], {
          ...failed,
          calls: [...tries].reverse().map((one, i) => ({ ...one, from: 10 + 20 * i, to: 20 + 20 * i })),
        }),
      ),
    ).toEqual([['pay', 'charge', undefined]]);
  });

  it('stays where it is when another try ran beside the one that failed', () => {
    const tries = [span('pay', 'charge', [10, 30], failed), span('pay', 'charge', [15, 40])];
    expect(placesOf(span('shop', 'order', [0, 90], { calls: tries }))).toEqual([['pay', 'charge', undefined]]);
  });

  it('is read from status codes as well, and names the peer of a call that nobody answered', () => {
    const call = span('shop', 'POST', [5, 9], {
      kind: 'client',
      fields: { 'http.status_code': 503, 'peer.service': 'bank' },
    });
    expect(placesOf(span('shop', 'order', [0, 10], { fields: { 'http.status_code': 404 }, calls: [call] }))).toEqual([
      ['shop', 'POST', 'bank'],
    ]);
    expect(placesOf(span('shop', 'rpc', [0, 9], { fields: { 'rpc.grpc.status_code': 14 } }))).toHaveLength(1);
    expect(placesOf(span('shop', 'rpc', [0, 9], { fields: { 'rpc.grpc.status_code': 5 } }))).toEqual([]);
  });

  it('is counted a trace, by the earliest one', () => {
    const bad = span('web', 'GET /', [0, 90], {
      ...failed,
      calls: [span('pay', 'charge', [10, 30], failed), span('mail', 'send', [40, 60], failed)],
    });
    const { traces } = draw(
      [bad],
      repeat(3, () => bad),
    );
    expect(countOrigins(traces)).toMatchObject([{ service: 'pay', before: 1, during: 3, failingDuring: 3 }]);
  });
});

describe('the critical path', () => {
  it('runs through the child that held up the answer, not through the one that ran beside it', () => {
    const trace = drawTrace(
      span('web', 'in', [0, 100], {
        calls: [span('fast', 'op', [10, 30]), span('slow', 'op', [10, 80]), span('late', 'op', [85, 95])],
      }),
    );
    expect(
      findCriticalPath(trace).map(({ node, fromUs, toUs }) => [node.span.service, (toUs - fromUs) / 1000]),
    ).toEqual([
      ['web', 10],
      ['slow', 70],
      ['web', 5],
      ['late', 10],
      ['web', 5],
    ]);
  });

  it('leaves out what had not ended when the next one began', () => {
    const trace = drawTrace(
      span('web', 'in', [0, 100], { calls: [span('beside', 'op', [5, 30]), span('slow', 'op', [10, 100])] }),
    );
    expect(findCriticalPath(trace).map(({ node }) => node.span.service)).toEqual(['web', 'slow']);
  });

  it('covers the whole request, also when a child outlives it', () => {
    const trace = drawTrace(span('web', 'in', [0, 50], { calls: [span('batch', 'op', [20, 500])] }));
    const path = findCriticalPath(trace);
    expect(path.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)).toBe(50_000);
    expect(path.map(({ node }) => node.span.service)).toEqual(['web', 'batch']);
  });
});

describe('missing spans', () => {
  const answered = span('web', 'in', [0, 20], {
    calls: [span('web', 'GET', [1, 19], { kind: 'client', calls: [span('cart', 'serve', [3, 17])] })],
  });
  const unanswered = span('web', 'in', [0, 20], { calls: [span('web', 'GET', [1, 19], { kind: 'client' })] });

  it('are calls that used to arrive at their callee and no longer do', () => {
    const { traces } = draw(
      repeat(8, () => answered),
      [answered, ...repeat(7, () => unanswered)],
    );
    expect(findMissingSides(recordCalls(traces))).toMatchObject([
      { caller: 'web', callee: 'cart', before: 1, during: 0.125, calls: 8 },
    ]);
  });

  it('are none where the callee was never seen, or is seen as before', () => {
    expect(
      findMissingSides(
        recordCalls(
          draw(
            repeat(8, () => unanswered),
            repeat(8, () => unanswered),
          ).traces,
        ),
      ),
    ).toEqual([]);
    expect(
      findMissingSides(
        recordCalls(
          draw(
            repeat(8, () => answered),
            repeat(8, () => answered),
          ).traces,
        ),
      ),
    ).toEqual([]);
  });

  it('are none where half of the calls never arrived anyway', () => {
    const { traces } = draw(
      repeat(8, (i) => (i % 2 === 0 ? answered : unanswered)),
      repeat(8, () => unanswered),
    );
    expect(findMissingSides(recordCalls(traces))).toEqual([]);
  });

  it('are told with caller and callee where calls to a service of ours have none, and not for databases', () => {
    const call = (fields: Readonly<Record<string, string>>, n: number) =>
      repeat(n, () =>
        span('web', 'in', [0, 20], { calls: [span('web', 'POST', [1, 19], { kind: 'client', fields })] }),
      );
    const own = new Set(['web', 'cart', 'orders']);
    const told = (during: Parameters<typeof draw>[1]) => listUnseenCalls(recordCalls(draw([], during).traces), own);
    expect(told([answered, answered, unanswered])).toEqual([{ caller: 'web', callee: 'cart', unseen: 1, calls: 3 }]);
    expect(told(call({ 'server.address': 'cart.shop.svc.cluster.local' }, 4))).toEqual([
      { caller: 'web', callee: 'cart', unseen: 4, calls: 4 },
    ]);
    expect(told(call({ 'peer.service': 'provider.example' }, 4))).toEqual([]);
    expect(told(call({ 'server.address': 'orders', 'db.system': 'postgresql' }, 4))).toEqual([]);
    const { evidence } = draw([], [answered, unanswered]);
    const nothingSaid = { findings: [], lessons: [], guidance: [], rejected: [] };
    const { missing } = analyse({ alerts: [], service: 'cart', dependencies: {}, evidence, ...nothingSaid });
    expect(missing).toContain(
      'the spans of called services (1 of 2 from web to cart have none): what they did is not seen',
    );
  });

  it('are parents that nobody holds', () => {
    const { evidence, traces } = draw([], [answered]);
    expect(countOrphans(traces)).toEqual([]);
    const alone = evidence.filter((item) => item.evidence.service === 'cart');
    expect(countOrphans(buildTraces(alone))).toEqual([{ service: 'cart', spans: 1 }]);
    const diagnose = (seen: typeof evidence) => {
      const nothingSaid = { findings: [], lessons: [], guidance: [], rejected: [] };
      return analyse({ alerts: [], service: 'cart', dependencies: {}, evidence: seen, ...nothingSaid });
    };
    expect(diagnose(alone).missing).toContain('the parents of spans (1 of cart): their requests are seen in part');
    expect(diagnose(evidence).missing.join()).not.toContain('the parents of spans');
  });
});
