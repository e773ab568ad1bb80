import type { EvidenceWithBody } from '../../../../src/domain/diagnosis/engine.ts';
import type { MetricSeries } from '../../../../src/domain/evidence/evidence.ts';
import { makeRandom } from '../../../fakes/random.ts';
import { at, incidentFrom, wrap } from '../incident.ts';

/** Standard normal noise, from twelve even numbers. */
export function createNoise(seed: number): () => number {
  const random = makeRandom(seed);
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
