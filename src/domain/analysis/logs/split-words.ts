import {
  breaks,
  classOf,
  delimiter,
  endOfUrlHost,
  formOf,
  isStatus,
  judgeWord,
  trimWord,
  type Form,
} from './mask-words.ts';

/** A word that varies. */
export const variable = '<*>';

/** A line as a template is made of it: its words, what varies replaced, and the punctuation before each. */
export interface SplitLine {
  readonly words: readonly string[];
  /** As many as there are words, and one more for what follows the last. */
  readonly separators: readonly string[];
}

/** Behind a number these belong to it: `12 ms`, `3 KB`, `5:01 PM`, `10:00 UTC`. */
const units = new Set(
  (
    'bytes byte b k kb mb gb tb kib mib gib sec secs second seconds s ms msec msecs millisecond milliseconds us usec ns min mins ' +
    'minute minutes hour hours hr hrs day days am pm gmt utc est edt cet cest pst pdt mhz ghz khz hz'
  ).split(' '),
);
const dates = new Set('mon tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec'.split(' '));
const literals = new Set('true false null True False Null TRUE FALSE NULL'.split(' '));
/** Addresses of network cards and of IPv6: groups of them may be letters alone. */
const colonAddress = /(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,15}[0-9a-fA-F]{1,4}(?!\w)/g;
/** Names under which logfmt and JSON lines carry the text (slog, zap, logrus, pino, Bunyan, ECS, journald) and what went wrong. */
const messageKeys = new Set('msg message MESSAGE err error reason event log'.split(' '));
const quote = 34;
/** Between two words that vary these make one of them: a list, a range. Behind a colon another value begins, until templates are merged. */
const joins = /^[\s,;.|#\-/<{+*]*$/;
/** `3214 bytes (3.1 KB)`: a quantity told twice. */
const joinsQuantity = / \($/;

/**
 * Splits a line into words and masks what varies: by form ({@link judgeWord}), literals, quoted values, hosts with a port, weekdays and months
 * before a number, units behind one; runs of what varies become one word, so that lists of any length meet. The rules are those that
 * Khan et al. ("Guidelines for assessing the accuracy of log message template identification techniques", ICSE 2022) apply to right the
 * templates of public data sets. O(length).
 * @param keepStatusAndHost HTTP statuses and hosts stay words
 */
export function splitLine(written: string, keepStatusAndHost: boolean): SplitLine {
  const text = written.replace(colonAddress, '0:0');
  const line: Draft = { words: [], separators: [], separator: '', isQuantity: false, keepStatusAndHost };
  const length = text.length;
  let i = 0;
  while (i < length) {
    const code = text.charCodeAt(i);
    if ((classOf(code) & breaks) !== 0) {
      const closing = code === quote && isValueNext(line) ? text.indexOf('"', i + 1) : -1;
      if (classOf(code) === delimiter) line.separator += text.charAt(i);
      else if (!line.separator.endsWith(' ')) line.separator += ' ';
      i = closing < 0 ? i + 1 : closing;
      if (closing >= 0) {
        addVariable(line, 'name');
        line.separator += '"';
        i++;
      }
      continue;
    }
    const start = i;
    while (i < length && (classOf(text.charCodeAt(i)) & breaks) === 0) i++;
    const end = trimWord(text, start, i);
    if (end > start) addWord(line, text, start, end);
    line.separator += text.slice(end, i);
  }
  return { words: line.words, separators: [...line.separators, line.separator] };
}

/** A quoted value follows its key; the one of a message is what the line says. */
function isValueNext({ separator, words }: Draft): boolean {
  return /[=:] ?$/.test(separator) && !messageKeys.has(words.at(-1) ?? '');
}

interface Draft {
  readonly words: string[];
  readonly separators: string[];
  /** What has been read since the last word. */
  separator: string;
  /** The last word is a number with its unit. */
  isQuantity: boolean;
  readonly keepStatusAndHost: boolean;
}

function addWord(line: Draft, text: string, start: number, end: number) {
  const { keepStatusAndHost } = line;
  const hostEnd = keepStatusAndHost ? endOfUrlHost(text, start, end) : start;
  if (hostEnd > start) return addUrl(line, text, start, hostEnd, end);
  const word = text.slice(start, end);
  const isKept = keepStatusAndHost && isStatus(text, start, end);
  const verdict = isKept ? 'keep' : judgeWord(text, start, end, keepStatusAndHost);
  const previous = line.words.at(-1);
  if (verdict === 'vary') return addVariable(line, formOf(text, start, end));
  if (previous !== undefined && literals.has(word)) return addVariable(line, 'name');
  if (previous === variable && /^ ?\(?$/.test(line.separator) && units.has(word.toLowerCase())) {
    line.separator = '';
    line.isQuantity = true;
    return;
  }
  const kept = verdict === 'numbered' ? word.replace(/\d+/, '#') : word;
  // `node-1, node-2, node-3` is a list too.
  if (verdict === 'numbered' && kept === previous && joins.test(line.separator)) line.separator = '';
  else pushWord(line, kept);
}

/** `https://shop.example/cart/17`: the host stays, the path varies. */
function addUrl(line: Draft, text: string, start: number, hostEnd: number, end: number) {
  line.separator += '//';
  addWord(line, text, start + 2, hostEnd);
  if (hostEnd === end) return;
  line.separator += '/';
  addVariable(line, 'name');
}

function addVariable(line: Draft, form: Form) {
  // `db.example:5432`, `Shop.java:41`
  if (form === 'port' && !line.keepStatusAndHost && line.separator === ':' && line.words.at(-1)?.includes('.') === true)
    dropWord(line);
  while (form !== 'name' && /^,? $/.test(line.separator) && dates.has(line.words.at(-1)?.toLowerCase() ?? ''))
    dropWord(line);
  // `source=WorkSource{10113}` is one value, as `source=null` is.
  if (line.separator === '{' && line.separators.at(-1)?.endsWith('=') === true) dropWord(line);
  const isJoined = joins.test(line.separator) || (line.isQuantity && joinsQuantity.test(line.separator));
  if (line.words.at(-1) === variable && isJoined) line.separator = '';
  else pushWord(line, variable);
}

function dropWord(line: Draft) {
  line.words.pop();
  line.separator = line.separators.pop() ?? '';
}

function pushWord(line: Draft, word: string) {
  line.words.push(word);
  line.separators.push(line.separator);
  line.separator = '';
  line.isQuantity = false;
}
