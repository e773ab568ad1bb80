import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { createPrefixCache, type CacheUsage } from './prefix-cache.ts';
import { findRequestFault, type Json } from './strict-request.ts';

/**
 * A FAKE of the Anthropic Messages API on loopback that is as strict as the real one about requests: no model behind it. It counts
 * what a prompt cache would save, and sends the headers of the real one. What it gives out is what a test tells it to.
 */
export interface StrictMessages {
  readonly url: string;
  /** Bodies that were taken, in order. */
  readonly taken: readonly Json[];
  /** Every request, taken or not. */
  requests(): number;
  /** Why bodies were refused, in order. */
  readonly refused: readonly string[];
  /** What each answer said of its cost. */
  readonly charged: readonly (CacheUsage & { readonly output_tokens: number })[];
  stop(): Promise<void>;
}

/** What to answer: a message, an error, a body that is cut off after its first half, or one that never ends. */
export type StrictReply =
  | { readonly content: readonly Json[]; readonly stopReason?: string; readonly how?: 'whole' | 'cut' | 'stalled' }
  | { readonly status: number; readonly type: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly raw: string; readonly contentType: string };

const outputTokens = 100;

/** @param answer gets the number of the call, from 1, and the body */
export async function startStrictMessages(
  apiKey: string,
  answer: (call: number, body: Json) => StrictReply,
): Promise<StrictMessages> {
  const taken: Json[] = [];
  const refused: string[] = [];
  const charged: (CacheUsage & { output_tokens: number })[] = [];
  const signatures = new Map<string, string>();
  const cache = createPrefixCache();
  let requests = 0;

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    requests += 1;
    const raw = await readText(request);
    if (request.headers.authorization !== `Bearer ${apiKey}`)
      return fail(response, 401, 'authentication_error', 'invalid bearer token');
    if (request.headers['anthropic-version'] === undefined)
      return fail(response, 400, 'invalid_request_error', 'anthropic-version: header is required');
    const body = JSON.parse(raw) as Json;
    const fault = findRequestFault(body, signatures);
    if (fault !== undefined) {
      refused.push(fault);
      return fail(response, 400, 'invalid_request_error', fault);
    }
    taken.push(body);
    const reply = answer(taken.length, body);
    if ('status' in reply) return fail(response, reply.status, reply.type, 'told to fail', reply.headers);
    if ('raw' in reply) {
      response.writeHead(200, {
        'content-type': reply.contentType,
        'content-length': Buffer.byteLength(reply.raw),
      });
      return void response.end(reply.raw);
    }
    for (const { type, signature, thinking } of reply.content)
      if (type === 'thinking') signatures.set(String(signature), String(thinking));
    const usage = { ...cache.use(body), output_tokens: outputTokens };
    charged.push(usage);
    send(response, { model: body['model'], number: taken.length, usage }, reply);
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch((error: unknown) => fail(response, 500, 'api_error', String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    taken,
    refused,
    charged,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(
  response: ServerResponse,
  { number, ...rest }: { readonly model: unknown; readonly number: number; readonly usage: object },
  { content, stopReason, how = 'whole' }: Extract<StrictReply, { content: unknown }>,
): void {
  const hasUse = content.some(({ type }) => type === 'tool_use');
  const text = JSON.stringify({
    id: `msg_fake_${number}`,
    type: 'message',
    role: 'assistant',
    content,
    stop_reason: stopReason ?? (hasUse ? 'tool_use' : 'end_turn'),
    stop_sequence: null,
    ...rest,
  });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'request-id': `req_fake_${number}`,
    'anthropic-ratelimit-requests-remaining': '49',
  });
  if (how === 'whole') return void response.end(text);
  response.write(text.slice(0, text.length / 2), () => {
    if (how === 'cut') response.destroy();
  });
}

function fail(
  response: ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'req_fake', ...headers });
  response.end(JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_fake' }));
}
