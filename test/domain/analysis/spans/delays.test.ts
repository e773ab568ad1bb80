import { describe, expect, it } from 'vitest';
import { findDelays } from '../../../../src/domain/analysis/spans/delays.ts';
import { draw, repeat, span } from './small-traces.ts';

/** `web` calls `cart` and `stock`; the times are their own work and the time on the way, in milliseconds. */
function request(times: { web?: number; cart?: number; toCart?: number; toStock?: number } = {}) {
  const { web = 10, cart = 20, toCart = 2, toStock = 2 } = times;
  const call = (to: string, from: number, way: number, work: number) =>
    span('web', `GET ${to}`, [from, from + way + work], {
      kind: 'client',
      calls: [span(to, 'serve', [from + way / 2, from + way / 2 + work])],
    });
  const first = call('cart', web, toCart, cart);
  const second = call('stock', first.to, toStock, 5);
  return span('web', 'in', [0, second.to], { calls: [first, second] });
}

const waver = (i: number) => (i % 5) / 5;
const calm = repeat(20, (i) => request({ web: 10 + waver(i), cart: 20 + waver(i), toCart: 2 + waver(i) }));
const worst = (during: readonly ReturnType<typeof request>[]) =>
  findDelays(draw(calm, during).traces).filter((delay) => delay.z > 3)[0];

describe('a delay', () => {
  it("is a service's own when its own work takes longer, though its caller waits as long", () => {
    const delay = worst(repeat(20, (i) => request({ cart: 60 + waver(i) })));
    expect(delay).toMatchObject({ service: 'cart', kind: 'own', share: 1 });
    expect(delay?.addedMs).toBeCloseTo(40, 0);
  });

  it('is the network of the callee when only the way to it takes longer', () => {
    expect(worst(repeat(20, (i) => request({ toCart: 200 + waver(i) })))).toMatchObject({
      service: 'cart',
      kind: 'network',
    });
  });

  it('is the network of the caller when all ways out of it take longer', () => {
    const others = repeat(20, () =>
      span('batch', 'run', [0, 40], {
        calls: [span('batch', 'GET', [1, 30], { kind: 'client', calls: [span('cart', 'serve', [2, 29])] })],
      }),
    );
    const { traces } = draw(
      [...calm, ...others],
      [...repeat(20, () => request({ toCart: 200, toStock: 200 })), ...others],
    );
    expect(findDelays(traces).find((delay) => delay.z > 3)).toMatchObject({ service: 'web', kind: 'network' });
  });

  it('is the network of the caller when others reach the same callee as fast as ever', () => {
    const ask = (service: string, way: number) =>
      span(service, 'run', [0, way + 20], {
        calls: [span(service, 'GET', [1, way + 11], { kind: 'client', calls: [span('cart', 'serve', [2, 12])] })],
      });
    const { traces } = draw(
      repeat(20, (i) => ask(i % 2 === 0 ? 'web' : 'batch', 3 + waver(i))),
      repeat(40, (i) => (i % 2 === 0 ? ask('web', 200) : ask('batch', 3 + waver(i)))),
    );
    expect(findDelays(traces).find((delay) => delay.z > 3)).toMatchObject({ service: 'web', kind: 'network' });
  });

  it('is seen when only some calls are held up', () => {
    const some = repeat(40, (i) => request({ toCart: i % 4 === 0 ? 900 : 2 + waver(i) }));
    expect(worst(some)).toMatchObject({ service: 'cart', kind: 'network' });
  });

  it('is none when requests merely ask for slower things than before', () => {
    const heavy = (i: number) => span('web', 'report', [0, 500 + i]);
    const light = (i: number) => span('web', 'ping', [0, 5 + waver(i)]);
    const { traces } = draw(
      [...repeat(20, light), heavy(1), heavy(2)],
      [...repeat(5, light), ...repeat(20, (i) => heavy(i % 3))],
    );
    expect(findDelays(traces).filter((delay) => delay.z > 3)).toEqual([]);
  });

  it('is none in calm times', () => {
    expect(findDelays(draw(calm, calm).traces).filter((delay) => delay.z > 2)).toEqual([]);
  });
});
