import { createHash, timingSafeEqual } from 'node:crypto';
import type { PersonSettings, SecretReference, WebhookCredentials } from '../domain/settings.ts';

type ResolveSecret = (reference: SecretReference) => string;

/** Compares digests of equal length and looks at every candidate, so that the time taken tells nothing of the secrets. */
function findMatch(presented: string, candidates: readonly Buffer[]): number {
  const digest = sha256(presented);
  let found = -1;
  candidates.forEach((candidate, index) => {
    if (timingSafeEqual(digest, candidate)) found = index;
  });
  return found;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * A check of a sender's `Authorization` header.
 * @throws when a secret is missing or empty: an empty secret must never verify.
 */
export function createSenderCheck(credentials: WebhookCredentials, resolve: ResolveSecret) {
  const accepted = credentials.bearer.map((reference) => sha256(`bearer ${resolve(reference)}`));
  const { basic } = credentials;
  if (basic) accepted.push(sha256(`basic ${basic.username}:${resolve(basic.password)}`));
  return (authorization: string | undefined): boolean => findMatch(readAuthorization(authorization), accepted) >= 0;
}

/**
 * Tells who shows a person's own bearer token.
 * @throws when a token is missing, or when two people share one: it could not prove who decided.
 */
export function createPersonCheck(people: readonly PersonSettings[], resolve: ResolveSecret) {
  const known = people.flatMap(({ name, token }) =>
    token ? [{ name, digest: sha256(`bearer ${resolve(token)}`) }] : [],
  );
  const digests = known.map((person) => person.digest);
  known.forEach((person, index) => {
    const other = digests.findIndex((digest) => digest.equals(person.digest));
    if (other !== index)
      throw new Error(`${known[other]?.name} and ${person.name} have the same token; give each their own.`);
  });
  return (authorization: string | undefined): string | undefined =>
    known[findMatch(readAuthorization(authorization), digests)]?.name;
}

/** `bearer TOKEN` or `basic user:password`; text that matches nothing when the header is absent or malformed. */
function readAuthorization(header: string | undefined): string {
  const [scheme = '', value = '', ...rest] = (header ?? '').trim().split(/\s+/);
  if (value === '' || rest.length > 0) return '';
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return `bearer ${value}`;
    case 'basic':
      return `basic ${Buffer.from(value, 'base64').toString('utf8')}`;
    default:
      return '';
  }
}
