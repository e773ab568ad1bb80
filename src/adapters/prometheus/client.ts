import type { z } from 'zod';
import { toOneLine } from '../../domain/text.ts';
import { createHttpAsk, parseJson, type HttpAnswer, type HttpOptions } from '../http-ask.ts';
import { OutsideError } from '../outside-error.ts';
import { envelope } from './answers.ts';

export type PrometheusOptions = HttpOptions;

export type Ask = <T>(path: string, query: Record<string, string>, schema: z.ZodType<T>) => Promise<T>;

/** One way to ask Prometheus; every trouble becomes an `OutsideError` that tells the query and what to do. */
export function createAsk(options: PrometheusOptions): Ask {
  const http = createHttpAsk(options);
  return async (path, query, schema) => {
    const asked = `${path}${query['query'] ? ` of \`${toOneLine(query['query'], 200)}\`` : ''} at ${http.root}`;
    const result = await http.ask(path, query);
    switch (result.kind) {
      case 'answer':
        return readAnswer(result, asked, schema);
      case 'too-large':
        throw trouble(
          'TooLarge',
          `${asked} answers more than ${result.maxBytes / 1e6} MB. Aggregate with sum by (…) or topk.`,
        );
      case 'late':
        throw trouble('TimedOut', `${asked}: no answer within ${result.timeoutMs} ms. Is the query too heavy?`, {
          retryable: true,
          cause: result.cause,
        });
      case 'cut-off':
        throw trouble(
          'Unreachable',
          `${asked}: ${result.why}. Is Prometheus running, and is \`prometheus.url\` right?`,
          {
            retryable: true,
            cause: result.cause,
          },
        );
    }
  };
}

function readAnswer<T>(answer: HttpAnswer, asked: string, schema: z.ZodType<T>): T {
  const parsed = envelope.safeParse(parseJson(answer.body));
  const isOk = answer.status >= 200 && answer.status < 300;
  if (!isOk || (parsed.success && parsed.data.status === 'error')) {
    const why = parsed.success ? (parsed.data.error ?? parsed.data.errorType ?? '') : answer.body;
    throw refusal(answer, asked, toOneLine(why, 300));
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

function refusal(answer: HttpAnswer, asked: string, why: string): OutsideError {
  const said = `${asked} answered ${answer.status}: ${why || answer.statusText}`;
  switch (answer.status) {
    case 400:
    case 422:
      return trouble('BadQuery', `${said}. Correct the expression.`);
    case 401:
    case 403:
      return trouble('Unauthorized', `${said}. Check \`prometheus.bearer\`.`);
    case 404:
    case 405:
      return trouble('NotFound', `${said}. Does \`prometheus.url\` point to the root of the Prometheus API?`);
    case 429:
      return trouble('RateLimited', `${said}. It is asked again later.`, {
        retryable: true,
        ...(answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }),
      });
    default:
      return trouble('Unavailable', `${said}. It may be overloaded or starting.`, { retryable: true });
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
