import type { TimeWindow } from '../../domain/evidence/evidence.ts';
import { countOf } from '../../domain/text.ts';

/** Clocks of machines differ, and windows are rounded or end with the last record: what lies this near is inside. */
const slackMs = 60_000;

/** Sorts the measurements of one file by its evidence's window, and tells what it left out. */
export interface WindowTally {
  /** True for a time inside of the window, give or take a minute; others are counted. `atMs` is in milliseconds since 1970. */
  takes(atMs: number): boolean;
  /** What was left out, in words; without them where nothing was. */
  tell(): { readonly left?: string };
}

/**
 * @param file names the records' file, below the bundle
 * @param noun one record, such as `log line`
 */
export function createWindowTally(window: TimeWindow, file: string, noun: string): WindowTally {
  const [fromMs, toMs] = [Date.parse(window.from) - slackMs, Date.parse(window.to) + slackMs];
  let [all, before, after] = [0, 0, 0];
  return {
    takes(atMs) {
      all += 1;
      if (atMs < fromMs) before += 1;
      else if (atMs >= toMs) after += 1;
      else return true;
      return false;
    },
    tell() {
      if (before + after === 0) return {};
      const sides = [before > 0 ? `${before} before` : '', after > 0 ? `${after} after` : ''].filter(Boolean);
      const left = `${before + after} of ${countOf(all, noun)} in ${file} lie outside of the window (${sides.join(', ')} it) and were left out; widen the window in bundle.json to have them read`;
      return { left };
    },
  };
}
