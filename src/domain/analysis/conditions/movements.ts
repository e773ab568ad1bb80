import type { EvidenceWithBody } from '../../diagnosis/engine.ts';

/** How a series went within the incident, by its ends and extremes; O(points). */
export interface Movement {
  readonly service: string;
  readonly name: string;
  readonly object: string;
  readonly first: number;
  readonly peak: number;
  readonly low: number;
  readonly last: number;
  readonly evidenceId: string;
}

const fewestPoints = 5;
/** A rise worth naming beside a condition. */
const rise = 1.5;

/**
 * Series that rose by half or more from where they began.
 * Our own rule. O(points).
 */
export function readMovements(evidence: readonly EvidenceWithBody[]): readonly Movement[] {
  return readAll(evidence).filter((item) => item.peak >= rise * Math.max(item.first, 1e-9));
}

/** Series that fell to next to nothing for a while and came back to where they began. */
export function readDips(evidence: readonly EvidenceWithBody[]): readonly Movement[] {
  return readAll(evidence).filter(
    (item) => item.first > 0 && item.low <= 0.2 * item.first && item.last >= 0.7 * item.first,
  );
}

function readAll(evidence: readonly EvidenceWithBody[]): readonly Movement[] {
  return evidence.flatMap(({ evidence: item, body }) => {
    if (body?.kind !== 'metrics') return [];
    return body.series.flatMap((series): Movement[] => {
      const values = series.points
        .filter(([at]) => at >= body.incidentFrom)
        .map(([, value]) => value)
        .filter(Number.isFinite);
      const [first, last] = [values[0], values.at(-1)];
      if (first === undefined || last === undefined || values.length < fewestPoints) return [];
      const { instance, pod, node } = series.labels;
      return [
        {
          service: body.service,
          name: series.name,
          object: pod ?? node ?? instance ?? body.service,
          first,
          peak: values.reduce((a, b) => Math.max(a, b), first),
          low: values.reduce((a, b) => Math.min(a, b), first),
          last,
          evidenceId: item.id,
        },
      ];
    });
  });
}
