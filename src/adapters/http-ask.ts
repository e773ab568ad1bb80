/** Where an HTTP API is and how to prove oneself to it. */
export interface HttpOptions {
  /** Base URL, with a path where it stands behind one; userinfo becomes basic authentication. */
  readonly url: string;
  /** Resolved when used, so that a rotated token is taken up. */
  readonly bearer?: () => string | Promise<string>;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

/** A whole answer, of whatever status. */
export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  readonly statusText: string;
  readonly body: string;
  /** What `retry-after` asks for. */
  readonly retryAfterMs?: number;
}

/** What came of a request. Each adapter says in its own words what to do about what is no answer. */
export type HttpResult =
  | HttpAnswer
  | { readonly kind: 'too-large'; readonly maxBytes: number }
  | { readonly kind: 'late'; readonly timeoutMs: number; readonly cause: unknown }
  | { readonly kind: 'cut-off'; readonly why: string; readonly cause: unknown };

export interface HttpAsk {
  /** The base URL without credentials and without a slash at its end. */
  readonly root: string;
  /** Asks a path below the root. Never throws but for a bearer token that cannot be had. */
  ask(path: string, query: Readonly<Record<string, string>>): Promise<HttpResult>;
}

const maxBytes = 32_000_000;
/** Longer queries go by POST: proxies cut long URLs. */
const longestUrlQuery = 2_000;

/** The one way in which adapters of read-only HTTP APIs ask: bounded in time and bytes, credentials in headers alone. */
export function createHttpAsk({ url, bearer, timeoutMs = 10_000, fetch: send = fetch }: HttpOptions): HttpAsk {
  const base = new URL(url);
  const userinfo = base.username ? Buffer.from(decodeURIComponent(`${base.username}:${base.password}`)) : undefined;
  base.username = '';
  base.password = '';
  const root = base.href.replace(/\/+$/, '');
  const ask = async (path: string, query: Readonly<Record<string, string>>): Promise<HttpResult> => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (bearer) headers['authorization'] = `Bearer ${await bearer()}`;
    else if (userinfo) headers['authorization'] = `Basic ${userinfo.toString('base64')}`;
    const form = new URLSearchParams(query).toString();
    const isLong = form.length > longestUrlQuery;
    try {
      const response = await send(isLong || form === '' ? `${root}${path}` : `${root}${path}?${form}`, {
        method: isLong ? 'POST' : 'GET',
        headers: isLong ? { ...headers, 'content-type': 'application/x-www-form-urlencoded' } : headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(isLong ? { body: form } : {}),
      });
      return await readAnswer(response);
    } catch (error) {
      return explain(error, timeoutMs);
    }
  };
  return { root, ask };
}

async function readAnswer(response: Response): Promise<HttpResult> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) return { kind: 'too-large', maxBytes };
    chunks.push(chunk);
  }
  const seconds = Number(response.headers.get('retry-after'));
  return {
    kind: 'answer',
    status: response.status,
    statusText: response.statusText,
    body: Buffer.concat(chunks).toString('utf8'),
    ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
  };
}

function explain(error: unknown, timeoutMs: number): HttpResult {
  if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'late', timeoutMs, cause: error };
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return { kind: 'cut-off', why, cause: error };
}

/** JSON, or undefined where the text is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
