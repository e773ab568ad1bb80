import { describe, expect, it } from 'vitest';
import { findMultipliedCalls } from '../../../../src/domain/analysis/spans/multiplied.ts';
import { draw, repeat, span } from './small-traces.ts';

/** `web` asks `stock` so many times for one request. */
function request(times: number, failures = 0) {
  const calls = Array.from({ length: times }, (_, i) =>
    span('stock', 'serve', [1 + 10 * i, 9 + 10 * i], { failed: i < failures }),
  );
  return span('web', 'in', [0, 1 + 10 * times], { calls });
}

const find = (before: readonly number[], during: readonly number[], failures = 0) =>
  findMultipliedCalls(
    draw(
      before.map((times) => request(times)),
      during.map((times) => request(times, failures)),
    ).traces,
  );
const twenty = (times: number) => repeat(20, () => times);

describe('calls for each request', () => {
  it('are told where a service asks another more often than before', () => {
    expect(find(twenty(1), twenty(9))).toEqual([
      { caller: 'web', callee: 'stock', operation: 'in', before: 1, during: 9 },
    ]);
  });

  it('are not told where retries only follow failed calls', () => {
    expect(find(twenty(1), twenty(4), 3)).toEqual([]);
  });

  it('are not told where a few requests are large', () => {
    expect(find(twenty(1), [...twenty(1), 40, 40])).toEqual([]);
  });

  it('are not told of a handful of requests', () => {
    expect(find(twenty(1), [9, 9, 9])).toEqual([]);
  });
});
