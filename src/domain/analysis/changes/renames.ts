import type { Hunk } from './diffs.ts';

const token = /[A-Za-z_$][\w$]*|"[^"]*"|'[^']*'|`[^`]*`|\d+(?:\.\d+)?|\S/g;
const identifier = /^[A-Za-z_$][\w$]*$/;
const mostNames = 3;

/**
 * True when a diff does no more than call things by other names, each name by one other wherever it stands. Texts in quotes count as
 * they are: another key or another path is more than a name.
 * A match up to a one-to-one renaming is that of Baker ("A theory of parameterized pattern matching", STOC 1993). O(n) for n tokens.
 */
export function isRenaming(hunks: readonly Hunk[]): boolean {
  const names = new Map<string, string>();
  for (const { removed, added } of hunks) {
    if (removed.length !== added.length) return false;
    for (const [index, line] of removed.entries()) {
      const [before, after] = [line.match(token) ?? [], added[index]?.match(token) ?? []];
      if (before.length !== after.length) return false;
      for (const [place, word] of before.entries()) {
        const other = after[place] ?? '';
        if (word === other && !names.has(word)) continue;
        if (!identifier.test(word) || !identifier.test(other)) return false;
        if ((names.get(word) ?? other) !== other) return false;
        names.set(word, other);
      }
    }
  }
  return names.size > 0 && names.size <= mostNames && new Set(names.values()).size === names.size;
}
