import { sanitizeText } from '../text.ts';

/** Text from outside is data. On top of {@link sanitizeText} this takes away what hides from a person and shows to a model. */

/** Variation selectors and the rest of the special-purpose plane can carry hidden bytes. */
const hiddenCharacter = /[\u{fe00}-\u{fe0f}]|[\u{e0000}-\u{e0fff}]/gu;
const htmlComment = /<!--[\s\S]*?(?:-->|$)/gu;

/** Longest input looked at: sanitising a text of megabytes must not stop a worker. */
const maxInputLength = 200_000;

/** Text as a person would see it, cut to `maxLength` characters with a mark that says how many are missing. */
export function cleanText(text: string, maxLength: number): string {
  const shown = sanitizeText(text.slice(0, maxInputLength)).replace(hiddenCharacter, '').replace(htmlComment, '');
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
