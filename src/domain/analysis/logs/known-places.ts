import { variable } from './split-words.ts';

/** Where lines turned out to vary, so that a line that comes later goes to its template at once. */
export interface KnownPlaces {
  /** Learns from the words of a line and what they became. */
  learn(scope: string, words: readonly string[], template: readonly string[]): void;
  /** The templates that these words may be of, by the places at which others with as many words and the same first one varied. */
  recall(scope: string, words: readonly string[]): readonly (readonly string[])[];
}

const mostHeads = 8_000;
/** So many sets of places are tried for a line, the first ones that were learnt. */
const mostSets = 16;

/**
 * O(words) to learn and O(16 words) to recall.
 * Our own memory of what {@link ./merge-templates.ts} found.
 */
export function createKnownPlaces(): KnownPlaces {
  const sets = new Map<string, Map<string, readonly number[]>>();
  const headOf = (scope: string, words: readonly string[]) => `${scope}\0${words.length} ${words[0] ?? ''}`;
  return {
    learn(scope, words, template) {
      const places = findPlaces(words, template);
      if (!places) return;
      const head = headOf(scope, words);
      const known = sets.get(head) ?? new Map<string, readonly number[]>();
      if (known.size < mostSets) known.set(places.join(), places);
      if (sets.size < mostHeads) sets.set(head, known);
    },
    recall: (scope, words) =>
      [...(sets.get(headOf(scope, words))?.values() ?? [])].map((places) => varyAt(words, places)),
  };
}

/** The places of words that a template has no words for; none where there are none, or where the template is of other words. */
function findPlaces(words: readonly string[], template: readonly string[]): readonly number[] | undefined {
  const places: number[] = [];
  let at = 0;
  words.forEach((word, place) => {
    if (word === template[at]) at++;
    else {
      places.push(place);
      if (template[at] === variable) at++;
    }
  });
  return places.length > 0 && varyAt(words, places).join(' ') === template.join(' ') ? places : undefined;
}

/** Makes words variable; of several in a row one stays, as in a template. */
function varyAt(words: readonly string[], places: readonly number[]): readonly string[] {
  return words
    .map((word, place) => (places.includes(place) ? variable : word))
    .filter((word, place, all) => word !== variable || all[place - 1] !== variable);
}
