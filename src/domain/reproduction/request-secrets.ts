/**
 * Credentials in the addresses of requests, told by their names and by their looks. In doubt one is seen where there is none: a
 * parameter that is left out or a request that is not replayed costs little.
 */

/** Words of which a name is made, each whole. `author`, `keyword`, `country` and `passenger` are other words. */
const credentialWord = new RegExp(
  `^(?:${[
    '.*(?:tokens?|secrets?|passwords?|passwds?|passphrases?|passcodes?|credentials?|signatures?|cookies?|assertions?)',
    '.*(?:otps?|bearer|hmac|jwts?|nonce|csrf|xsrf|sess(?:ion)?id)',
    '(?:api|access|secret|private|shared|auth|account|storage|subscription|signing)?keys?',
    '(?:user|db|my|new|old|current|account|auth)?(?:pass|pwd?|pin)',
    '(?:auth|access|grant|verification|invite|recovery|reset|login|oauth)?codes?',
    'auth|authn|authz|authorization|authentication|o?auth\\d?|sessions?|sids?|sig|sign|mac|hash|digest|creds?|saml.*',
    'states?|relaystate|tickets?|pins|mfa|tan|cvv|cvc|verifier|challenge|invitations?|magic|passes',
  ].join('|')})$`,
);

/** Before what proves that somebody may: `/reset-password/…`, `/verify/…`. */
const actionWord =
  /^(?:reset|verify|verification|confirm|confirmation|activate|activation|invite|magic|magiclink|unsubscribe|recover|recovery|onetime)$/;
/** Things that are numbered: `/tickets/17` is no credential. */
const numberedThing = /(?:s|ticket|session|key|state|sign|hash|invite)$/;
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

const shortestSecret = 20;
/** No word of a language is this long, so letters alone are then a token as well. */
const longestWord = 28;
/** How many times a text was encoded at most: once by the client, and again by whatever passed it on. */
const mostDecodings = 3;

/** The text behind its percent-encoding, however often it was encoded; undefined where that cannot be told. */
export function decodeTarget(text: string): string | undefined {
  let decoded = text;
  try {
    for (let times = 0; times < mostDecodings && decoded.includes('%'); times++) decoded = decodeURIComponent(decoded);
  } catch {
    return undefined;
  }
  return decoded.normalize('NFKC');
}

/** `api_key`, `accessToken`, `a[token]`, `SAMLResponse`, `code` (OAuth). */
export function isCredentialName(name: string): boolean {
  const words = name.split(/[^A-Za-z]+|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());
  const joined = words.join('');
  return [...words, joined].some((word) => credentialWord.test(word));
}

/** Whether a parameter of a query (`name=value`, as sent) holds a credential, by its name or by what its value looks like. */
export function isCredentialParameter(parameter: string): boolean {
  const decoded = decodeTarget(parameter.replaceAll('+', ' '));
  if (decoded === undefined) return true;
  const at = decoded.indexOf('=');
  const [name, value] = at < 0 ? [decoded, decoded] : [decoded.slice(0, at), decoded.slice(at + 1)];
  return isCredentialName(name) || looksSecret(name) || looksSecret(value) || nestsCredential(value);
}

/** Whether one of the segments of a path (as sent, without its query) holds a credential. */
export function hasSecretSegment(path: string): boolean {
  const decoded = decodeTarget(path);
  if (decoded === undefined) return true;
  const segments = decoded.split('/');
  return segments.some((segment, at) => {
    const [bare = '', ...parameters] = segment.split(';');
    return (
      looksSecret(segment) ||
      nestsCredential(segment) ||
      parameters.some((one) => isCredentialName(one.split('=')[0] ?? '')) ||
      (at > 0 && isProof(segments[at - 1] ?? '', bare))
    );
  });
}

/** What follows a word of credentials, unless it is the plain name or number of a thing. */
function isProof(before: string, segment: string): boolean {
  const words = before.toLowerCase().split(/[^a-z]+/);
  const tells = isCredentialName(before) || [...words, words.join('')].some((word) => actionWord.test(word));
  if (!tells || segment.length < 4 || /^v\d+$/i.test(segment)) return false;
  if (/^\d+$/.test(segment)) return !numberedThing.test(words.at(-1) ?? '');
  return /\d/.test(segment) || segment.length >= shortestSecret;
}

/** An address or an assignment within a value: `next=/reset?token=…`, `http://name:password@…`. */
function nestsCredential(text: string): boolean {
  if (/\/\/[^/\s@]{0,200}:[^/\s@]{0,200}@/.test(text)) return true;
  return [...text.matchAll(/([A-Za-z][\w.[\]-]{0,60})["']?[=:]/g)].some(([, name = '']) => isCredentialName(name));
}

/** Long and without the look of words or numbers: hex, base64, base32, tokens of any alphabet. Canonical UUIDs name things. */
export function looksSecret(text: string): boolean {
  return (text.match(/[\w+=~-]+/g) ?? []).some((run) => run.length >= shortestSecret && isRandom(run));
}

function isRandom(run: string): boolean {
  if (uuid.test(run)) return false;
  const pieces = run.split(/[^A-Za-z\d]+/).filter((piece) => piece !== '');
  if (pieces.some((piece) => piece.length >= shortestSecret && isRandomPiece(piece))) return true;
  if (pieces.every((piece) => /^(?:\d+|[A-Za-z]?[a-z]*|[A-Z]+)$/.test(piece))) return false;
  const joined = pieces.join('');
  return joined.length >= shortestSecret && changesOf(joined) >= 0.3 * joined.length;
}

function isRandomPiece(piece: string): boolean {
  if (/^\d+$/.test(piece)) return false;
  if (/^[\da-f]+$/i.test(piece)) return true;
  return piece.length >= longestWord || changesOf(piece) >= 0.15 * piece.length;
}

/** How often a small letter, a capital and a digit follow on one another: seldom in words, at every second place by chance. */
function changesOf(text: string): number {
  const kinds = [...text].map((one) => (/\d/.test(one) ? 'digit' : /[A-Z]/.test(one) ? 'capital' : 'small'));
  return kinds.filter((kind, at) => at > 0 && kind !== kinds[at - 1]).length;
}
