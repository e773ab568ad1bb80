import { variable } from './split-words.ts';

/** A template that may turn out to be the same as another one. */
export interface Mergeable {
  /** Templates of another scope are never the same. */
  readonly scope: string;
  words: readonly string[];
  /** The punctuation before each word, and one more for what follows the last. */
  separators: readonly string[];
}

/** How many different words a place must have seen before it counts as a variable; see {@link mergeTemplates} for where they come from. */
const fewestValues = 3;
/** Where a value is marked as one (`key=value`, `[value]`). */
const fewestMarkedValues = 2;
/** Where little else of the template stays, another word is more likely another event. */
const fewestValuesAlone = 6;
/** Words in capitals are mostly states (`LOOKING`, `GET`) and count less. */
const weightOfCapitals = 0.75;
const fewestConstants = 2;
/** The first word mostly names the event: it takes more words that stay for it to vary, and fewer values the more of them there are. */
const fewestConstantsAfterFirst = 3;
const constantsThatSufficeAfterFirst = 6;
/** Of the uses of a template's commonest word, those that a value's may be at most; 0 stands for one use. */
const sharesOfValues = [0, 1 / 8, 1 / 4, 1 / 2];
const longest = 60;
const mostRounds = 8;

/**
 * Merges templates that differ only where the words are values, until nothing changes: where a place saw three different words with all
 * other words equal; where values of `key=value` pairs do; and where templates differ only in words that few others have. This takes the
 * idea of Brain (Yu et al., "Brain: Log Parsing with Bidirectional Parallel Tree", IEEE TSC 2023), that words of a template are frequent
 * together and values are not, from lines to the far fewer masked templates, so that it costs nothing a line.
 *
 * The numbers were chosen on the logs of eight public systems and on generated logs of seventeen others (bench/diagnosis/README.md). O(n · w) for n templates of w words, a round.
 * @param onMerge is told of each template that became another one
 */
export function mergeTemplates<T extends Mergeable>(
  templates: readonly T[],
  onMerge: (from: T, into: T) => void,
): readonly T[] {
  let live = templates;
  const terms = createTerms();
  for (let round = 0; round < mostRounds; round++) {
    const gone = new Set<T>();
    const merge = (into: T, from: T) => {
      gone.add(from);
      onMerge(from, into);
    };
    let isChanged = false;
    for (const listPlaces of [listEachPlace, listValuePlaces, listRarePlaces(live, terms)]) {
      for (const bucket of collectBuckets(live, terms, listPlaces))
        isChanged = mergeBucket(bucket, gone, merge) || isChanged;
    }
    unify(live, gone, merge);
    if (!isChanged && gone.size === 0) break;
    live = live.filter((template) => !gone.has(template));
  }
  return live;
}

/** Templates that are equal but for the words at these places. */
interface Bucket<T> {
  readonly places: readonly number[];
  readonly templates: T[];
}

type ListPlaces = (template: Mergeable) => readonly (readonly number[])[];

function listEachPlace({ words }: Mergeable): readonly (readonly number[])[] {
  return words.map((_, place) => [place]);
}

/** All values of `key=value` at once: a line of many pairs seldom has all but one equal. */
function listValuePlaces({ words, separators }: Mergeable): readonly (readonly number[])[] {
  const places = words.map((_, place) => place).filter((place) => separators[place]?.endsWith('=') === true);
  return places.length > 1 ? [places] : [];
}

/**
 * Words that few other templates have at their place, against the commonest word of the template: names that come and go together. What is few
 * depends on how many names there are, so that several shares are tried.
 */
function listRarePlaces(live: readonly Mergeable[], terms: Terms): ListPlaces {
  const uses = new Map<number, number>();
  const key = (template: Mergeable, place: number) =>
    terms.ofHead(template) + terms.ofWord(template.words[place] ?? '', place);
  for (const template of live) {
    for (let place = 0; place < template.words.length; place++)
      uses.set(key(template, place), (uses.get(key(template, place)) ?? 0) + 1);
  }
  return (template) => {
    const counts = template.words.map((_, place) => uses.get(key(template, place)) ?? 0);
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

/** Numbers for words at places, whose sum stands for a template; what stands for the same is compared word by word before it is merged. */
interface Terms {
  ofWord(word: string, place: number): number;
  /** Of the scope and the number of words. */
  ofHead(template: Mergeable): number;
}

function createTerms(): Terms {
  const known = new Map<string, number>();
  const hash = (text: string) => {
    let value = known.get(text);
    if (value !== undefined) return value;
    // FNV-1a
    value = 0x811c9dc5;
    for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
    known.set(text, value);
    return value;
  };
  const mix = (value: number, salt: number) => {
    const once = Math.imul(value ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b);
    return Math.imul(once ^ (once >>> 15), 0xc2b2ae35) >>> 0;
  };
  return {
    ofWord: (word, place) => mix(hash(word), place),
    ofHead: ({ scope, words }) => mix(hash(scope), words.length) * 64,
  };
}

/** Templates that may be equal but for some places, by those places. O(n · w) for n templates of w words. */
function collectBuckets<T extends Mergeable>(
  live: readonly T[],
  terms: Terms,
  listPlaces: ListPlaces,
): readonly Bucket<T>[] {
  const firsts = new Map<number, T>();
  const buckets = new Map<number, Bucket<T>>();
  for (const template of live) {
    if (template.words.length > longest) continue;
    let sum = terms.ofHead(template);
    template.words.forEach((word, place) => (sum += terms.ofWord(word, place)));
    for (const places of listPlaces(template)) {
      let key = sum;
      for (const place of places)
        key += terms.ofWord('', place + longest) - terms.ofWord(template.words[place] ?? '', place);
      const bucket = buckets.get(key);
      const first = firsts.get(key);
      if (bucket) bucket.templates.push(template);
      else if (first) buckets.set(key, { places, templates: [first, template] });
      else firsts.set(key, template);
    }
  }
  return [...buckets.values()].sort((a, b) => b.templates.length - a.templates.length);
}

function mergeBucket<T extends Mergeable>(
  { places, templates }: Bucket<T>,
  gone: ReadonlySet<T>,
  merge: (into: T, from: T) => void,
): boolean {
  // A merge in this round may have changed the words of a template since it was put here.
  const [first, ...rest] = templates.filter((template) => !gone.has(template));
  if (!first) return false;
  const same = [first, ...rest.filter((template) => isEqualBut(template, first, places))];
  const differing = places.filter((place) => same.some(({ words }) => words[place] !== first.words[place]));
  const constants = first.words.filter((word, place) => word !== variable && !differing.includes(place)).length;
  const varying = differing.filter((place) => isValue(same, place, constants));
  if (varying.length === 0) return false;
  const left = new Set(same);
  for (const template of same) {
    if (!left.has(template)) continue;
    for (const other of left) {
      if (other === template || !isEqualBut(other, template, varying)) continue;
      left.delete(other);
      merge(template, other);
    }
    left.delete(template);
    template.words = template.words.map((word, place) => (varying.includes(place) ? variable : word));
  }
  return true;
}

function isEqualBut(one: Mergeable, other: Mergeable, places: readonly number[]): boolean {
  return (
    one.words.length === other.words.length &&
    one.words.every((word, place) => word === other.words[place] || places.includes(place))
  );
}

function isValue(same: readonly Mergeable[], place: number, constants: number): boolean {
  const [first] = same;
  if (!first || isKey(first, place) || (isEventName(first, place) && constants < fewestConstantsAfterFirst))
    return false;
  const isWide = constants >= (place === 0 ? constantsThatSufficeAfterFirst : fewestConstants);
  const words = new Set(same.map((template) => template.words[place] ?? ''));
  const isKnown = words.delete(variable);
  if (isKnown && isWide && place > 0) return true;
  const capitals = [...words].filter(isCapitals).length;
  const plain = words.size - capitals + (isKnown ? 1 : 0);
  if (isWide && isMarked(first, place)) return plain / fewestMarkedValues + capitals / fewestValues >= 1;
  return plain + weightOfCapitals * capitals >= (isWide ? fewestValues : fewestValuesAlone);
}

/** The first word, unless it stands in brackets, where names do. */
function isEventName({ separators }: Mergeable, place: number): boolean {
  return place === 0 && !/^[([]$/.test(separators[0] ?? '');
}

/** The name of a value, as in `name=value` and `"name":value`: another name is another event. */
function isKey({ separators }: Mergeable, place: number): boolean {
  const behind = separators[place + 1] ?? '';
  return behind.startsWith('=') || behind.startsWith('":');
}

/** `key=value` or `[value]`: programs write values so, and seldom words of their own. */
function isMarked({ separators }: Mergeable, place: number): boolean {
  const before = separators[place] ?? '';
  return before.endsWith('=') || (before.endsWith('[') && separators[place + 1]?.startsWith(']') === true);
}

function isCapitals(word: string): boolean {
  return word === word.toUpperCase() && word !== word.toLowerCase();
}

/** What became variable may stand beside what was so before; then templates may have become equal. */
function unify<T extends Mergeable>(live: readonly T[], gone: ReadonlySet<T>, merge: (into: T, from: T) => void) {
  const known = new Map<string, T>();
  for (const template of live) {
    if (gone.has(template)) continue;
    const isKept = (_: string, place: number) =>
      template.words[place] !== variable || template.words[place - 1] !== variable;
    template.separators = template.separators.filter(isKept);
    template.words = template.words.filter(isKept);
    const key = `${template.scope}\0${template.words.join(' ')}`;
    const other = known.get(key);
    if (other) merge(other, template);
    else known.set(key, template);
  }
}
