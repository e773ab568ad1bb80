import type { LogLine } from '../../evidence/evidence.ts';
import { isStatus } from './mask-words.ts';

const facetKey = /(^|[._-])(status|status_?code|code|error_?code|err_?code|exception_?type|error_?type|reason)$/i;
const peerKey =
  /(^|[._-])(upstream|peer|target|dependency|callee|remote|destination)([._-]?(name|service|host|addr|address))?$/i;
const statusKey = /(status|code)$/i;
const mostKeys = 5_000;

/** Fields of a line that keep templates apart (status, error type, peer), as `key=value` in the order of the line. */
export type FacetReader = (line: LogLine) => string;

/** Programs write few field names, so what a name means is decided once. */
export function createFacetReader(): FacetReader {
  const known = new Map<string, boolean>();
  const isFacet = (key: string) => {
    let is = known.get(key);
    if (is === undefined) {
      is = facetKey.test(key) || peerKey.test(key);
      if (known.size < mostKeys) known.set(key, is);
    }
    return is;
  };
  return (line) => {
    let text = '';
    for (const key in line.fields) {
      const value = line.fields[key];
      if (value === undefined || !isFacet(key)) continue;
      const shown = String(value);
      if (shown.length <= 60 && !/^[0-9a-f-]{12,}$/.test(shown)) text += `${text === '' ? '' : ' '}${key}=${shown}`;
    }
    return text;
  };
}

/**
 * HTTP status of a failure that a line carries as a field or names in its words.
 * Our own rule; status codes are those of RFC 9110. O(length).
 */
export function readStatus(line: LogLine): number | undefined {
  for (const [key, value] of Object.entries(line.fields)) {
    const status = Number(value);
    if (statusKey.test(key) && Number.isInteger(status) && status >= 400 && status <= 599) return status;
  }
  for (const { 0: number, index } of line.message.matchAll(/\b[45]\d\d\b/g))
    if (isStatus(line.message, index, index + number.length)) return Number(number);
  return undefined;
}
