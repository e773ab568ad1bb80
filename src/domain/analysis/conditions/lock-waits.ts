import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { MetricsBody } from '../../evidence/evidence.ts';
import { formatQuantity } from './format-quantity.ts';
import type { ResourceLevel } from './limits.ts';
import { readWait, readWaitName } from './queries.ts';

/** Sessions that wait for each other do no work; one is everyday life, two at any time are a queue. */
const fewestWaiting = 2;

/**
 * Sessions of a database that wait for locks of rows and transactions, from its load by wait event: over the limit where there are
 * two or more of them on average, no fewer than of all other sessions, and twice as many as before. A database's own latches
 * (`LWLock`, mutexes) are left out. O(points).
 * Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/wait-event.locktransactionid.html
 */
export function readLockWaits(evidence: readonly EvidenceWithBody[]): readonly ResourceLevel[] {
  return evidence.flatMap(({ evidence: item, body }): readonly ResourceLevel[] => {
    if (body?.kind !== 'metrics') return [];
    const { locks, others } = sumLoads(body);
    const times = [...locks.keys()].sort();
    const before = times.filter((at) => at < body.incidentFrom).map((at) => locks.get(at) ?? 0);
    const during = times.filter((at) => at >= body.incidentFrom).map((at) => ({ at, load: locks.get(at) ?? 0 }));
    const other = mean([...others].filter(([at]) => at >= body.incidentFrom).map(([, load]) => load));
    const limit = Math.max(fewestWaiting, other, 2 * mean(before));
    const loads = during.map(({ load }) => load);
    const [first, last] = [before.at(-1) ?? loads[0], loads.at(-1)];
    if (first === undefined || last === undefined) return [];
    return [
      {
        conditionId: 'lock-contention',
        service: body.service,
        object: body.service,
        name: 'sessions waiting for locks',
        unit: '',
        first,
        worst: Math.max(...loads),
        last,
        limit: formatQuantity(limit),
        isOver: mean(loads) >= limit,
        isBack: loads.length >= 6 && loads.slice(-3).every((load) => load < limit),
        hasMoved: Math.max(...loads) > 1.5 * Math.max(first, 1e-9),
        firstAt: during.find(({ load }) => load >= limit)?.at ?? body.incidentFrom,
        evidenceId: item.id,
      },
    ];
  });
}

/** Load by time: of the waits for locks, and of everything else. */
function sumLoads(body: MetricsBody) {
  const locks = new Map<string, number>();
  const others = new Map<string, number>();
  for (const series of body.series) {
    const wait = readWaitName(series);
    if (wait === undefined) continue;
    const isLock = readWait(wait) === 'lock' && !/lwlock|mutex/i.test(wait);
    const sums = isLock ? locks : others;
    for (const [at, value] of series.points) sums.set(at, (sums.get(at) ?? 0) + value);
  }
  return { locks, others };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
