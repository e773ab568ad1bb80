import type { z } from 'zod';
import type { MetricSeries } from '../../domain/evidence/evidence.ts';
import { checkRecord } from './check-record.ts';
import { readMeasured, readTime } from './fields.ts';
import { metricRecord } from './records.ts';
import type { WindowTally } from './window-tally.ts';

/** Every time of a file once: its series mostly share theirs. */
export interface TimeTable {
  /** As the series tell them. */
  readonly texts: readonly string[];
  /** Milliseconds since 1970. */
  readonly atMs: readonly number[];
  /** Index of a time as a record writes it; undefined where it is none. */
  find(written: unknown): number | undefined;
}

/** Points by column: 12 bytes each, where a pair of a text and a number takes ten times as much. */
interface PackedPoints {
  /** Indices into the table of times. */
  readonly times: Uint32Array;
  readonly values: Float64Array;
}

export function createTimeTable(): TimeTable {
  const texts: string[] = [];
  const atMs: number[] = [];
  const known = new Map<unknown, number>();
  return {
    texts,
    atMs,
    find(written) {
      const index = known.get(written);
      if (index !== undefined) return index;
      const text = readTime(written);
      if (text === undefined) return undefined;
      known.set(written, texts.length);
      atMs.push(Date.parse(text));
      return texts.push(text) - 1;
    },
  };
}

/**
 * Reads a series: a bundle may hold tens of millions of points, so they are checked without the schema, and packed. A record with a point
 * that is none goes through the schema, which names the fault. Points outside of the window are left out.
 */
export function readSeries(
  value: unknown,
  table: TimeTable,
  tally: WindowTally,
  fault: (message: string) => void,
): MetricSeries | undefined {
  const written = typeof value === 'object' && value !== null && 'points' in value ? value.points : undefined;
  const packed = packPoints(written, table);
  const record = checkRecord(metricRecord, packed ? { ...(value as object), points: [] } : value, fault);
  const points = packed ?? packPoints(record?.points, table);
  return record && points && toSeries(record, inOrder(takePoints(points, table, tally), table), table.texts);
}

/** A point without a value says that nothing was measured, which a gap says as well. Undefined where any of them is no point. */
function packPoints(points: unknown, table: TimeTable): PackedPoints | undefined {
  if (!Array.isArray(points)) return undefined;
  const times = new Uint32Array(points.length);
  const values = new Float64Array(points.length);
  let count = 0;
  for (const point of points as readonly unknown[]) {
    if (!Array.isArray(point) || point.length !== 2) return undefined;
    const time = table.find(point[0]);
    const measured = readMeasured(point[1]);
    if (time === undefined || measured === undefined) return undefined;
    if (measured === null) continue;
    times[count] = time;
    values[count] = measured;
    count += 1;
  }
  return { times: times.slice(0, count), values: values.slice(0, count) };
}

function takePoints({ times, values }: PackedPoints, { atMs }: TimeTable, tally: WindowTally): PackedPoints {
  const isTaken = Array.from(times, (time) => tally.takes(atMs[time] ?? NaN));
  if (isTaken.every(Boolean)) return { times, values };
  return { times: times.filter((_, i) => isTaken[i]), values: values.filter((_, i) => isTaken[i]) };
}

/** Series are compared by their neighbours and ends, so points stand in the order of their times, however they were written. */
function inOrder(points: PackedPoints, { atMs }: TimeTable): PackedPoints {
  const { times, values } = points;
  const at = (i: number) => atMs[times[i] ?? 0] ?? 0;
  if (times.every((_, i) => i === 0 || at(i - 1) <= at(i))) return points;
  const order = Uint32Array.from(times, (_, i) => i).sort((a, b) => at(a) - at(b));
  return {
    times: times.map((_, i) => times[order[i] ?? 0] ?? 0),
    values: values.map((_, i) => values[order[i] ?? 0] ?? 0),
  };
}

/** The points are unpacked whenever they are asked for, and not kept. */
function toSeries(
  { name, expression, labels }: z.output<typeof metricRecord>,
  packed: PackedPoints,
  texts: TimeTable['texts'],
): MetricSeries {
  return {
    name,
    expression: expression ?? name,
    labels,
    get points() {
      return Array.from(packed.times, (time, i): [string, number] => [texts[time] ?? '', packed.values[i] ?? 0]);
    },
  };
}
