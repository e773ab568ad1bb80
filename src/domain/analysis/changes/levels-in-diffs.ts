import type { Hunk } from './diffs.ts';

/** A word that a line had before and the one that it has now, all else being equal. */
interface WordChange {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const levels = ['off', 'fatal', 'critical', 'error', 'warning', 'warn', 'info', 'debug', 'trace', 'all'];
const states = ['true', 'false', 'on', 'off', 'enabled', 'disabled', 'yes', 'no'];

/**
 * A level of logging that was made more talkative.
 * Levels stand in the order of Log4j 2 and of Python's `logging`; the rest is our own rule. O(n) for n lines.
 */
export function findLevelChange(hunks: readonly Hunk[]): WordChange | undefined {
  return findWordChanges(hunks, levels).find(({ from, to }) => levels.indexOf(to) > levels.indexOf(from));
}

/**
 * Switches that were turned on or off.
 * Our own rule. O(n) for n lines.
 */
export function findSwitch(hunks: readonly Hunk[]): readonly WordChange[] {
  return findWordChanges(hunks, states);
}

function findWordChanges(hunks: readonly Hunk[], words: readonly string[]): readonly WordChange[] {
  const pattern = new RegExp(`\\b(${words.join('|')})\\b`, 'gi');
  const skeleton = (line: string) => line.replace(pattern, '#').replace(/\s+/g, '');
  return hunks.flatMap(({ removed, added }) => {
    const twins = new Map(added.map((line) => [skeleton(line), line]));
    return removed.flatMap((line) => {
      const before = [...line.matchAll(pattern)].at(-1);
      const twin = before && twins.get(skeleton(line));
      const after = twin === undefined ? undefined : [...twin.matchAll(pattern)].at(-1);
      if (!before || !after || before[0] === after[0]) return [];
      const name =
        line
          .slice(0, before.index)
          .match(/[A-Za-z_][\w.-]*/g)
          ?.at(-1) ?? '';
      return [{ name, from: before[0].toLowerCase(), to: after[0].toLowerCase() }];
    });
  });
}
