import { maskMessage } from '../analysis/logs/mask-message.ts';

const longestTemplate = 200;
const placeholder = /<(?:time|uuid|ip|str|path|hex|dur|num)>/g;

/** A message with everything that varies replaced by `<*>`; HTTP statuses stay where they are named as such. */
export function toTemplate(message: string): string {
  const masked = maskMessage(message.replace(/\s+/g, ' ').trim()).replace(placeholder, '<*>');
  // A test that compares two lists of another length is the same failure.
  return masked.replace(/<\*>(?:,? ?<\*>)+/g, '<*>').slice(0, longestTemplate);
}

/** Words that tell one error from another; a template of placeholders alone fits everything. */
export function countWords(template: string): number {
  return template.match(/[A-Za-z]{3,}/g)?.length ?? 0;
}

const namedStatus =
  /(?:\bstatus(?:[ _-]?code)?|\breturned|\bresponded(?: with)?|\banswered|\bHTTP(?:\/\d(?:\.\d)?)?|\bgot|\bcode|\bupstream)[ "'=:(]{0,4}([45]\d\d)\b/i;
/** `502 {"error":…`, `503 Service Unavailable`: a status with a body or its reason phrase (RFC 9110) behind it. */
const answeredStatus =
  /\b([45]\d\d) ?(?:\{|Unauthorized|Forbidden|Not Found|Conflict|Gone|Too Many Requests|Internal Server Error|Not Implemented|Bad Gateway|Service Unavailable|Gateway Time-?out)/i;
const wellStatus = /\b[23]\d\d\b/;
const faultStatus = /\b[45]\d\d\b/;

/** The HTTP status that a message names, or that an assertion has in place of a 2xx or 3xx one (`502 !== 200`). */
export function readStatus(message: string): number | undefined {
  const named = namedStatus.exec(message)?.[1] ?? answeredStatus.exec(message)?.[1];
  if (named !== undefined) return Number(named);
  if (message.length > 300 || !wellStatus.test(message)) return undefined;
  const compared = faultStatus.exec(message)?.[0];
  return compared === undefined ? undefined : Number(compared);
}
