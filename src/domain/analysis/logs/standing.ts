import type { LogLine } from '../../evidence/evidence.ts';
import type { LogPattern, LogSource } from './patterns.ts';
import type { TimeTally } from './rates.ts';

/** What was counted of one template. */
interface Counted {
  readonly text: () => string;
  readonly level: LogLine['level'];
  readonly status?: number;
  readonly times: TimeTally;
  readonly examples: readonly LogLine[];
}

/** Less than this much of a window before the incident is no past. */
const leastPastMs = 60_000;
/** Fewer errors than one in twenty lines are what many services live with. */
const leastShare = 0.05;
const fewest = 3;
/** Nothing says that they are news, so they weigh as little as new lines that may be chance. */
const trust = 0.4;

/**
 * Errors of a window that begins with its incident: a failure from the first line on is no rise. They count where they make up a
 * good part of all lines and go on into the last half. O(templates).
 * Our own rule; without a past no test can compare, so a share and a duration stand in.
 */
export function findStanding(
  source: LogSource,
  tallies: readonly Counted[],
  all: TimeTally,
  toMs: number,
): readonly LogPattern[] {
  const fromMs = Date.parse(source.evidence.window.from);
  if (Date.parse(source.incidentFrom) - fromMs >= leastPastMs) return [];
  const lines = countLines(all);
  return tallies.flatMap(({ text, level, status, times, examples }): readonly LogPattern[] => {
    const { firstMs, lastMs } = times.read();
    const count = countLines(times);
    const isLasting = lastMs >= (fromMs + toMs) / 2;
    if (level !== 'error' || count < fewest || count < leastShare * lines || !isLasting) return [];
    return [
      {
        service: source.service,
        evidenceId: source.evidence.id,
        template: text(),
        level,
        kind: 'standing',
        before: 0,
        after: count,
        firstAt: new Date(firstMs[0] ?? fromMs).toISOString(),
        examples: examples.slice(0, 5),
        ...(status === undefined ? {} : { status }),
        weight: Math.round(trust * Math.min(1, 0.4 + 0.3 * Math.log10(count)) * 1000) / 1000,
      },
    ];
  });
}

function countLines(times: TimeTally): number {
  return times.read().counts.reduce((sum, count) => sum + count, 0);
}
