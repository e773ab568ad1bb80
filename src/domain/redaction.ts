import { findProviderSecrets, redactAssignments, redactHeaders } from './redaction-rules.ts';

/** Replaces the secrets in a text. Pure and idempotent; apply it after `sanitizeText`, so that nothing hides between characters. */
export type Redact = (text: string) => string;

export interface RedactionOptions {
  /** Values that this process can resolve: tokens, passwords, service secrets. Found raw, JSON-escaped, URL-encoded and in base64. */
  readonly secrets?: readonly string[];
  /** Short keyed mark of a value (for example four hex digits of an HMAC), so that equality survives redaction. */
  readonly mark?: (value: string) => string;
}

/** Shorter values would destroy ordinary words. */
const shortestKnownSecret = 6;

/**
 * Layers 1 to 3 of reference/security.md §6.1: known values, structure, provider prefixes. A secret becomes
 * `[[SECRET:kind]]`, or `[[SECRET:kind:mark]]`. Words about secrets ("token expired", "session lifetime") stay.
 */
export function createRedact(options: RedactionOptions = {}): Redact {
  const known = matchKnownSecrets(options.secrets ?? []);
  const token = (kind: string, value: string) => {
    const mark = options.mark ? `:${options.mark(value)}` : '';
    return `[[SECRET:${kind}${mark}]]`;
  };
  return (text) => {
    if (text.length < shortestKnownSecret) return text;
    const withoutKnown = known ? text.replace(known, (value) => token('known', value)) : text;
    return redactAssignments(findProviderSecrets(redactHeaders(withoutKnown, token), token), token);
  };
}

/** Redacts every string of a JSON value; a string under a key such as `password` or `authorization` goes as a whole. */
export function redactDeep<T>(value: T, redact: Redact): T {
  return redactValue(value, '', redact) as T;
}

/** A field of a structured log line: its key tells what a bare value cannot. */
export function redactField(key: string, value: string, redact: Redact): string {
  if (!sensitiveKey.test(key)) return redact(value);
  const probe = `password="${value.replace(/["\\]/g, '')}"`;
  const redacted = redact(probe);
  return redacted === probe ? redact(value) : redacted.slice('password="'.length, -1);
}

const sensitiveKey =
  /(?:password|passwd|pwd|passphrase|secret|(?:^|[^a-z])token|[a-z]Token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|authorization|cookie|credentials?|session[_-]?id)$/i;

function redactValue(value: unknown, key: string, redact: Redact): unknown {
  if (typeof value === 'string') return key === '' ? redact(value) : redactField(key, value, redact);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, key, redact));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redactValue(item, name, redact)]));
}

/** One pattern over all forms of all known values, longest first so that a part never hides the whole. */
function matchKnownSecrets(secrets: readonly string[]): RegExp | undefined {
  const forms = secrets.filter((secret) => secret.trim().length >= shortestKnownSecret).flatMap(listForms);
  const unique = [...new Set(forms)].sort((a, b) => b.length - a.length);
  if (unique.length === 0) return undefined;
  return new RegExp(unique.map((form) => form.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')).join('|'), 'g');
}

function listForms(secret: string): readonly string[] {
  const value = secret.trim();
  const bytes = new TextEncoder().encode(value);
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value.replace(/[\ud800-\udfff]/g, '')),
    ...[0, 1, 2].map((shift) => encodeShifted(bytes, shift)),
  ].filter((form) => form.length >= shortestKnownSecret);
}

/** The part of the base64 of `<shift bytes>value<anything>` that depends on the value alone. */
function encodeShifted(bytes: Uint8Array, shift: number): string {
  const binary = '\0'.repeat(shift) + Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const whole = btoa(binary).replace(/=+$/, '');
  const start = Math.ceil((shift * 8) / 6);
  const end = Math.floor(((shift + bytes.length) * 8) / 6);
  return whole.slice(start, end);
}
