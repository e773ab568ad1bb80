import { isHost } from './mask-words.ts';
import { variable } from './split-words.ts';
import { createTerms, findBuckets, type Bucket } from './template-buckets.ts';

/** A template that may turn out to be the same as another one. */
export interface Mergeable {
  /** Templates of another scope are never the same. */
  readonly scope: string;
  words: readonly string[];
  /** The punctuation before each word, and one more for what follows the last. */
  separators: readonly string[];
}

export interface MergeOptions<T> {
  /** HTTP statuses never vary, and hosts only where there are many. */
  readonly keepStatusAndHost: boolean;
  /** Told of each template that became another one. */
  readonly onMerge: (from: T, into: T) => void;
}

/** How many different words a place must have seen before it counts as a variable; see {@link mergeTemplates} for where they come from. */
const fewestValues = 3;
/** Where a value is marked as one (`key=value`, `[value]`). */
const fewestMarkedValues = 2;
/** Where little else of the template stays, another word is more likely another event. */
const fewestValuesAlone = 6;
/** A service calls few hosts, and each is a story of its own; more are its clients, or the nodes of a fleet. */
const fewestHosts = 20;
/** Words in capitals are mostly states (`LOOKING`, `GET`) and count less. */
const weightOfCapitals = 0.75;
const fewestConstants = 2;
/** The first word mostly names the event: it takes more words that stay for it to vary, and fewer values the more of them there are. */
const fewestConstantsAfterFirst = 3;
const constantsThatSufficeAfterFirst = 6;
const mostRounds = 8;

/**
 * Merges templates that differ only where the words are values, until nothing changes: where a place saw three different words with all
 * other words equal; where values of `key=value` pairs do; and where templates differ only in words that few others have. This takes the
 * idea of Brain (Yu et al., "Brain: Log Parsing with Bidirectional Parallel Tree", IEEE TSC 2023), that words of a template are frequent
 * together and values are not, from lines to the far fewer masked templates, so that it costs nothing a line.
 *
 * The numbers were chosen on the logs of eight public systems and on generated logs of seventeen others (bench/diagnosis/README.md).
 * O(n · w) for n templates of w words, a round; at most eight rounds.
 */
export function mergeTemplates<T extends Mergeable>(
  templates: readonly T[],
  { keepStatusAndHost, onMerge }: MergeOptions<T>,
): readonly T[] {
  let live = templates;
  const terms = createTerms();
  const isKept = keepStatusAndHost ? holdsStatusOrHost : () => false;
  for (let round = 0; round < mostRounds; round++) {
    const gone = new Set<T>();
    const merge = (into: T, from: T) => {
      gone.add(from);
      onMerge(from, into);
    };
    let isChanged = false;
    for (const bucket of findBuckets(live, terms))
      isChanged = mergeBucket(bucket, { gone, isKept, merge }) || isChanged;
    unify(live, gone, merge);
    if (!isChanged && gone.size === 0) break;
    live = live.filter((template) => !gone.has(template));
  }
  return live;
}

interface Round<T> {
  /** Templates that became others in this round. */
  readonly gone: ReadonlySet<T>;
  readonly isKept: IsKept;
  readonly merge: (into: T, from: T) => void;
}

/** Merges what differs only in values. True where words became variable. */
function mergeBucket<T extends Mergeable>(
  { places, templates }: Bucket<T>,
  { gone, isKept, merge }: Round<T>,
): boolean {
  // A merge in this round may have changed the words of a template since it was put here.
  const [first, ...rest] = templates.filter((template) => !gone.has(template));
  if (!first) return false;
  const same = [first, ...rest.filter((template) => isEqualBut(template, first, places))];
  const differing = places.filter((place) => same.some(({ words }) => words[place] !== first.words[place]));
  const constants = first.words.filter((word, place) => word !== variable && !differing.includes(place)).length;
  const varying = differing.filter((place) => !isKept(same, place) && isValue(same, place, constants));
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

/** True where a place must not vary, whatever words the templates have there. */
type IsKept = (same: readonly Mergeable[], place: number) => boolean;

/** A status is told from values by its form: other numbers have become variable by now. */
function holdsStatusOrHost(same: readonly Mergeable[], place: number): boolean {
  const words = new Set(same.map((template) => template.words[place] ?? ''));
  if (words.has(variable)) return false;
  if ([...words].some((word) => /^\d{3}$/.test(word))) return true;
  return words.size < fewestHosts && same.some((template) => isHostAt(template, place));
}

/** A host by its ending, or where one stands: in a URL, or before a port. */
function isHostAt({ words, separators }: Mergeable, place: number): boolean {
  const word = words[place] ?? '';
  const dots = word.split('.').length - 1;
  if (dots > 0 && isHost(word, 0, word.length, dots)) return true;
  const hasPort = separators[place + 1] === ':' && words[place + 1] === variable;
  return hasPort || separators[place]?.endsWith('://') === true;
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
