import { randomUUID } from 'node:crypto';
import http from 'node:http';

const BODY_LIMIT_BYTES = 64 * 1024;

/** Throw this in a route to answer with a status and a body of your own. */
export class HttpError extends Error {
  constructor(status, body) {
    super(`answer ${status}`);
    this.status = status;
    this.body = body;
  }
}

/**
 * Serves `routes`, an object from 'METHOD /path/:name' to `async ({ params, body, requestId, headers, log }) => ({ status, body })`,
 * with request ids, one log line and one measurement a request, `/healthz` and `/metrics`.
 */
export async function serve({ service, revision, port, log, metrics, routes }) {
  const table = Object.entries(routes).map(([name, handle]) => ({ name, handle, ...compile(name) }));

  const server = http.createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    if (pathname === '/healthz') return send(response, 200, { status: 'ok', service, revision, pid: process.pid });
    if (pathname === '/metrics') return sendText(response, 200, metrics.render());
    const startedAt = performance.now();
    const requestId = request.headers['x-request-id'] ?? randomUUID();
    const match = findRoute(table, request.method, pathname);
    const route = match?.name ?? 'unmatched';
    const { status, body } = await answer(match, request, requestId, route, log);
    response.setHeader('x-request-id', requestId);
    send(response, status, body);
    const seconds = (performance.now() - startedAt) / 1000;
    metrics.observeRequest(route, status, seconds);
    log.info('request', { requestId, route, status, durationMs: Math.round(seconds * 10_000) / 10 });
  });

  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { port: server.address().port, close: () => closeServer(server) };
}

async function answer(match, request, requestId, route, log) {
  if (!match) return { status: 404, body: { error: 'no_such_route' } };
  try {
    const body = await readJson(request);
    return await match.handle({ params: match.params, body, requestId, headers: request.headers });
  } catch (error) {
    if (error instanceof HttpError) return { status: error.status, body: error.body };
    log.error('unhandled error', { requestId, route, error: String(error), stack: error.stack });
    return { status: 500, body: { error: 'internal' } };
  }
}

function compile(name) {
  const [method, pattern] = name.split(' ');
  const source = pattern.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)');
  return { method, regexp: new RegExp(`^${source}$`) };
}

function findRoute(table, method, pathname) {
  for (const entry of table) {
    const match = entry.method === method && entry.regexp.exec(pathname);
    if (match) return { name: entry.name, handle: entry.handle, params: { ...match.groups } };
  }
  return undefined;
}

async function readJson(request) {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT_BYTES) throw new HttpError(413, { error: 'body_too_large' });
  }
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, { error: 'body_is_not_json' });
  }
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
}

function sendText(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
}

function closeServer(server) {
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
  });
}
