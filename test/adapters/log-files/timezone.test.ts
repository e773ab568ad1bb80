import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createLogFiles } from '../../../src/adapters/log-files/log-files.ts';
import { createParseLine, type ParseOptions } from '../../../src/adapters/log-files/parse-line.ts';

const autumn = Date.parse('2026-10-25T12:00:00Z');

function read(lines: readonly string[], more: Partial<ParseOptions> = {}): readonly (string | undefined)[] {
  const parse = createParseLine({
    format: 'auto',
    timezone: 'Europe/Berlin',
    nearMs: autumn,
    isInOrder: true,
    ...more,
  });
  return lines.map((line) => {
    const { at } = parse(line);
    return at === undefined ? undefined : new Date(at).toISOString().replace('.000Z', 'Z');
  });
}

describe('a time without a zone, of a service in Berlin', () => {
  test('is read with the offset of its own day, on both sides of a change', () => {
    expect(
      read(['2026-10-24 12:00:00 a', '2026-10-26 12:00:00 b', '2026-03-28 12:00:00 c', '2026-03-30 12:00:00 d']),
    ).toEqual(['2026-10-24T10:00:00Z', '2026-10-26T11:00:00Z', '2026-03-28T11:00:00Z', '2026-03-30T10:00:00Z']);
  });

  test('in the hour that comes twice is told apart by the lines before', () => {
    const lines = ['01:59:00', '02:00:00', '02:59:59', '02:00:10', '02:59:00', '03:00:00'];
    expect(read(lines.map((clock) => `2026-10-25 ${clock} x`))).toEqual([
      '2026-10-24T23:59:00Z',
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:59:59Z',
      '2026-10-25T01:00:10Z',
      '2026-10-25T01:59:00Z',
      '2026-10-25T02:00:00Z',
    ]);
  });

  test('a little out of order in that hour stays in its half', () => {
    expect(read(['2026-10-25 02:30:10 x', '2026-10-25 02:30:05 x'])).toEqual([
      '2026-10-25T00:30:10Z',
      '2026-10-25T00:30:05Z',
    ]);
  });

  test('in the hour that is left out counts as if the clock had not been put forward', () => {
    expect(read(['2026-03-29 01:59:59 x', '2026-03-29 02:30:00 x', '2026-03-29 03:00:00 x'])).toEqual([
      '2026-03-29T00:59:59Z',
      '2026-03-29T01:30:00Z',
      '2026-03-29T01:00:00Z',
    ]);
  });

  test('is read so in every form that has no zone, and a zone that is written counts', () => {
    const nearMs = Date.parse('2026-07-01T12:00:00Z');
    const lines = [
      '2026-07-01 12:00:00,000 ERROR python',
      'Jul  1 12:00:00 web app: syslog',
      '[Wed Jul 01 12:00:00.000000 2026] apache',
      'E0701 12:00:00.000000 1 a.go:1] klog',
      '12:00:00.000 [main] logback',
      '{"time":"2026-07-01T12:00:00","msg":"json"}',
      'time="2026-07-01T12:00:00" level=info msg=logfmt',
    ];
    expect(new Set(read(lines, { nearMs }))).toEqual(new Set(['2026-07-01T10:00:00Z']));
    const zoned = [
      '2026-07-01T10:00:00Z x',
      '2026-07-01 13:00:00 +0300 x',
      '{"time":1782900000,"msg":"x"}',
      '[Wed Jul 01 10:00:00 UTC 2026] x',
    ];
    expect(new Set(read(zoned, { nearMs }))).toEqual(new Set(['2026-07-01T10:00:00Z']));
  });

  test('of day alone is put on the day that is near, also where the zone has another date', () => {
    const nearMs = Date.parse('2026-07-01T22:30:00Z');
    expect(read(['07:35:00 x'], { timezone: 'Asia/Tokyo', nearMs })).toEqual(['2026-07-01T22:35:00Z']);
  });
});

test('half-hour zones and zones west of Greenwich are read, and UTC where none is given', () => {
  const lines = ['2026-07-01 12:00:00 x'];
  expect(read(lines, { timezone: 'Asia/Kolkata' })).toEqual(['2026-07-01T06:30:00Z']);
  expect(read(lines, { timezone: 'America/New_York' })).toEqual(['2026-07-01T16:00:00Z']);
  const utc = createParseLine({ format: 'auto', nearMs: autumn });
  expect(utc('2026-07-01 12:00:00 x').at).toBe(Date.parse('2026-07-01T12:00:00Z'));
});

test('the lines of a window are found by the zone of their source', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-zone-'));
  const files = path.join(folder, 'app.log');
  writeFileSync(files, '2026-10-25 02:59:50 INFO first\n2026-10-25 02:00:10 ERROR second\n');
  const question = {
    window: { from: '2026-10-25T01:00:00Z', to: '2026-10-25T01:30:00Z' },
    incidentFrom: '2026-10-25T01:00:00Z',
  };
  const logs = createLogFiles({ redact: (text) => text });
  const berlin = await logs.read({ ...question, sources: [{ files, format: 'auto', timezone: 'Europe/Berlin' }] });
  expect(berlin.lines.map(({ at, message }) => `${at} ${message}`)).toEqual(['2026-10-25T01:00:10.000Z ERROR second']);
  expect((await logs.read({ ...question, sources: [{ files, format: 'auto' }] })).lines).toEqual([]);
});
