import {
  breaks,
  charClasses,
  classOf,
  digit,
  endOfUrlHost,
  formOf,
  isStatus,
  judgeWord,
  letter,
  slash,
  telling,
  trimWord,
} from './mask-words.ts';

/** What stands for a word that varies, by its form. */
const marks = { port: '\u0000', number: '\u0001', name: '\u0002' };

/**
 * A key of a line with what varies taken out, in one pass over its characters. Lines of the same key have the same words by
 * {@link ./split-words.ts}, so nearly every line of a log costs this pass and one look-up. Finer than those words: that is no harm.
 * Our own rule, for speed alone. O(length).
 */
export function maskLine(text: string, keepStatusAndHost: boolean): string {
  let key = '';
  let copied = 0;
  let start = 0;
  let seen = 0;
  const length = text.length;
  for (let i = 0; i <= length; i++) {
    const kind = i < length ? (charClasses[text.charCodeAt(i)] ?? breaks) : breaks;
    if ((kind & breaks) === 0) {
      seen |= kind;
      continue;
    }
    if ((seen & telling) !== 0) {
      const end = trimWord(text, start, i);
      // Most of what varies has neither letters nor slashes, and needs no closer look.
      const isNumber = (seen & (letter | slash | digit)) === digit;
      const isKept = isNumber && keepStatusAndHost && isStatus(text, start, end);
      const verdict = isKept ? 'keep' : isNumber ? 'vary' : judgeWord(text, start, end, keepStatusAndHost);
      const hostEnd = keepStatusAndHost ? endOfUrlHost(text, start, end) : start;
      if (hostEnd > start) {
        key += text.slice(copied, hostEnd) + (hostEnd < end ? marks.name : '');
        copied = end;
      } else if (verdict === 'vary') {
        key += text.slice(copied, start) + marks[formOf(text, start, end)];
        copied = end;
      } else if (verdict === 'numbered') {
        let from = start;
        while (classOf(text.charCodeAt(from)) !== digit) from++;
        key += text.slice(copied, from) + marks.number;
        while (from < end && classOf(text.charCodeAt(from)) === digit) from++;
        copied = from;
      }
    }
    seen = 0;
    start = i + 1;
  }
  return copied === 0 ? text : key + text.slice(copied);
}
