import { sanitizeText } from '../text.ts';

/** Text from outside is data. On top of {@link sanitizeText} this takes away what hides from a person and shows to a model. */

/** Variation selectors and the rest of the special-purpose plane can carry hidden bytes. */
const hiddenCharacter = /[\u{fe00}-\u{fe0f}]|[\u{e0000}-\u{e0fff}]/gu;
const commentOpening = '<!--';
const commentClosing = '-->';
/** A terminal takes all up to the end of the command (ECMA-48, OSC) for its own, for example as the title of its window. */
const commandOpening = '\u001b]';
/** What a person sees in place of an opening that is shown: it hides nothing wherever the text is rendered. */
const shownOpening = '‹!--';

/** Longest input looked at: sanitising a text of megabytes must not stop a worker. */
const maxInputLength = 200_000;

/**
 * Text as a page would show it, for models: comments of HTML go, and one that is never closed hides nothing. Cut to `maxLength`
 * characters with a mark that says how many are missing.
 */
export function cleanText(text: string, maxLength: number): string {
  return cut(neutraliseComments(dropComments(dropInvisible(text))), maxLength);
}

/** All that was written, for people: an opening comment stays as {@link shownOpening}, and what stands behind it is shown. */
export function showText(text: string, maxLength: number): string {
  return cut(neutraliseComments(dropHidden(text)), maxLength);
}

/** All that was written, for patterns to look at: only characters that no person sees go, also where a terminal would hide more. */
export function dropHidden(text: string): string {
  return dropInvisible(text.replaceAll(commandOpening, ''));
}

function dropInvisible(text: string): string {
  return sanitizeText(text.slice(0, maxInputLength)).replace(hiddenCharacter, '');
}

/** By hand: a pattern would walk to the end of the text for every opening without an end. */
function dropComments(text: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const opening = text.indexOf(commentOpening, from);
    const closing = opening === -1 ? -1 : text.indexOf(commentClosing, opening + commentOpening.length);
    if (closing === -1) return kept + text.slice(from);
    kept += text.slice(from, opening);
    from = closing + commentClosing.length;
  }
}

/** Also what became an opening once a comment within it was dropped. */
function neutraliseComments(text: string): string {
  return text.replaceAll(commentOpening, shownOpening);
}

function cut(shown: string, maxLength: number): string {
  if (shown.length <= maxLength) return shown;
  const kept = shown.slice(0, maxLength).replace(/[\ud800-\udbff]$/u, '');
  return `${kept}… (${shown.length - kept.length} more characters)`;
}

/** {@link cleanText} on one line. */
export function cleanLine(text: string, maxLength: number): string {
  return cleanText(text.replace(/\s+/gu, ' ').trim(), maxLength);
}

/** Every string of a JSON value cleaned, keys included; lists cut to `maxItems`. */
export function cleanValue(value: unknown, maxLength: number, maxItems: number): unknown {
  if (typeof value === 'string') return cleanText(value, maxLength);
  if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => cleanValue(item, maxLength, maxItems));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, maxItems)
      .map(([key, item]) => [cleanLine(key, 200), cleanValue(item, maxLength, maxItems)]),
  );
}
