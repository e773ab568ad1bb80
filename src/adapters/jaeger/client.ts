import type { z } from 'zod';
import { toOneLine } from '../../domain/text.ts';
import { createHttpAsk, parseJson, type HttpAnswer, type HttpOptions } from '../http-ask.ts';
import { OutsideError } from '../outside-error.ts';
import { envelope } from './answers.ts';

export type Ask = <T>(path: string, query: Record<string, string>, schema: z.ZodType<T>) => Promise<T>;

/** One way to ask Jaeger; every trouble becomes an `OutsideError` that tells the query and what to do. */
export function createAsk(options: HttpOptions): Ask {
  const http = createHttpAsk(options);
  return async (path, query, schema) => {
    const asked = `${path}${query['service'] ? ` of ${toOneLine(query['service'], 200)}` : ''} at ${http.root}`;
    const result = await http.ask(path, query);
    switch (result.kind) {
      case 'answer':
        return readAnswer(result, asked, schema);
      case 'too-large':
        throw trouble(
          'TooLarge',
          `${asked} answers more than ${result.maxBytes / 1e6} MB. Traces so large are not collected; sample them, or put fewer values on their spans.`,
        );
      case 'late':
        throw trouble('TimedOut', `${asked}: no answer within ${result.timeoutMs} ms. Is its storage overloaded?`, {
          retryable: true,
          cause: result.cause,
        });
      case 'cut-off':
        throw trouble(
          'Unreachable',
          `${asked}: ${result.why}. Is the trace server running, and is \`traces.jaeger.url\` right?`,
          { retryable: true, cause: result.cause },
        );
    }
  };
}

function readAnswer<T>(answer: HttpAnswer, asked: string, schema: z.ZodType<T>): T {
  const parsed = envelope.safeParse(parseJson(answer.body));
  const errors = parsed.success ? parsed.data.errors : [];
  const isEmpty = parsed.success && (parsed.data.data === null || parsed.data.data === undefined);
  if (answer.status < 200 || answer.status > 299) {
    throw refusal(answer, asked, errors[0]?.msg ?? answer.body);
  }
  // What it could read beside an error is an answer; an error alone is none.
  if (isEmpty && errors[0]) throw refusal({ ...answer, status: errors[0].code ?? 500 }, asked, errors[0].msg);
  const data = parsed.success ? schema.safeParse(parsed.data.data ?? []) : undefined;
  if (!data?.success) {
    throw trouble(
      'BadAnswer',
      `${asked}: the answer is not of Jaeger's query API. Does \`traces.jaeger.url\` point to it? (VictoriaTraces serves it below /select/jaeger.)`,
    );
  }
  return data.data;
}

function refusal(answer: HttpAnswer, asked: string, why: string): OutsideError {
  const said = `${asked} answered ${answer.status}: ${toOneLine(why, 300) || answer.statusText}`;
  switch (answer.status) {
    case 400:
    case 422:
      return trouble('BadQuery', `${said}. Is \`traces.jaeger.url\` a server of Jaeger's query API?`);
    case 401:
    case 403:
      return trouble('Unauthorized', `${said}. Check \`traces.jaeger.bearer\`.`);
    case 404:
    case 405:
      return trouble('NotFound', `${said}. Does \`traces.jaeger.url\` point to the root of the query API?`);
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
    { system: 'Jaeger', kind, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    { cause },
  );
}
