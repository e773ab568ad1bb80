/** Text from outside is data. These functions take away what could make it look like anything else to a model or a person. */

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const ansiSequence = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/gu;
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controlCharacter = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/gu;
/** Bidirectional overrides, zero-width characters, soft hyphen, variation selectors, and the tag block that hides text. */
const invisibleCharacter =
  // eslint-disable-next-line no-misleading-character-class -- each of them is meant by itself
  /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
const loneSurrogate = /\p{Surrogate}/gu;
const htmlComment = /<!--[\s\S]*?(?:-->|$)/gu;

/** Longest input looked at: sanitising a text of megabytes must not stop a worker. */
const maxInputLength = 200_000;

/**
 * Text as a person would see it: no terminal sequences, no control, bidirectional or invisible characters, no HTML comments,
 * cut to `maxLength` characters with a mark that says how many are missing.
 */
export function cleanText(text: string, maxLength: number): string {
  const cleaned = text
    .slice(0, maxInputLength)
    .replace(/\r\n?/gu, '\n')
    .replace(ansiSequence, '')
    .replace(controlCharacter, ' ')
    .replace(invisibleCharacter, '')
    .replace(loneSurrogate, '\ufffd')
    .replace(htmlComment, '');
  return cutText(cleaned, maxLength);
}

/** {@link cleanText} on one line. */
export function cleanLine(text: string, maxLength: number): string {
  return cutText(
    cleanText(text, maxLength * 2)
      .replace(/\s+/gu, ' ')
      .trim(),
    maxLength,
  );
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

function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const kept = text.slice(0, maxLength).replace(loneSurrogate, '');
  return `${kept}… (${text.length - kept.length} more characters)`;
}
