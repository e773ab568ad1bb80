import type { Facts } from '../facts.ts';
import type { DiffView } from './diff-view.ts';
import { count } from './diff-view.ts';
import { explainGrowth } from './mechanisms/growth.ts';
import type { ToldSign } from './told-statements.ts';

/** A change found by what its service fills up with since its deploy. */
const fillsUp = 'what is never given back';
const strengths = { keeps: 0.85, opens: 0.75, alone: 0.55 } as const;
/** A knee is found to a few of its series' points; climbs of hours are read every minute or so. */
const kneeSlackMs = 10 * 60_000;
/** Tasks, listeners, timers, streams and handles that last until somebody ends them. */
const opens =
  /\bgo func\b|\bgo \w+\(|new Thread\b|setInterval\(|addEventListener\(|\.subscribe\(|\bopen(Sync)?\(|new\w*(Input|Output)Stream\(|create(Read|Write)Stream\(|\.(connect|acquire|getConnection)\(|newFixedThreadPool|create_task\(/;
const ends =
  /close|dispose|release|cancel|\bclear|unsubscribe|removeEventListener|\bwith\b|\busing\b|try \(|finally|shutdown|disconnect/i;

/**
 * Holds a change against the climbs of its service's memory, handles, threads and connections: a climb of hours that begins with a deploy
 * was begun by it, whether its diff tells how or not; that it came then by chance is as likely as the few minutes around the knee are
 * among the hours of the window. `slackMs` is how far clocks may differ.
 * Source: CWE-401, CWE-772; Grottke, Matias and Trivedi, "The fundamentals of software aging", ISSRE 2008 (ageing dates from the start of
 * the software that ages).
 * O(s + d) for s shifts and d lines of the diff.
 */
export function explainClimb(
  facts: Facts,
  service: string,
  view: DiffView,
  atMs: number,
  slackMs: number,
): readonly ToldSign[] {
  return facts.shifts
    .filter((shift) => shift.kind === 'climb' && shift.meaning === 'saturation' && shift.service === service)
    .filter(({ firstAt }) => {
      const waitMs = Date.parse(firstAt) - atMs;
      return waitMs >= -2 * slackMs && waitMs <= Math.min(kneeSlackMs, 0.05 * facts.spanMs);
    })
    .map(({ name, firstAt, evidenceId }): ToldSign => {
      const begun = `${name} of ${service} climbs since ${firstAt}, when it was deployed`;
      const grown = explainGrowth(view);
      if (grown) return { name: fillsUp, what: `${begun}, and ${grown.what}`, strength: strengths.keeps, evidenceId };
      const isOpen = count(view.added, opens) > 0 && count(view.added, ends) === 0;
      return isOpen
        ? { name: fillsUp, what: `${begun}, and it opens what it never ends`, strength: strengths.opens, evidenceId }
        : { name: fillsUp, what: begun, strength: strengths.alone, evidenceId };
    });
}
