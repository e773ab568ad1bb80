import Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { OutsideError } from '../outside-error.ts';

/** One call of the Messages API. */
export type CreateMessage = (
  request: Anthropic.MessageCreateParamsNonStreaming,
  signal?: AbortSignal,
) => Promise<Anthropic.Message>;

export interface MessagesOptions {
  readonly apiKey: string;
  readonly baseUrl?: string;
  readonly timeoutMs: number;
}

/**
 * The Messages API through the SDK, with its own retries off: Temporal retries, and one place counts what is paid.
 * @throws OutsideError with system `Anthropic`; the message never holds the key.
 */
export function createMessages(options: MessagesOptions): CreateMessage {
  const client = new Anthropic({
    apiKey: options.apiKey,
    authToken: null,
    ...(options.baseUrl === undefined ? {} : { baseURL: options.baseUrl }),
    timeout: options.timeoutMs,
    maxRetries: 0,
    logLevel: 'off',
  });
  return async (request, signal) => {
    // The SDK's own limit ends with the headers of the answer: a body that stalls would hold the step.
    const deadline = AbortSignal.timeout(options.timeoutMs);
    try {
      return await client.messages.create(request, { signal: signal ? AbortSignal.any([signal, deadline]) : deadline });
    } catch (error) {
      // While a body is read the SDK passes on whatever the abort made of it.
      const told = signal?.aborted
        ? new Anthropic.APIUserAbortError()
        : deadline.aborted
          ? new Anthropic.APIConnectionTimeoutError()
          : error;
      throw toOutsideError(told, request.model, options.apiKey);
    }
  };
}

interface Kind {
  readonly kind: string;
  readonly retryable: boolean;
  readonly advice: string;
}

/** By HTTP status: https://platform.claude.com/docs/en/api/errors */
const kinds: Readonly<Record<number, Kind>> = {
  400: { kind: 'BadRequest', retryable: false, advice: 'Check that `engine.model` names a model that takes tools.' },
  401: { kind: 'Unauthorized', retryable: false, advice: 'Check ANTHROPIC_API_KEY.' },
  402: { kind: 'PaymentRequired', retryable: false, advice: 'Check the credit of the Anthropic account.' },
  403: {
    kind: 'Forbidden',
    retryable: false,
    advice: 'The key may not use this model; check `engine.model` and the key.',
  },
  404: { kind: 'NotFound', retryable: false, advice: 'Check `engine.model` and `engine.baseUrl`.' },
  408: { kind: 'Timeout', retryable: true, advice: 'That may pass by itself.' },
  409: { kind: 'Conflict', retryable: true, advice: 'That may pass by itself.' },
  413: { kind: 'TooLarge', retryable: false, advice: 'The request is too large for the model.' },
  422: { kind: 'BadRequest', retryable: false, advice: 'Check that `engine.model` names a model that takes tools.' },
  429: { kind: 'RateLimited', retryable: true, advice: 'The limit of the account was reached; that passes by itself.' },
  504: { kind: 'Timeout', retryable: true, advice: 'That may pass by itself.' },
  529: { kind: 'Overloaded', retryable: true, advice: 'That may pass by itself.' },
};

/** Temporal may wait this long at most for a `retry-after`; longer ones are a person's matter. */
const maxRetryAfterMs = 15 * 60_000;

export function toOutsideError(error: unknown, model: string, apiKey: string): OutsideError {
  const { kind, retryable, advice } = classify(error);
  const said = tellError(error).replaceAll(apiKey, '[[SECRET]]').slice(0, 500).replace(/\.$/, '');
  const retryAfterMs = retryable ? readRetryAfter(error) : undefined;
  return new OutsideError(
    `Anthropic did not answer for ${model}: ${said}. ${advice}`,
    { system: 'Anthropic', kind, retryable, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    // The SDK's error carries the response's headers; only its text goes on.
    {},
  );
}

const errorBody = z.object({ error: z.object({ message: z.string() }) });

/** The words of the API without the JSON around them, where it is JSON; people read this. */
function tellError(error: unknown): string {
  const body = error instanceof Anthropic.APIError ? errorBody.safeParse(error.error).data : undefined;
  if (body && error instanceof Anthropic.APIError) return `HTTP ${error.status}, ${body.error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function classify(error: unknown): Kind {
  if (error instanceof Anthropic.APIUserAbortError) {
    return { kind: 'Cancelled', retryable: true, advice: 'The step was cancelled.' };
  }
  if (error instanceof Anthropic.APIConnectionTimeoutError) {
    return { kind: 'Timeout', retryable: true, advice: 'That may pass by itself.' };
  }
  if (error instanceof Anthropic.APIConnectionError) {
    return { kind: 'Unreachable', retryable: true, advice: 'Check the network and `engine.baseUrl`.' };
  }
  if (error instanceof Anthropic.APIError && typeof error.status === 'number') {
    const known = kinds[error.status];
    if (known) return known;
    const isServer = error.status >= 500;
    return isServer
      ? { kind: 'Unavailable', retryable: true, advice: 'That may pass by itself.' }
      : { kind: 'Rejected', retryable: false, advice: 'See https://platform.claude.com/docs/en/api/errors.' };
  }
  // What fetch throws where a connection ends before the body does: "terminated", with the socket's error as its cause.
  if (error instanceof TypeError && error.cause instanceof Error)
    return { kind: 'Unreachable', retryable: true, advice: 'That may pass by itself.' };
  return { kind: 'UnreadableAnswer', retryable: true, advice: 'Check what answers at `engine.baseUrl`.' };
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110 §10.2.3). */
function readRetryAfter(error: unknown): number | undefined {
  if (!(error instanceof Anthropic.APIError) || !(error.headers instanceof Headers)) return undefined;
  const headers = error.headers;
  const inMs = Number.parseFloat(headers.get('retry-after-ms') ?? '');
  if (Number.isFinite(inMs)) return clamp(inMs);
  const after = headers.get('retry-after');
  if (after === null) return undefined;
  const seconds = Number.parseFloat(after);
  if (Number.isFinite(seconds)) return clamp(seconds * 1_000);
  const at = Date.parse(after);
  return Number.isNaN(at) ? undefined : clamp(at - Date.now());
}

function clamp(ms: number): number {
  return Math.min(Math.max(Math.round(ms), 0), maxRetryAfterMs);
}
