import type { z } from 'zod';
import { toOneLine } from '../../domain/text.ts';
import { OutsideError } from '../outside-error.ts';
import { envelope } from './answers.ts';

export interface PrometheusOptions {
  /** Base URL, with a path where it stands behind one; userinfo becomes basic authentication. */
  readonly url: string;
  /** Resolved when used, so that a rotated token is taken up. */
  readonly bearer?: () => string | Promise<string>;
  readonly timeoutMs?: number;
  readonly fetch?: typeof fetch;
}

export type Ask = <T>(path: string, query: Record<string, string>, schema: z.ZodType<T>) => Promise<T>;

const maxAnswerBytes = 32_000_000;
/** Longer queries go by POST: proxies cut long URLs. */
const longestUrlQuery = 2_000;

/** One way to ask Prometheus; every trouble becomes an `OutsideError` that tells the query and what to do. */
export function createAsk({ url, bearer, timeoutMs = 10_000, fetch: send = fetch }: PrometheusOptions): Ask {
  const base = new URL(url);
  const userinfo = base.username ? Buffer.from(decodeURIComponent(`${base.username}:${base.password}`)) : undefined;
  base.username = '';
  base.password = '';
  const root = base.href.replace(/\/+$/, '');
  return async (path, query, schema) => {
    const asked = `${path}${query['query'] ? ` of \`${toOneLine(query['query'], 200)}\`` : ''} at ${root}`;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (bearer) headers['authorization'] = `Bearer ${await bearer()}`;
    else if (userinfo) headers['authorization'] = `Basic ${userinfo.toString('base64')}`;
    const form = new URLSearchParams(query).toString();
    const isLong = form.length > longestUrlQuery;
    const target = isLong || form === '' ? `${root}${path}` : `${root}${path}?${form}`;
    try {
      const response = await send(target, {
        method: isLong ? 'POST' : 'GET',
        headers: isLong ? { ...headers, 'content-type': 'application/x-www-form-urlencoded' } : headers,
        signal: AbortSignal.timeout(timeoutMs),
        ...(isLong ? { body: form } : {}),
      });
      return readAnswer(response, await readBounded(response, asked), asked, schema);
    } catch (error) {
      throw asOutsideError(error, asked, timeoutMs);
    }
  };
}

function readAnswer<T>(response: Response, body: string, asked: string, schema: z.ZodType<T>): T {
  const parsed = envelope.safeParse(parseJson(body));
  if (!response.ok || (parsed.success && parsed.data.status === 'error')) {
    const why = parsed.success ? (parsed.data.error ?? parsed.data.errorType ?? '') : body;
    throw refusal(response, asked, toOneLine(why, 300));
  }
  const data = parsed.success ? schema.safeParse(parsed.data.data) : undefined;
  if (!data?.success) {
    throw trouble(
      'BadAnswer',
      `${asked}: the answer is not of the Prometheus API. Does \`prometheus.url\` point to Prometheus?`,
    );
  }
  return data.data;
}

function refusal(response: Response, asked: string, why: string): OutsideError {
  const said = `${asked} answered ${response.status}: ${why || response.statusText}`;
  switch (response.status) {
    case 400:
    case 422:
      return trouble('BadQuery', `${said}. Correct the expression.`);
    case 401:
    case 403:
      return trouble('Unauthorized', `${said}. Check \`prometheus.bearer\`.`);
    case 404:
    case 405:
      return trouble('NotFound', `${said}. Does \`prometheus.url\` point to the root of the Prometheus API?`);
    case 429: {
      const seconds = Number(response.headers.get('retry-after'));
      return trouble('RateLimited', `${said}. It is asked again later.`, {
        retryable: true,
        ...(Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {}),
      });
    }
    default:
      return trouble('Unavailable', `${said}. It may be overloaded or starting.`, { retryable: true });
  }
}

async function readBounded(response: Response, asked: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (!response.body) return '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) {
      throw trouble(
        'TooLarge',
        `${asked} answers more than ${maxAnswerBytes / 1e6} MB. Aggregate with sum by (…) or topk.`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asOutsideError(error: unknown, asked: string, timeoutMs: number): OutsideError {
  if (error instanceof OutsideError) return error;
  if (error instanceof Error && error.name === 'TimeoutError') {
    return trouble('TimedOut', `${asked}: no answer within ${timeoutMs} ms. Is the query too heavy?`, {
      retryable: true,
      cause: error,
    });
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  return trouble('Unreachable', `${asked}: ${why}. Is Prometheus running, and is \`prometheus.url\` right?`, {
    retryable: true,
    cause: error,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function trouble(
  kind: string,
  message: string,
  { retryable = false, retryAfterMs, cause }: { retryable?: boolean; retryAfterMs?: number; cause?: unknown } = {},
): OutsideError {
  return new OutsideError(
    message,
    { system: 'Prometheus', kind, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    { cause },
  );
}
