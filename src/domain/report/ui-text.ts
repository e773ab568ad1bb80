import { plain } from './report-markdown.ts';
import { sanitizeText } from '../text.ts';

/**
 * Texts for the Temporal UI. It renders Markdown with gomarkdown, which wants an empty line before a list, keeps single
 * line breaks, lets HTML through and makes links of bare addresses; so text of outside origin goes through {@link inline}.
 */

/** The server takes 400 bytes of summary (`limit.userMetadataSummarySize`), counted on the encoded payload. */
const maxSummaryBytes = 380;
const maxSummaryLength = 180;
/** The server takes 20,000 bytes of details, counted likewise. */
const maxDetailsBytes = 18_000;

/** One line for a run, an activity, a timer or a child. It never exceeds what the server takes, whatever the text holds. */
export function summaryLine(text: string): string {
  const clean = compact(sanitizeText(text).replace(/\s+/gu, ' ').trim());
  let kept = '';
  let bytes = 0;
  for (const character of clean) {
    bytes += encodedBytes(character);
    if (kept.length + character.length > maxSummaryLength || bytes > maxSummaryBytes) return `${kept}…`;
    kept += character;
  }
  return kept;
}

/** Sections of a page in the order of their weight, as many as the server takes; what was left out is said. */
export function detailsOf(sections: readonly string[]): string {
  const kept: string[] = [];
  let bytes = 0;
  let left = 0;
  for (const section of sections.filter((text) => text !== '')) {
    const size = encodedBytes(section) + 4;
    if (bytes + size > maxDetailsBytes) {
      left += 1;
      continue;
    }
    bytes += size;
    kept.push(section);
  }
  if (left > 0) kept.push('*This page has room for no more; the report and the* `state` *query tell the rest.*');
  return kept.join('\n\n');
}

/** UTF-8 bytes of a text inside a JSON string. */
function encodedBytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20) bytes += point === 0x0a ? 2 : 6;
    else if (point < 0x80) bytes += character === '"' || character === '\\' ? 2 : 1;
    else bytes += point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Revisions and digests by their first twelve digits, times by their clock, commands so that they wrap: people read these lines. */
export function compact(text: string): string {
  return text
    .replaceAll('","', '", "')
    .replace(/\b([0-9a-f]{12})[0-9a-f]{28,52}\b/gu, '$1')
    .replace(/\b\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)(?:\.\d+)?Z/gu, '$1');
}

/** Text of outside origin inside a line of Markdown: no markup, no HTML, no links, nothing that opens a block. */
export function inline(text: string, maxLength = 400): string {
  return (
    plain(compact(text), maxLength)
      // A slash cannot be escaped in gomarkdown, a colon can.
      .replaceAll(':\\//', '\\://')
      .replace(/^([-+=])/u, '\\$1')
      .replace(/^(\d+)([.)])/u, '$1\\$2')
  );
}

/** A section with its heading, or nothing when it has no body. */
export function section(heading: string, ...blocks: readonly string[]): string {
  const body = blocks.filter((text) => text !== '').join('\n\n');
  return body === '' ? '' : `### ${heading}\n${body}`;
}

export function bullets(items: readonly string[], most = 12): string {
  const shown = items.slice(0, most).map((item) => `- ${item}`);
  const more = items.length > most ? [`- and ${items.length - most} more`] : [];
  return [...shown, ...more].join('\n');
}

/** The UI gives cells no padding, so each brings its own. */
export function spacedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => `${cell}\u00a0\u00a0\u00a0`).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** `13:55:02 UTC` of an ISO time. */
export function clock(iso: string): string {
  return `${compact(iso)} UTC`;
}

/** `13:55:02 UTC on 2026-11-21`, where a day may lie between. */
export function clockAndDay(iso: string): string {
  return `${clock(iso)} on ${iso.slice(0, 10)}`;
}
