import { createHash } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

/**
 * A FAKE of the Anthropic Messages API on loopback: no model behind it, no cost. It stands outside Resident as a witness:
 * it counts what was asked and what was answered, by digest of the request's body, so that a repeat can be seen.
 */
export interface FakeModel {
  readonly url: string;
  calls(): readonly FakeModelCall[];
  stop(): Promise<void>;
}

/** `answered` counts whole answers, with success, on a connection that was still open: what a real API would charge for. */
export interface FakeModelCall {
  readonly digest: string;
  readonly requests: number;
  readonly answered: number;
}

type FakeEvent = 'request' | 'answered' | 'failed' | 'lost';

export interface FakeModelOptions {
  /** JSON lines: `{event: "request" | "answered" | "failed" | "lost", digest, at}`; appended to. */
  readonly ledgerFile: string;
  readonly port?: number;
  /** How long each answer takes, so that there is time to kill somebody. */
  readonly delayMs?: number;
  /** Answers in place of the usual two-step script; for tests of hostile answers. */
  readonly answer?: (request: unknown) => FakeReply;
}

export interface FakeReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const maxBodyBytes = 16 * 1024 * 1024;

export async function startFakeModel(options: FakeModelOptions): Promise<FakeModel> {
  const counts = new Map<string, { requests: number; answered: number }>();
  const record = (event: FakeEvent, digest: string) => {
    const count = counts.get(digest) ?? { requests: 0, answered: 0 };
    if (event === 'request') count.requests += 1;
    if (event === 'answered') count.answered += 1;
    counts.set(digest, count);
    const line = { fake: true, event, digest, at: new Date().toISOString() };
    appendFileSync(options.ledgerFile, `${JSON.stringify(line)}\n`);
  };
  const server = createServer((request, response) => {
    void serve(request, response, options, record).catch((error: unknown) => {
      if (!response.headersSent)
        send(response, 500, {}, errorBody('api_error', `The fake model failed: ${String(error)}`));
    });
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    calls: () => [...counts].map(([digest, count]) => ({ digest, ...count })),
    stop: () => stop(server),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  options: FakeModelOptions,
  record: (event: FakeEvent, digest: string) => void,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://fake').pathname;
  if (request.method !== 'POST' || path !== '/v1/messages') {
    return send(response, 404, {}, errorBody('not_found_error', 'This fake model knows POST /v1/messages only.'));
  }
  const bytes = await readBody(request);
  const digest = createHash('sha256').update(bytes).digest('hex');
  record('request', digest);
  response.once('finish', () => record(response.statusCode < 300 ? 'answered' : 'failed', digest));
  response.once('close', () => {
    if (!response.writableFinished) record('lost', digest);
  });
  if (options.delayMs) await sleep(options.delayMs);
  if (response.destroyed) return;
  const parsed = JSON.parse(bytes.toString('utf8')) as unknown;
  const reply: FakeReply = options.answer ? options.answer(parsed) : followScript(parsed, digest);
  const { status = 200, headers = {}, body } = reply;
  send(response, status, headers, body);
}

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly text?: string;
}
interface Conversation {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
}
interface IncidentData {
  readonly analyst: Record<string, unknown>;
  readonly evidence: readonly { readonly id: string; readonly kind: string; readonly outcome: string }[];
}

/** First a question about logs that were found, then the analyst's diagnosis as the fake's own. */
function followScript(request: unknown, digest: string): FakeReply {
  const { model, messages } = request as Conversation;
  const data = readIncidentData(messages);
  const hasAsked = messages.some((message) => message.role === 'assistant');
  const logs = data.evidence.find((item) => item.kind === 'logs' && item.outcome === 'found') ?? data.evidence[0];
  const use =
    hasAsked || !logs
      ? { name: 'report_diagnosis', input: selectReport(data.analyst) }
      : { name: 'read_evidence', input: { evidenceId: logs.id, contains: null } };
  const content = [{ type: 'tool_use', id: `toolu_fake_${digest.slice(0, 12)}`, ...use }];
  return { body: fakeMessage(model, digest, content, 'tool_use') };
}

/** A message in the shape of the API; its id says that it is fake. */
export function fakeMessage(model: string, digest: string, content: unknown, stopReason: string): unknown {
  return {
    id: `msg_fake_${digest.slice(0, 16)}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: { input_tokens: 1_000, output_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
  };
}

function readIncidentData(messages: Conversation['messages']): IncidentData {
  const first = messages[0]?.content;
  const text = typeof first === 'string' ? first : (first ?? []).map((block) => block.text ?? '').join('');
  const block = /<incident-data id="[0-9a-f]+">\n([\s\S]*)\n<\/incident-data/u.exec(text)?.[1];
  if (block === undefined) throw new Error('the request holds no <incident-data> block');
  return JSON.parse(block) as IncidentData;
}

const reported = [
  'verdict',
  'service',
  'change',
  'category',
  'confidence',
  'statement',
  'against',
  'ruledOut',
  'missing',
];

function selectReport(analyst: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(reported.map((field) => [field, analyst[field]]));
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new Error(`the request is larger than ${maxBodyBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function errorBody(type: string, message: string): unknown {
  return { type: 'error', error: { type, message } };
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-fake-model': 'true', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { ledger: { type: 'string' }, port: { type: 'string' }, delay: { type: 'string' } },
  });
  if (values.ledger === undefined) {
    console.error('Usage: npx tsx demo/fake-model.ts --ledger FILE [--port PORT] [--delay MILLISECONDS]');
    process.exit(2);
  }
  const fake = await startFakeModel({
    ledgerFile: values.ledger,
    port: Number(values.port ?? 0),
    delayMs: Number(values.delay ?? 0),
  });
  console.log(`FAKE model (no model behind it, nothing is paid) at ${fake.url}, ledger ${values.ledger}`);
  process.once('SIGTERM', () => void fake.stop());
  process.once('SIGINT', () => void fake.stop());
}
