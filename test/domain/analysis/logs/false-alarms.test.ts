import { describe, expect, it } from 'vitest';
import { findThreshold } from '../../../../src/domain/analysis/logs/false-discovery.ts';
import { createPatternCollector, type LogPattern } from '../../../../src/domain/analysis/logs/patterns.ts';
import type { LogLine } from '../../../../src/domain/evidence/evidence.ts';
import { createRandom, type Random } from './random.ts';

const from = Date.parse('2026-03-01T10:00:00.000Z');
const minuteMs = 60_000;
const windowMs = 90 * minuteMs;
const incidentMs = 60 * minuteMs;
const services = 100;

const texts = [
  'slow answer of the cache',
  'retrying the upload',
  'queue is long',
  'token was refreshed late',
  'stale price kept',
];
const lineAt = (atMs: number, level: LogLine['level'], message: string): LogLine => ({
  at: new Date(from + atMs).toISOString(),
  level,
  message,
  fields: {},
});

/** Times of a steady process; each event brings as many lines as a burst has on average. */
function steady(random: Random, perHour: number, burst: number): readonly number[] {
  const times: number[] = [];
  let at = 0;
  for (;;) {
    at -= Math.log(1 - random.next()) * ((3_600_000 * burst) / perHour);
    if (at >= windowMs) return times.sort((a, b) => a - b);
    times.push(at);
    while (random.next() > 1 / burst) times.push(Math.min(windowMs - 1, at + random.next() * 5_000));
  }
}

/** A service that is well: requests, some chatter, warnings from one in two hours to one a minute, and errors that it always has. */
function calmService(random: Random, burst: number): readonly LogLine[] {
  const write = (level: LogLine['level'], message: string, perHour: number) =>
    steady(random, perHour, burst).map((at) => lineAt(at, level, message));
  return [
    ...write('info', 'request done', 1_200),
    ...texts.flatMap((text, i) => [...write('info', text, 40), ...write('warn', text, 0.5 * 3 ** i)]),
    ...write('error', 'payment was declined', 60),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

function told(lines: readonly LogLine[]): readonly LogPattern[] {
  const window = { from: new Date(from).toISOString(), to: new Date(from + windowMs).toISOString() };
  const incidentFrom = new Date(from + incidentMs).toISOString();
  const collector = createPatternCollector({ evidence: { id: 'logs', window }, service: 'shop', incidentFrom });
  for (const line of lines) collector.add(line);
  return collector.finish().patterns;
}

describe('services that are well', () => {
  for (const [name, burst] of [
    ['steady', 1],
    ['in bursts', 4],
  ] as const) {
    it(`that write ${name} alarm at most once in twenty windows`, () => {
      const random = createRandom(7);
      const alarms = Array.from({ length: services }, () => told(calmService(random, burst)).length);
      const share = alarms.filter((count) => count > 0).length / services;
      console.info(`false alarms, ${name}: ${(100 * share).toFixed(1)} % of ${services} services in 90 minutes`);
      expect(share).toBeLessThanOrEqual(0.05);
    });
  }

  it('with two warnings of a known text since the incident are told nothing of', () => {
    const calm = steady(createRandom(1), 600, 1).map((at) => lineAt(at, 'info', 'queue is long'));
    const warnings = [70, 80].map((minute) => lineAt(minute * minuteMs, 'warn', 'queue is long'));
    expect(told([...calm, ...warnings].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)))).toEqual([]);
  });
});

describe('what did change is told', () => {
  const withFault = (level: LogLine['level'], message: string, count: number) => {
    const random = createRandom(3);
    const fault = Array.from({ length: count }, (_, n) =>
      lineAt(incidentMs + ((n + 0.5) * minuteMs * 30) / count, level, message),
    );
    return told([...calmService(random, 1), ...fault].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)));
  };

  it('when a warning is new and goes on', () => {
    expect(withFault('warn', 'pool has no connection left', 12)).toMatchObject([
      { kind: 'new', level: 'warn', after: 12 },
    ]);
  });

  it('when an error that was always there grows', () => {
    expect(withFault('error', 'payment was declined', 300)).toMatchObject([{ kind: 'grown', level: 'error' }]);
  });

  it('when a known text is an error now, again and again', () => {
    expect(withFault('error', 'queue is long', 20)).toMatchObject([{ level: 'error', after: 20 }]);
  });

  it('when one error says what was never said before', () => {
    expect(withFault('error', 'out of memory', 1)).toMatchObject([{ kind: 'new', before: 0, after: 1 }]);
  });
});

describe('the threshold of many tests', () => {
  it('is that of one test where there is one', () => {
    expect(findThreshold([0.04])).toBe(0.04);
    expect(findThreshold([0.06])).toBe(0);
  });

  it('takes the more chance the more there is: the example of Benjamini and Hochberg', () => {
    const published = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1,
    ];
    expect(findThreshold(published)).toBe(0.0095);
  });
});
