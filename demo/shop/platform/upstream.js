/** A call that got no answer: refused, reset or too slow. */
export class UpstreamError extends Error {
  constructor(upstream, cause) {
    super(`${upstream}: ${describe(cause)}`);
    this.upstream = upstream;
  }
}

/**
 * A neighbour over HTTP. `call(method, path, { body, headers, requestId })` returns `{ status, body }` whatever the status,
 * and throws `UpstreamError` when there was no answer within `timeoutMs`.
 */
export function createUpstream({ name, url, timeoutMs, metrics }) {
  async function call(method, path, { body, headers = {}, requestId } = {}) {
    try {
      const response = await fetch(new URL(path, url), {
        method,
        headers: { 'content-type': 'application/json', 'x-request-id': requestId ?? '', ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
      metrics.countUpstream(name, response.status);
      return { status: response.status, body: await response.json() };
    } catch (error) {
      metrics.countUpstream(name, 'error');
      throw new UpstreamError(name, error);
    }
  }
  return { name, call };
}

function describe(error) {
  const cause = error.cause ?? error;
  return cause.message || cause.code || String(cause);
}
