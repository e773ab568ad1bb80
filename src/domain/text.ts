/**
 * Text that others wrote (log lines, commit messages, alert bodies, sandbox output), made safe to show and to store:
 * terminal escapes, control characters, bidirectional overrides ("Trojan Source", CVE-2021-42574) and invisible characters go.
 */

/** Control characters by which a terminal is steered, with their names in ECMA-48. */
const [bel, esc, csi] = ['\u0007', '\u001b', '\u009b'];
/** ECMA-48 escape sequences: control sequences, operating system commands with their text, and the short ones. */
const terminalEscapes = new RegExp(
  [
    String.raw`(?:${esc}\[|${csi})[0-?]{0,64}[ -/]{0,8}[@-~]`,
    String.raw`${esc}\][^${bel}${esc}]{0,2048}(?:${bel}|${esc}\\)`,
    String.raw`${esc}[ -/]{0,4}[0-~]`,
  ].join('|'),
  'g',
);
const otherControls = /(?![\t\n])\p{Cc}/gu;
const invisibles =
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const needsWork =
  /(?![\t\n])[\p{Cc}\p{Cs}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const loneSurrogates = /\p{Cs}/gu;

/** Keeps line breaks and tabs, drops what is invisible or steers a terminal, and cuts to `maxLength` characters. */
export function sanitizeText(text: string, maxLength = Number.MAX_SAFE_INTEGER): string {
  if (!needsWork.test(text)) return cutText(text, maxLength);
  const clean = text
    .replace(/\r\n?/g, '\n')
    .replace(terminalEscapes, '')
    .replace(invisibles, '')
    .replace(otherControls, '')
    .replace(loneSurrogates, '\ufffd');
  return cutText(clean, maxLength);
}

/** The same on one line, for summaries: 400 characters is the limit of an evidence summary. */
export function toOneLine(text: string, maxLength = 400): string {
  return cutText(sanitizeText(text).replace(/\s+/g, ' ').trim(), maxLength);
}

/** Cuts at a limit without splitting a character, and shows that it did. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const end = /[\ud800-\udbff]/.test(text[maxLength - 2] ?? '') ? maxLength - 2 : maxLength - 1;
  return `${text.slice(0, Math.max(0, end))}…`;
}

/** With a capital at its beginning: what ends one sentence may begin the next. */
export function asSentence(text: string): string {
  return text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());
}

/** `1 line`, `2 lines`: people read summaries. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first of many names, and of the rest the number: `cart, stock, 12 more`. */
export function nameFirst(names: readonly string[], most: number): string {
  const more = names.length - most;
  return [...names.slice(0, most), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
