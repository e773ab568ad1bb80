import { describe, expect, it } from 'vitest';
import { chain } from '../../../src/domain/reproduction/bisect.ts';
import { thinHistory } from '../../../src/domain/reproduction/thin-history.ts';

describe('thinHistory', () => {
  it('leaves a short history as it is', () => {
    const merged = [[], [0], [0], [1, 2]];
    expect(thinHistory(merged, [2], 4)).toEqual({ kept: [0, 1, 2, 3], history: merged, gaps: [0, 0, 0, 0] });
  });

  it('keeps both ends, what must stay, and the rest evenly; each one left out is counted once', () => {
    const { kept, history, gaps } = thinHistory(chain(1_000), [500, 499], 32);
    expect(kept).toHaveLength(32);
    expect(kept).toEqual(expect.arrayContaining([0, 499, 500, 999]));
    expect(history).toEqual(chain(32));
    expect(gaps.reduce((sum, gap) => sum + gap, 0)).toBe(1_000 - 32);
    expect(Math.max(...gaps)).toBeLessThan(40);
  });

  it('never keeps more than it may, whatever must stay', () => {
    const must = Array.from({ length: 90 }, (_, index) => index);
    expect(thinHistory(chain(100), must, 32).kept).toHaveLength(32);
  });

  it('counts no commit as in doubt that a kept parent stands on', () => {
    //  0 - 1 - 2 - 3 - 5      2 and 4 are left out; 2 is behind 3 as well.
    //            \ - 4 - /
    const history = [[], [0], [1], [2], [2], [3, 4]];
    const thin = thinHistory(history, [1, 3], 4);
    expect(thin).toEqual({ kept: [0, 1, 3, 5], history: [[], [0], [1], [1, 2]], gaps: [0, 0, 1, 1] });
  });
});
