/**
 * Which words of a log line vary from one line to the next, by their form alone: no setting of any system. Words are what stands
 * between white space and punctuation other than `. _ - / \ $ @ % + ~`.
 */
export const letter = 1;
export const hexLetter = 2;
export const digit = 4;
export const dot = 8;
export const slash = 16;
export const joiner = 32;
export const delimiter = 64;
export const space = 128;
/** Ends a word. */
export const breaks = delimiter | space;
/** A word without any of these is kept as it is. */
export const telling = digit | dot | slash;

/** Class of each UTF-16 code unit, for loops that cannot afford a call; what is not ASCII is a letter. */
export const charClasses = classify();

function classify(): Uint8Array {
  const table = new Uint8Array(65_536).fill(letter);
  for (let code = 0; code < 128; code++) table[code] = classOfAscii(String.fromCharCode(code));
  return table;
}

function classOfAscii(char: string): number {
  if (char <= ' ') return space;
  if (/[0-9]/.test(char)) return digit;
  if (/[a-fA-F]/.test(char)) return letter | hexLetter;
  if (/[a-zA-Z]/.test(char)) return letter;
  if (char === '.') return dot;
  if (char === '/' || char === '\\') return slash;
  return '_-$@%+~'.includes(char) ? joiner : delimiter;
}

/** Class of a UTF-16 code unit. */
export function classOf(code: number): number {
  return charClasses[code] ?? delimiter;
}

/** `vary`: numbers, ids, addresses, paths; `numbered`: a name with a number in it, of which only the number varies. */
export type Verdict = 'keep' | 'vary' | 'numbered';

/** Top-level domains that hosts in logs end with; a name that begins with one is a package of Java, not a host. */
const domains = new Set('com net org edu gov mil info biz io dev cloud local internal localdomain'.split(' '));
const shortestHex = 6;

/**
 * Judges the word `text[start..end)`. A path, a word of digits, one with digits in several places and one of mostly digits vary; one
 * number in a longer name (`worker-2`, `tty1`) leaves the name, and so it is with hosts where they are kept. O(length).
 */
export function judgeWord(text: string, start: number, end: number, keepHost: boolean): Verdict {
  let digits = 0;
  let runs = 0;
  let letters = 0;
  let hexes = 0;
  let dots = 0;
  let slashes = 0;
  let previous = 0;
  for (let i = start; i < end; i++) {
    const kind = charClasses[text.charCodeAt(i)] ?? delimiter;
    if (kind === digit) {
      digits++;
      if (previous !== digit) runs++;
    } else if ((kind & letter) !== 0) {
      letters++;
      if ((kind & hexLetter) !== 0) hexes++;
    } else if (kind === dot) dots++;
    else if (kind === slash) slashes++;
    previous = kind;
  }
  const startsWithSlash = classOf(text.charCodeAt(start)) === slash;
  if (slashes >= 2 || (slashes === 1 && (dots > 0 || (startsWithSlash && end - start > 1)))) return 'vary';
  if (!keepHost && dots > 0 && letters > 0 && isHost(text, start, end, dots)) return 'vary';
  if (digits === 0) return 'keep';
  if (letters <= 2 || runs >= 2 || digits >= letters) return 'vary';
  if (letters === hexes && letters + digits >= shortestHex) return 'vary';
  // `Session@3f2a1`: the name of an object, and where it lies in memory.
  if (text.slice(start, end).includes('@')) return 'vary';
  // `12ms`, `67KB`: a quantity with its unit.
  if (classOf(text.charCodeAt(start)) === digit && letters <= 3) return 'vary';
  return 'numbered';
}

/** True for a name of hosts by its ending, which has this many dots. */
export function isHost(text: string, start: number, end: number, dots: number): boolean {
  const last = text.slice(text.lastIndexOf('.', end - 1) + 1, end);
  const isDomain = domains.has(last);
  // Two letters are a country, or the ending of a file's name.
  if (!isDomain && (last.length !== 2 || dots < 2)) return false;
  if (domains.has(text.slice(start, text.indexOf('.', start)))) return false;
  // `java.io` is a package, `files.example.io` a host.
  if (isDomain) return last !== 'io' || dots >= 2;
  return /^[a-z][a-z0-9.-]*[a-z]$/.test(text.slice(start, end));
}

/** What a word that varies looks like: two to five digits as of a port or a line, another number, anything else. */
export type Form = 'port' | 'number' | 'name';

/** The form of a word that varies; the words around it are read by it. */
export function formOf(text: string, start: number, end: number): Form {
  if (classOf(text.charCodeAt(start)) !== digit) return 'name';
  if (end - start < 2 || end - start > 5) return 'number';
  for (let i = start + 1; i < end; i++) if (classOf(text.charCodeAt(i)) !== digit) return 'number';
  return 'port';
}

/** End of the word without the full stops and dashes that close it. */
export function trimWord(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && (text.charCodeAt(last - 1) === 46 || text.charCodeAt(last - 1) === 45)) last--;
  return last;
}

/** What announces an HTTP status: `status=503`, `answered with 503`, `HTTP/1.1 503`, `GET https://shop/cart 503`. */
const announcement = new RegExp(
  [
    String.raw`(?:(?<![a-z])(?:(?:status[ _-]?)?code|status|got|upstream|error|return(?:ed|ing)|http(?:\/\d(?:\.\d)?)?`,
    String.raw`(?:answered|responded|replied|failed|ended) with|answered|responded)`,
    String.raw`\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S+ )[ =:("'>-]*$`,
  ].join('|'),
  'i',
);
const longestAnnouncement = 200;

/** True for a number of three digits that something announces as an HTTP status. */
export function isStatus(text: string, start: number, end: number): boolean {
  if (end - start !== 3) return false;
  const first = text.charCodeAt(start);
  if (first < 49 || first > 53 || classOf(text.charCodeAt(start + 1)) !== digit) return false;
  return announcement.test(text.slice(Math.max(0, start - longestAnnouncement), start));
}

/** Where the host of a URL ends whose part behind the scheme's colon is `text[start..end)`; `start` where that is no URL. */
export function endOfUrlHost(text: string, start: number, end: number): number {
  if (text[start - 1] !== ':' || !text.startsWith('//', start)) return start;
  const slash = text.indexOf('/', start + 2);
  const hostEnd = slash < 0 || slash > end ? end : slash;
  return hostEnd === start + 2 ? start : hostEnd;
}
