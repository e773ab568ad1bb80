import type { MetricShift } from '../metrics/shifts.ts';

/** A service that began to use far more of a resource than it did. */
export interface BusyService {
  readonly service: string;
  readonly name: string;
  readonly before: number;
  readonly after: number;
  readonly evidenceId: string;
  readonly firstMs: number;
  /** 0 to 1: by the ratio of after to before. */
  readonly strength: number;
}

/** Use that grows by this factor counts half. Load alone rarely triples it. */
const halfRatio = 5;
const leastRatio = 2.5;

/**
 * The largest rise of use of each service, largest first. What several services show alike, with the same values, is a machine that they
 * share, and speaks against none of them. O(n log n) for n shifts.
 * Utilisation as in the USE method (Gregg, "Thinking methodically about performance", CACM 56, 2013); the rest is our own rule.
 */
export function findBusyServices(shifts: readonly MetricShift[]): readonly BusyService[] {
  const holders = new Map<string, Set<string>>();
  const rises = shifts.filter(
    (shift) => shift.meaning === 'saturation' && shift.direction === 'up' && shift.kind === 'step' && shift.after > 0,
  );
  const keyOf = (shift: MetricShift) => `${shift.name}\u0000${shift.after}`;
  for (const shift of rises) {
    const known = holders.get(keyOf(shift));
    if (known) known.add(shift.service);
    else holders.set(keyOf(shift), new Set([shift.service]));
  }
  const best = new Map<string, BusyService>();
  for (const shift of rises) {
    const ratio = shift.after / Math.max(shift.before, 0.001 * shift.after);
    if (ratio < leastRatio || (holders.get(keyOf(shift))?.size ?? 0) > 1) continue;
    const strength = ratio ** 2 / (ratio ** 2 + halfRatio ** 2);
    if ((best.get(shift.service)?.strength ?? 0) >= strength) continue;
    best.set(shift.service, {
      service: shift.service,
      name: shift.name,
      before: shift.before,
      after: shift.after,
      evidenceId: shift.evidenceId,
      firstMs: Date.parse(shift.firstAt),
      strength,
    });
  }
  return [...best.values()].sort((a, b) => b.strength - a.strength || (a.service < b.service ? -1 : 1));
}
