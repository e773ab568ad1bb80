import type { Mergeable } from './merge-templates.ts';

/** Templates that may be equal but for the words at these places. */
export interface Bucket<T> {
  readonly places: readonly number[];
  readonly templates: readonly T[];
}

/** Of the uses of a template's commonest word, those that a value's may be at most; 0 stands for one use. */
const sharesOfValues = [0, 1 / 8, 1 / 4, 1 / 2];
/** Templates of more words are not compared. */
const mostWords = 60;

/**
 * Finds the templates that are to be compared: those that may differ at one place, at all values of `key=value` pairs, and at the words that
 * few others have; the largest buckets of each way first. What a consumer merges meanwhile is seen by the ways that follow. O(n · w) for n
 * templates of w words.
 * Templates meet by a sum of hashes, one for each place and word, so that a place is left out in O(1): Zobrist, "A new hashing method
 * with application for game playing", 1970; rare words are Brain's idea ({@link ./merge-templates.ts}).
 */
export function* findBuckets<T extends Mergeable>(templates: readonly T[], terms: Terms): Iterable<Bucket<T>> {
  const listRarePlaces = createRarePlaces(templates, terms);
  for (const listPlaces of [listEachPlace, listValuePlaces, listRarePlaces])
    yield* collectBuckets(templates, terms, listPlaces);
}

/** The sets of places at which a template may differ from others. */
type ListPlaces = (template: Mergeable) => readonly (readonly number[])[];

function listEachPlace({ words }: Mergeable): readonly (readonly number[])[] {
  return words.map((_, place) => [place]);
}

/** All values of `key=value` at once: a line of many pairs seldom has all but one equal. */
function listValuePlaces({ words, separators }: Mergeable): readonly (readonly number[])[] {
  const places = words.flatMap((_, place) => (separators[place]?.endsWith('=') === true ? [place] : []));
  return places.length > 1 ? [places] : [];
}

/**
 * Words that few other templates have at their place, against the commonest word of the template: names that come and go together. What is few
 * depends on how many names there are, so that several shares are tried.
 */
function createRarePlaces(templates: readonly Mergeable[], terms: Terms): ListPlaces {
  const uses = new Map<number, number>();
  for (const template of templates) {
    const { head, ofPlaces } = terms.read(template);
    for (const term of ofPlaces) uses.set(head + term, (uses.get(head + term) ?? 0) + 1);
  }
  return (template) => {
    const { head, ofPlaces } = terms.read(template);
    const counts = ofPlaces.map((term) => uses.get(head + term) ?? 0);
    const most = Math.max(...counts);
    const lists: (readonly number[])[] = [];
    for (const share of sharesOfValues) {
      const places = counts.flatMap((count, place) => (count <= Math.max(1, share * most) ? [place] : []));
      const isNew = places.length !== lists.at(-1)?.length;
      if (isNew && places.length > 1 && 2 * places.length <= counts.length) lists.push(places);
    }
    return lists;
  };
}

function collectBuckets<T extends Mergeable>(
  templates: readonly T[],
  terms: Terms,
  listPlaces: ListPlaces,
): readonly Bucket<T>[] {
  const firsts = new Map<number, T>();
  const buckets = new Map<number, { readonly places: readonly number[]; readonly templates: T[] }>();
  for (const template of templates) {
    if (template.words.length > mostWords) continue;
    const { sum, ofPlaces } = terms.read(template);
    for (const places of listPlaces(template)) {
      let key = sum;
      for (const place of places) key += terms.ofGap(place) - (ofPlaces[place] ?? 0);
      const bucket = buckets.get(key);
      const first = firsts.get(key);
      if (bucket) bucket.templates.push(template);
      else if (first) buckets.set(key, { places, templates: [first, template] });
      else firsts.set(key, template);
    }
  }
  return [...buckets.values()].sort((a, b) => b.templates.length - a.templates.length);
}

/** Numbers that stand for a template: equal templates have equal ones, and nearly all others have others. */
interface TermsOfTemplate {
  /** Of the scope and the number of words. */
  readonly head: number;
  /** Of each word at its place. */
  readonly ofPlaces: readonly number[];
  /** All of them added, so that one can be taken away. */
  readonly sum: number;
}

export interface Terms {
  read(template: Mergeable): TermsOfTemplate;
  /** Stands for a place at which any word may be. */
  ofGap(place: number): number;
}

/** Computes each template's terms once, and again when its words have changed. */
export function createTerms(): Terms {
  const hashes = new Map<string, number>();
  const known = new Map<Mergeable, TermsOfTemplate & { readonly words: readonly string[] }>();
  const hash = (text: string) => {
    let value = hashes.get(text);
    if (value === undefined) {
      value = hashOf(text);
      hashes.set(text, value);
    }
    return value;
  };
  return {
    read(template) {
      const { scope, words } = template;
      let terms = known.get(template);
      if (terms?.words !== words) {
        const head = mix(hash(scope), words.length) * 64;
        const ofPlaces = words.map((word, place) => mix(hash(word), place));
        terms = { words, head, ofPlaces, sum: ofPlaces.reduce((sum, term) => sum + term, head) };
        known.set(template, terms);
      }
      return terms;
    },
    ofGap: (place) => mix(hash(''), place + mostWords),
  };
}

/** FNV-1a. */
function hashOf(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/** The finalizer of MurmurHash3, over a hash and a small number. */
function mix(value: number, salt: number): number {
  const once = Math.imul(value ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b);
  return Math.imul(once ^ (once >>> 15), 0xc2b2ae35) >>> 0;
}
