import type { Facts } from '../facts.ts';
import type { SpanSign } from './blame.ts';
import type { Suspicion } from '../suspicion.ts';

/** Where in a service the trouble lies. */
export interface SuspectRegion {
  readonly service: string;
  /** Two events (statements, begins and ends of spans) that used to follow each other; or twice the name of what is scarce or slow. */
  readonly from: string;
  readonly to: string;
  readonly kind: SpanSign['kind'];
  readonly why: string;
  readonly evidence: readonly string[];
}

/** More are not worth a look. */
const most = 10;

/**
 * Regions of code, resources and ways that spans hold against services; most suspect service and most telling sign first. O(n log n).
 * Our own rule; it only ranks what the other files of this folder found.
 */
export function listSuspectRegions(
  facts: Pick<Facts, 'spanSigns'>,
  suspicions: readonly Suspicion[],
): readonly SuspectRegion[] {
  const shares = new Map(suspicions.map(({ service, share }) => [service, share]));
  const weigh = (sign: SpanSign) => sign.strength * (shares.get(sign.service) ?? 0);
  const seen = new Set<string>();
  return facts.spanSigns
    .filter((sign) => weigh(sign) > 0.01)
    .sort((a, b) => weigh(b) - weigh(a))
    .flatMap(({ service, place, kind, why, evidenceIds }): SuspectRegion[] => {
      const key = `${service}\u0000${place?.from ?? ''}\u0000${place?.to ?? ''}`;
      if (place === undefined || seen.has(key)) return [];
      seen.add(key);
      return [{ service, ...place, kind, why, evidence: evidenceIds }];
    })
    .slice(0, most);
}
