/** Writes the token that stands for a secret of a kind. */
export type Token = (kind: string, value: string) => string;

/**
 * Patterns are linear by construction: no nested quantifiers, every run has a limit (reference/security.md §6.3 measured
 * 15 s on a nested quantifier).
 */
const privateKey =
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[\s\S]{0,16000}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g;
const authorization =
  /(authorization\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)(?:(digest|aws4-hmac-sha256|signature|oauth|hawk)\s{1,4}(?:[\w-]{1,40}=(?:\\?"[^"\r\n]{0,2000}"|[^\s,"']{0,2000}),?\s{0,2}){1,30}|(?:(basic|bearer|token|apikey|negotiate|ntlm)\s{1,4})([^\s"',;\\]{4,8192})|([^\s"',;\\]{8,8192}))/gi;
const bearer = /\b(bearer\s{1,4})([\w.~+/=-]{8,8192})/gi;
const basic = /\b(basic\s{1,4})([A-Za-z0-9+/]{8,4096}={0,2})(?![\w-])/gi;
const cookies =
  /((?:set-)?cookie\\?["']?\s{0,4}[:=]\s{0,4}\\?["']?)([\w.-]{1,128}=[^;\s"'\\]{0,4096}(?:;\s{0,2}[\w.-]{1,128}(?:=[^;"'\\\r\n]{0,4096})?){0,60})/gi;
const cookieAttribute = /^(?:path|domain|expires|max-age|samesite|secure|httponly|priority|partitioned)$/i;
const urlPassword = /([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s/:@"'<>?#[\]]{0,256}):([^\s/"'<>]{1,512})@/gi;
const urlToken = /([a-z][a-z0-9+.-]{1,20}:\/\/)([^\s/:@"'<>?#[\]]{8,512})@/gi;

/** Header values, URL userinfo and key blocks: what is secret by where it stands. */
export function redactHeaders(text: string, token: Token): string {
  let result = text;
  if (result.includes('PRIVATE KEY')) {
    // Its line breaks stay: what follows in a source file keeps its line number.
    result = result.replace(privateKey, (value) => token('private-key', value) + value.replace(/[^\n]+/g, ''));
  }
  if (/authorization/i.test(result)) {
    result = result.replace(
      authorization,
      (all, head: string, longScheme?: string, scheme?: string, value?: string, bare?: string) => {
        if (isPlaceholder(value ?? bare ?? '')) return all;
        if (longScheme) return `${head}${longScheme} ${token('authorization', all)}`;
        if (scheme && value && (looksSecret(value) || value.length >= 16)) {
          return `${head}${scheme} ${token('authorization', value)}`;
        }
        return bare && looksSecret(bare) ? `${head}${token('authorization', bare)}` : all;
      },
    );
  }
  if (/bearer/i.test(result)) {
    result = result.replace(bearer, (all, head: string, value: string) =>
      looksSecret(value) ? `${head}${token('bearer', value)}` : all,
    );
  }
  if (/basic/i.test(result)) {
    result = result.replace(basic, (all, head: string, value: string) =>
      looksSecret(value) ? `${head}${token('basic', value)}` : all,
    );
  }
  if (/cookie/i.test(result)) {
    result = result.replace(cookies, (_all, head: string, pairs: string) => head + redactCookies(pairs, token));
  }
  if (!result.includes('://')) return result;
  return result
    .replace(urlPassword, (all, scheme: string, user: string, password: string) =>
      isPlaceholder(password) ? all : `${scheme}${user}:${token('url-password', password)}@`,
    )
    .replace(urlToken, (all, scheme: string, value: string) =>
      looksSecret(value) && !isPlaceholder(value) ? `${scheme}${token('url-token', value)}@` : all,
    );
}

/** Names and attributes stay: a cookie's lifetime is often the very thing that broke. */
function redactCookies(pairs: string, token: Token): string {
  return pairs
    .split(';')
    .map((pair) => {
      const [, name = '', value = ''] = /^\s*([^=]*)=?([\s\S]*)$/.exec(pair) ?? [];
      if (value === '' || cookieAttribute.test(name.trim()) || isPlaceholder(value)) return pair;
      return `${pair.slice(0, pair.indexOf('=') + 1)}${token('cookie', value)}`;
    })
    .join(';');
}

const providers: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ['jwt', /\beyJ[\w-]{8,4096}\.[\w-]{8,8192}(?:\.[\w-]{0,4096})?/g],
  ['aws-key-id', /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/g],
  ['github-token', /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255})/g],
  ['gitlab-token', /\bgl(?:pat|ptt|rt|dt|cbt)-[\w-]{16,128}/g],
  ['slack-token', /\bxox[abeoprs]-[\w-]{10,255}|\bxapp-[\w-]{10,255}/g],
  ['slack-webhook', /hooks\.slack\.com\/(?:services|workflows|triggers)\/[\w/-]{10,255}/g],
  ['discord-webhook', /discord(?:app)?\.com\/api\/webhooks\/\d{5,25}\/[\w-]{20,255}/g],
  ['anthropic-key', /\bsk-ant-[\w-]{10,255}/g],
  ['openai-key', /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9][\w-]{19,255}/g],
  ['stripe-key', /\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,255}|\bwhsec_[A-Za-z0-9+/=]{16,255}/g],
  ['google-key', /\bAIza[\w-]{35}|\bya29\.[\w-]{20,1024}|\bGOCSPX-[\w-]{20,64}/g],
  ['npm-token', /\bnpm_[A-Za-z0-9]{36}/g],
  ['pypi-token', /\bpypi-AgE[\w-]{50,1024}/g],
  ['sendgrid-key', /\bSG\.[\w-]{16,32}\.[\w-]{16,64}/g],
  ['huggingface-token', /\bhf_[A-Za-z]{30,64}\b/g],
  ['digitalocean-token', /\bdo[opr]_v1_[a-f0-9]{64}/g],
  ['grafana-token', /\bgl(?:c|sa)_[\w+/=]{20,400}/g],
  ['vault-token', /\bhv[sbr]\.[\w-]{20,255}/g],
];
const providerHint =
  /eyJ|AKIA|ASIA|ABIA|ACCA|gh[pousr]_|github_pat_|gl[a-z]{1,3}[-_]|xox|xapp-|hooks\.slack|webhooks|sk-|_live_|_test_|whsec_|AIza|ya29|GOCSPX|npm_|pypi-|SG\.|hf_|_v1_|hv[sbr]\./;

/** Values that their issuer's prefix gives away. */
export function findProviderSecrets(text: string, token: Token): string {
  if (!providerHint.test(text)) return text;
  return providers.reduce((result, [kind, pattern]) => result.replace(pattern, (value) => token(kind, value)), text);
}

const assignment =
  /(passwords?|passwd|pwd|passphrase|passcode|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|secret[_-]?key|private[_-]?key|account[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|session[_-]?id|x-amz-signature|sig(?:nature)?|sasl\.jaas\.config)(\\?["'`]?\]?)([ \t]{0,4})(=>|:=|=(?![=>~])|:(?!:))([ \t]{0,4})(?:(\\?["'`])((?:(?!\6)[^\r\n]){0,4096}?)\6|([^\s"'`&,;)}\]<>\\|]{1,4096}))/gi;
const assignmentHint = /pass|pwd|secret|token|key|credential|session|sig/i;
const always = /^(?:passw|pwd|passphrase|passcode|.*secret|private|account|signing|encryption|access)/i;
const strict = /^(?:credential|session|sig|x-amz)/i;

/** `password=…`, `"token": "…"`, `apiKey: '…'`: the key must end in the word, so `tokenLifetime=3600` stays. */
export function redactAssignments(text: string, token: Token): string {
  if (!assignmentHint.test(text)) return text;
  return text.replace(
    assignment,
    (
      all: string,
      word: string,
      close: string,
      before: string,
      separator: string,
      after: string,
      quote: string | undefined,
      quoted: string | undefined,
      bare: string | undefined,
      offset: number,
    ) => {
      const value = quoted ?? bare ?? '';
      const next = text[offset + all.length] ?? '';
      const isSecret =
        quote === undefined
          ? isBareSecret({
              word,
              separator,
              isSpaced: before !== '' || after !== '',
              isKeyQuoted: close !== '',
              value,
              next,
            })
          : isQuotedSecret(word, value);
      if (!isSecret) return all;
      const mark = quote ?? '';
      return `${word}${close}${before}${separator}${after}${mark}${token(word.toLowerCase().replace(/[^a-z]+/g, '-'), value)}${mark}`;
    },
  );
}

function isQuotedSecret(word: string, value: string): boolean {
  if (value.length < 2 || isPlaceholder(value) || isStateWord(value)) return false;
  if (always.test(word)) return !/^[a-z][a-z'’]*(?: [a-z'’]+){1,12}[.!]?$/i.test(value);
  if (strict.test(word)) return looksSecret(value);
  return !/\s/.test(value);
}

interface BareValue {
  readonly word: string;
  readonly separator: string;
  readonly isSpaced: boolean;
  readonly isKeyQuoted: boolean;
  readonly value: string;
  readonly next: string;
}

/** An unquoted value may be prose ("invalid token: expired") or code (`token = await read()`); only what looks secret goes. */
function isBareSecret({ word, separator, isSpaced, isKeyQuoted, value, next }: BareValue): boolean {
  if (isPlaceholder(value) || isStateWord(value) || isCode(value, next)) return false;
  if (/^pwd$/i.test(word) && /^[/~.]/.test(value)) return false;
  if (strict.test(word) || separator === '=>') return looksSecret(value);
  if (separator === ':' && (isSpaced || !isKeyQuoted)) return looksSecret(value);
  if (isSpaced) return looksSecret(value);
  return always.test(word) ? value.length >= 2 : value.length >= 6;
}

/** Calls, property paths, comparisons and interpolations are code about secrets, which a diagnosis needs to read. */
function isCode(value: string, next: string): boolean {
  return (
    /[({[]/.test(value) ||
    /^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+$/.test(value) ||
    (next === '(' && /^\w+$/.test(value))
  );
}

function isPlaceholder(value: string): boolean {
  return /^(?:\[\[SECRET|\[?redacted|\*{3,}|x{4,}$|\.{3}|…|<|\$\{|\$\(|\{\{|\$[A-Z_]+$|%[sdv{(]|%\w{1,40}%$)/i.test(
    value,
  );
}

function isStateWord(value: string): boolean {
  return /^(?:true|false|null|nil|none|undefined|yes|no|ok|expired|invalid|missing|required|valid|revoked|refreshed|absent|present|unknown|denied|empty|unset|set|rejected|accepted|failed|string|number|str|bytes|(?:new|old|the|this)?_?(?:token|password|secret|api_?key))$/i.test(
    value,
  );
}

/** Long enough, and no word: letters with digits, or a run of mixed case and symbols. */
export function looksSecret(value: string): boolean {
  if (value.length < 8 || isPlaceholder(value)) return false;
  if (/^(?:\d{1,4}[-/:T.]?){2,8}(?:Z|ms|s)?$/.test(value) || /^[\d.]+(?:ms|s|m|h|d|kb|mb|gb|b|%)?$/i.test(value))
    return false;
  if (/^[a-z]+(?:[-_.][a-z]+)*[-_.]?v?\d{1,3}$/i.test(value) && value.length < 20) return false;
  return /\d/.test(value) && /[a-z]/i.test(value);
}
