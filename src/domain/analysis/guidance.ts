import { shortName } from './words.ts';

/** What people said about a service or commit. */
export type Opinion = 'for' | 'against';

const negation =
  /\b(not|isn't|isnt|is not|no|never|wasn't|doesn't|don't|neither|nor|wrong|innocent|rather than|instead of|ruled out|exclude|ignore|unrelated)\b/i;

/**
 * Reads words of people, clause by clause (a clause ends at punctuation, `but` or `and`): a name in a clause with a negation is
 * spoken against, any other is spoken for. Services go by their full or short name, commits by seven digits or more. A later clause wins.
 * Our own rule. O(n · (s + c)) for n characters, s services and c commits.
 */
export function readGuidance(
  guidance: readonly string[],
  services: readonly string[],
  revisions: readonly string[],
): ReadonlyMap<string, Opinion> {
  const opinions = new Map<string, Opinion>();
  for (const clause of guidance.flatMap((text) => text.split(/[,.;:!?\n]+(?=\s|$)|\bbut\b|\band\b|\bso\b/i))) {
    const opinion: Opinion = negation.test(clause) ? 'against' : 'for';
    for (const service of services)
      if (names(clause, service) || names(clause, shortName(service))) opinions.set(service, opinion);
    for (const [prefix] of clause.matchAll(/\b[0-9a-f]{7,40}\b/g)) {
      for (const revision of revisions) if (revision.startsWith(prefix)) opinions.set(revision, opinion);
    }
  }
  return opinions;
}

function names(text: string, name: string): boolean {
  return (
    name.length >= 3 &&
    new RegExp(`(^|[^\\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}($|[^\\w-])`, 'i').test(text)
  );
}
