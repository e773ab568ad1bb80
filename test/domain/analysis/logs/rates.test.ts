import { describe, expect, it } from 'vitest';
import { createTimeTally, findRise, type TimeTally } from '../../../../src/domain/analysis/logs/rates.ts';
import { findFall } from '../../../../src/domain/analysis/logs/rate-falls.ts';

const hourMs = 3_600_000;

function tallyOf(times: readonly number[]): TimeTally {
  const tally = createTimeTally();
  for (const time of times) tally.add(time);
  return tally;
}

/** Times at an even pace. */
function pace(fromMs: number, toMs: number, everyMs: number): readonly number[] {
  return Array.from({ length: Math.ceil((toMs - fromMs) / everyMs) }, (_, n) => fromMs + n * everyMs);
}

const size = (tally: TimeTally) => tally.read().counts.reduce((sum, count) => sum + count, 0);

describe('a tally of times', () => {
  it('keeps every event and its exact time while there are few', () => {
    const { firstMs, counts, lastMs } = tallyOf([5, 1, 9, 9]).read();
    expect([firstMs, counts, lastMs]).toEqual([[1, 5, 9, 9], [1, 1, 1, 1], 9]);
  });

  it('counts all of a hundred thousand events in bounded memory, and dates them closely', () => {
    const tally = tallyOf(pace(0, hourMs, 36));
    const { firstMs } = tally.read();
    expect(size(tally)).toBe(100_000);
    expect(firstMs.length).toBeLessThanOrEqual(512);
    const gaps = firstMs.slice(1).map((time, n) => time - (firstMs[n] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(hourMs / 64);
  });

  it('takes over another tally, wherever its events lie', () => {
    const tally = tallyOf(pace(0, hourMs, 1_000));
    for (let n = 0; n < 4; n++) tally.absorb(tallyOf(pace(-hourMs, 0, 8_000)));
    expect(size(tally)).toBe(3_600 + 1_800);
    expect(tally.read().firstMs[0]).toBe(-hourMs);
    expect(tally.read().firstMs.length).toBeLessThanOrEqual(512);
  });
});

describe('a rise', () => {
  it('is found where the rate changes, whether times are exact or counted in runs', () => {
    for (const every of [60_000, 100]) {
      const rise = findRise(
        tallyOf([...pace(0, 40 * 60_000, every), ...pace(40 * 60_000, hourMs, every / 8)]),
        0,
        hourMs,
        0,
      );
      expect(Math.abs((rise?.firstMs ?? 0) - 40 * 60_000)).toBeLessThan(90_000);
      expect(rise?.ratio).toBeGreaterThan(6);
    }
  });

  it('that ended before the incident is none of it', () => {
    expect(findRise(tallyOf(pace(60_000, 120_000, 100)), 0, hourMs, 1_800_000)).toBeUndefined();
  });
});

describe('a fall', () => {
  const others = pace(0, hourMs, 500);

  it('to nothing is found, with what was to be expected', () => {
    const own = pace(0, 1_800_000, 10_000);
    const fall = findFall(tallyOf(own), tallyOf([...others, ...own].sort((a, b) => a - b)), 0, hourMs);
    expect(fall).toMatchObject({ before: 180, after: 0 });
    expect(fall?.expected).toBeGreaterThan(150);
    expect(Math.abs((fall?.lastMs ?? 0) - 1_790_000)).toBeLessThanOrEqual(60_000);
  });

  it('of everything alike is no fall of one template: the service has less to do', () => {
    const own = [...pace(0, 1_800_000, 10_000), ...pace(1_800_000, hourMs, 100_000)];
    const all = [...pace(0, 1_800_000, 500), ...pace(1_800_000, hourMs, 5_000), ...own].sort((a, b) => a - b);
    expect(findFall(tallyOf(own), tallyOf(all), 0, hourMs)).toBeUndefined();
  });

  it('of a share is none while there is too little of all to tell', () => {
    const own = [...pace(0, 1_800_000, 10_000), ...pace(1_800_000, hourMs, 300_000)];
    const all = [...pace(0, 1_800_000, 500), ...pace(1_800_000, hourMs, 5_000), ...own].sort((a, b) => a - b);
    expect(findFall(tallyOf(own), tallyOf(all), 0, hourMs)).toBeUndefined();
  });

  it('behind a burst is none: bursts end', () => {
    const own = pace(600_000, 630_000, 100);
    expect(findFall(tallyOf(own), tallyOf([...others, ...own].sort((a, b) => a - b)), 0, hourMs)).toBeUndefined();
  });

  it('is none where the pace stays', () => {
    expect(findFall(tallyOf(pace(0, hourMs, 9_000)), tallyOf(others), 0, hourMs)).toBeUndefined();
  });
});
