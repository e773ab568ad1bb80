import { describe, expect, it } from 'vitest';
import { findBrokenRegions } from '../../../../src/domain/analysis/spans/event-patterns.ts';
import { indexLines, listEventSequences } from '../../../../src/domain/analysis/spans/event-sequences.ts';
import { draw, repeat, span, type Drawn } from './small-traces.ts';

function regionsOf(before: readonly Drawn[], during: readonly Drawn[]) {
  const { traces, logs } = draw(before, during);
  const linesOf = indexLines(logs);
  return findBrokenRegions(
    traces.map((trace) => ({ isIncident: trace.isIncident, sequences: listEventSequences(trace, linesOf) })),
  );
}

/** `shop` prices an order at `price`; both log. What either logs can be given. */
function order(price: readonly string[] = ['Price#10', 'Price#20'], shop: readonly string[] = ['Shop#1', 'Shop#2']) {
  return span('shop', 'order', [0, 50], {
    logs: shop,
    calls: [
      span('shop', 'GET', [10, 40], { kind: 'client', calls: [span('price', 'quote', [15, 35], { logs: price })] }),
    ],
  });
}

const usual = repeat(20, () => order());

describe('a broken region', () => {
  it('is between the last usual statement and the one that used to follow', () => {
    const [first, ...others] = regionsOf(
      usual,
      repeat(20, () => order(['Price#10', 'Price#99'])),
    );
    expect(first).toMatchObject({
      service: 'price',
      operation: 'quote',
      from: 'Price#10',
      to: 'Price#20',
      instead: 'Price#99',
      share: 1,
      traces: 20,
    });
    expect(others).toEqual([]);
  });

  it('is where the failure began, not where the caller noticed', () => {
    const late = { ...order(['Price#10', '!Price#99']), logs: ['Shop#1'] };
    const noticed: Drawn = {
      ...late,
      calls: [...(late.calls ?? []), span('shop', 'render error', [42, 48], { logs: ['Shop#77'] })],
    };
    const regions = regionsOf(
      usual,
      repeat(20, () => noticed),
    );
    expect(regions.map(({ service, from }) => [service, from])).toEqual([['price', 'Price#10']]);
  });

  it('is where requests left their usual way first, not where they went on to', () => {
    const whole = (price: readonly string[], mail: readonly string[]): Drawn => {
      const first = order(price);
      const send = span('mail', 'send', [42, 48], { logs: mail });
      const call = span('shop', 'POST', [41, 49], { kind: 'client', calls: [send] });
      return { ...first, calls: [...(first.calls ?? []), call] };
    };
    const before = repeat(20, () => whole(['Price#10', 'Price#20'], ['Mail#1', 'Mail#2']));
    const regions = regionsOf(
      before,
      repeat(20, () => whole(['Price#10', 'Price#99'], ['Mail#1', 'Mail#66'])),
    );
    expect(regions.map(({ service, traces }) => [service, traces])).toEqual([['price', 20]]);
  });

  it('is not whom a service calls, where its own statements tell that all went as usual', () => {
    const asks = (target: string) =>
      span('shop', 'order', [0, 50], {
        logs: ['Shop#1'],
        calls: [
          span('shop', 'GET', [3, 9], { kind: 'client', calls: [span('stock', 'count', [4, 8])] }),
          span('shop', 'GET', [10, 40], { kind: 'client', calls: [span(target, 'quote', [15, 35])] }),
        ],
      });
    const inside = (target: string) => span('web', 'in', [0, 60], { calls: [asks(target)] });
    expect(
      regionsOf(
        repeat(20, () => inside('price')),
        repeat(20, () => inside('tariff')),
      ),
    ).toEqual([]);
  });

  it('is at the begin of a span that now ends before it logs anything', () => {
    const [first] = regionsOf(usual, [...repeat(10, () => order([])), order()]);
    expect(first).toMatchObject({ service: 'price', from: 'quote start', to: 'Price#10', instead: 'quote end' });
  });

  it('is told by calls where a service logs nothing', () => {
    const silent = (isCut: boolean) =>
      span('web', 'in', [0, 60], {
        calls: [
          span('cart', 'checkout', [1, 50], {
            calls: [span('cart', 'load', [2, 5]), ...(isCut ? [] : [span('cart', 'save', [10, 20])])],
          }),
        ],
      });
    const [first] = regionsOf(
      repeat(20, () => silent(false)),
      repeat(20, () => silent(true)),
    );
    expect(first).toMatchObject({
      service: 'cart',
      operation: 'checkout',
      from: 'load',
      to: 'save',
      instead: 'checkout end',
    });
  });

  it('is none where nothing changed, where lines were left out, or where there is no baseline', () => {
    expect(regionsOf(usual, usual)).toEqual([]);
    expect(regionsOf([], usual)).toEqual([]);
    expect(regionsOf(usual, [])).toEqual([]);
    const { traces, logs } = draw(usual, [...repeat(20, () => order([])), order()]);
    const sampled = logs.map((item) => ({ ...item, traced: { ...item.traced, isSampled: true } }));
    const linesOf = indexLines(sampled);
    const sequences = traces.flatMap((trace) => listEventSequences(trace, linesOf));
    expect(sequences.filter((sequence) => sequence.service === 'price' && sequence.events.length === 2)).toEqual([]);
  });

  it('is not what happened in good times only to requests that failed', () => {
    const broken = order(['Price#10', '!Price#50']);
    const before = [...repeat(10, () => broken), ...repeat(10, () => order())];
    // Failures are rarer now; that they cease is no fault.
    expect(
      regionsOf(
        before,
        repeat(20, () => order()),
      ),
    ).toEqual([]);
    const [first] = regionsOf(
      before,
      repeat(20, () => order(['Price#10', '!Price#99'])),
    );
    expect(first).toMatchObject({ from: 'Price#10', to: 'Price#20', instead: 'Price#99' });
  });

  it('is not hidden by a weaker change that comes earlier in the same requests', () => {
    const drifts = (i: number, price: readonly string[]) =>
      order(price, [i % 2 === 0 ? 'Shop#1' : 'Shop#1b', 'Shop#2']);
    const before = repeat(40, (i) => order(undefined, [i % 5 === 0 ? 'Shop#1b' : 'Shop#1', 'Shop#2']));
    const [first] = regionsOf(
      before,
      repeat(40, (i) => drifts(i, ['Price#10'])),
    );
    expect(first).toMatchObject({ service: 'price', from: 'Price#10', to: 'Price#20', traces: 40 });
  });
});
