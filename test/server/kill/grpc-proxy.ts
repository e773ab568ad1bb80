import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

/** One gRPC call of Temporal's API on its way through; all of them are unary. */
export interface Call {
  /** For example `PollActivityTaskQueue`. */
  readonly method: string;
  /** The protobuf message that was sent. */
  readonly request: Buffer;
  /** The protobuf message that was answered; empty until there is one, and for an error. */
  readonly response: Buffer;
  /** Whether the server answered with success. */
  readonly isOk: boolean;
}

/** Looks at calls on their way. What a look returns is awaited; a promise that never settles holds the call for ever. */
export interface Taps {
  onRequest?(call: Call): Promise<unknown> | undefined;
  onResponse?(call: Call): Promise<unknown> | undefined;
}

export interface GrpcProxy {
  readonly address: string;
  /** Nothing that a client which is connected now still sends gets through, nor any answer to it. New clients are served. */
  freeze(): void;
  stop(): Promise<void>;
}

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly trailers?: http2.IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Stands between a process and the Temporal server, so that a test can act between the moment at which the server knows of
 * something and the moment at which the process does. HTTP/2 without TLS; a connection to the server for each of a client's.
 */
export async function startGrpcProxy(target: string, taps: Taps = {}): Promise<GrpcProxy> {
  const server = http2.createServer();
  const clients = new Set<http2.ServerHttp2Session>();
  const frozen = new WeakSet<http2.Http2Session>();
  server.on('session', (client) => {
    clients.add(client);
    const upstream = http2.connect(`http://${target}`);
    // A server that was killed: the client sees its own connection end, as it would without us.
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.on('error', () => client.destroy());
    client.on('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    client.on('stream', (stream, headers) => {
      // A stream of a connection that just ended.
      stream.on('error', () => undefined);
      const isFrozen = () => frozen.has(client);
      void carry({ stream, headers, upstream, taps, isFrozen }).catch(() => stream.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze: () => clients.forEach((client) => frozen.add(client)),
    stop: async () => {
      for (const client of clients) client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function carry(parts: {
  readonly stream: http2.ServerHttp2Stream;
  readonly headers: http2.IncomingHttpHeaders;
  readonly upstream: http2.ClientHttp2Session;
  readonly taps: Taps;
  readonly isFrozen: () => boolean;
}): Promise<void> {
  const { stream, headers, upstream, taps, isFrozen } = parts;
  const method = String(headers[':path']).split('/').at(-1) ?? '';
  const sent = await readAll(stream);
  const call = { method, request: messageOf(sent), response: Buffer.alloc(0), isOk: false };
  if (isFrozen()) return;
  await taps.onRequest?.(call);
  if (isFrozen()) return;
  const answer = await ask(upstream, headers, sent, stream);
  if (isFrozen()) return;
  const isOk = (answer.trailers ?? answer.headers)['grpc-status'] === '0';
  await taps.onResponse?.({ ...call, response: messageOf(answer.body), isOk });
  if (stream.destroyed) return;
  if (!answer.trailers) return stream.respond(answer.headers, { endStream: true });
  const { trailers } = answer;
  stream.respond(answer.headers, { waitForTrailers: true });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(answer.body);
}

function ask(
  upstream: http2.ClientHttp2Session,
  headers: http2.IncomingHttpHeaders,
  body: Buffer,
  stream: http2.ServerHttp2Stream,
): Promise<Answer> {
  const { ':authority': _ours, ...rest } = headers;
  return new Promise((resolve, reject) => {
    const request = upstream.request(rest);
    // A client that hung up takes its long poll back.
    stream.once('close', () => request.close(http2.constants.NGHTTP2_CANCEL));
    let received: http2.IncomingHttpHeaders = {};
    let trailers: http2.IncomingHttpHeaders | undefined;
    request.once('response', (head: http2.IncomingHttpHeaders) => (received = head));
    request.once('trailers', (tail: http2.IncomingHttpHeaders) => (trailers = tail));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the call ended without an answer')));
    readAll(request).then(
      (content) => resolve({ headers: received, body: content, ...(trailers ? { trailers } : {}) }),
      reject,
    );
    request.end(body);
  });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A gRPC frame: a flag for compression, four bytes of length, the message. */
function messageOf(frame: Buffer): Buffer {
  if (frame.length < 5) return Buffer.alloc(0);
  const message = frame.subarray(5, 5 + frame.readUInt32BE(1));
  return frame[0] === 1 ? gunzipSync(message) : message;
}
