import { describe, expect, test } from 'vitest';
import { metricRecord } from '../../../src/adapters/bundle/records.ts';
import { createTimeTable, readSeries } from '../../../src/adapters/bundle/read-series.ts';
import { createWindowTally } from '../../../src/adapters/bundle/window-tally.ts';

const window = { from: '2026-11-20T09:00:00Z', to: '2026-11-20T10:30:00Z' };

/** Reads one record; the series, its faults, and what lay outside of the window. */
function read(record: unknown) {
  const faults: string[] = [];
  const tally = createWindowTally(window, 'metrics/cart.ndjson', 'point');
  const series = readSeries(record, createTimeTable(), tally, (message) => faults.push(message));
  return { series, faults, ...tally.tell() };
}

const times: readonly unknown[] = [
  '2026-11-20T10:00:00Z',
  '2026-11-20T10:00:00.000Z',
  '2026-11-20T15:30:00.123456+05:30',
  '2026-11-20T10:00Z',
  1_795_168_800,
  1_795_168_800.25,
  1_795_168_800_250,
  '2026-11-20T10:00:00',
  '2026-13-20T10:00:00Z',
  '1795168800',
  12,
  Infinity,
  null,
];
const values: readonly unknown[] = [
  0.25,
  -0,
  1e308,
  '0.5',
  '1e3',
  'NaN',
  '+Inf',
  null,
  Infinity,
  '',
  '0x10',
  true,
  [1],
];

describe('series of a bundle', () => {
  test.each(times.flatMap((time) => values.map((value) => [time, value] as const)))(
    'the point [%j, %j] is read without the schema as the schema reads it',
    (time, value) => {
      const record = { name: 'load', points: [[time, value]] };
      const { success, data } = metricRecord.safeParse(record);
      const { series, faults } = read(record);
      expect(faults.length === 0).toBe(success);
      expect(series?.points).toEqual(data?.points.filter(([, measured]) => measured !== null));
    },
  );

  test('points stand in the order of their times, those of one time as they are told, and are the same each time and as JSON', () => {
    const points = [
      ['2026-11-20T10:00:15Z', 2],
      ['2026-11-20T10:00:00.000Z', 1],
      ['2026-11-20T10:00:15Z', 3],
    ];
    const { series } = read({ name: 'load', labels: { pod: 'a' }, points });
    const inOrder = [points[1], points[0], points[2]];
    expect(series).toEqual({ name: 'load', expression: 'load', labels: { pod: 'a' }, points: inOrder });
    expect(series?.points).toEqual(inOrder);
    expect(JSON.parse(JSON.stringify(series))).toEqual({ ...series });
  });

  test('points outside of the window are left out and counted, those without a value are not', () => {
    const { series, left } = read({
      name: 'load',
      points: [
        ['2026-11-20T08:00:00Z', 1],
        ['2026-11-20T08:00:01Z', null],
        ['2026-11-20T10:00:00Z', 2],
      ],
    });
    expect(series?.points).toEqual([['2026-11-20T10:00:00Z', 2]]);
    expect(left).toMatch(/^1 of 2 points in metrics\/cart\.ndjson lie outside/);
  });

  test.each([
    [[['2026-11-20T10:00:00Z', 1, 2]], /points\[0\]/],
    [
      [
        ['2026-11-20T10:00:00Z', 1],
        ['noon', 1],
      ],
      /points\[1\]\[0\]: is "noon"; write an ISO 8601 time/,
    ],
    [{}, /points: is an object; write a list/],
    [null, /points: is missing; write a list/],
  ])('what is no list of points is a fault: %j', (points, fault) => {
    const { series, faults } = read({ name: 'load', points });
    expect(series).toBeUndefined();
    expect(faults).toEqual([expect.stringMatching(fault)]);
  });
});
