import type { EvidenceWithBody } from '../../../../src/domain/diagnosis/engine.ts';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { at, incidentFrom, wrap } from '../incident.ts';

/** Numbers that look random and are the same in every run (mulberry32), from 0 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Standard normal noise, from twelve even numbers. */
export function createNoise(seed: number): () => number {
  const random = createRandom(seed);
  return () => Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);
}

/** A series with a point a minute; `undefined` leaves a gap. Minutes count from 12:00, the incident is reported from minute 30 on. */
export function series(
  name: string,
  value: (minute: number) => number | undefined,
  [from, to]: readonly [number, number] = [-30, 60],
): MetricSeries {
  const points: [string, number][] = [];
  for (let minute = from; minute < to; minute++) {
    const found = value(minute);
    if (found !== undefined) points.push([at(minute), found]);
  }
  return { name, expression: name, labels: {}, points };
}

/** Metrics of one service as evidence. */
export function metricsOf(service: string, ...all: readonly MetricSeries[]): EvidenceWithBody {
  return wrap(service, 'metrics', { kind: 'metrics', service, incidentFrom, series: all });
}
