import { cleanLine, showText } from '../diagnosis/prompt-text.ts';

/** Longest single text in a report; the whole of it lies in the evidence store. */
const maxTextLength = 1_200;

/**
 * Text of outside origin as plain words in Markdown: one line, no markup, HTML, links, images or mentions.
 * CommonMark allows a backslash before every ASCII punctuation; an autolink needs `://` or `www.` unbroken.
 */
export function plain(text: string, maxLength = maxTextLength): string {
  return cleanLine(text, maxLength)
    .replace(/[\\`*_[\]<>|#~!&{}$]/gu, (mark) => `\\${mark}`)
    .replaceAll('://', ':\\//')
    .replace(/\b(www)\./giu, '$1\\.')
    .replaceAll('@', '(at)');
}

/** Text in a code span, safe in a table cell too. */
export function code(text: string, maxLength = 300): string {
  const inner = cleanLine(text, maxLength).replaceAll('`', "'").replaceAll('|', '\\|');
  return inner === '' ? '' : `\`${inner}\``;
}

/** Text in a fenced block whose fence no line of it can close. */
export function block(text: string, maxLength = 20_000): string {
  const inner = showText(text, maxLength);
  const longest = Math.max(2, ...[...inner.matchAll(/`+/gu)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${inner}\n${fence}`;
}

/** A table, or nothing when it has no rows. Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => (cell === '' ? ' ' : cell)).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** `[order-service/logs/1]` behind the sentence that it carries. */
export function cite(evidence: readonly string[]): string {
  return evidence.map((id) => `[${plain(id, 200)}]`).join(' ');
}

/** `2026-11-21 09:41:07` (UTC) of an ISO time; a text that is none stays as it is, made plain. */
export function time(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/u.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 19)}` : plain(iso, 40);
}

/** `1 h 2 min`, `3 min 4 s`, `5.6 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
