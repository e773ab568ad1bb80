import { HttpError } from './platform/server.js';

/**
 * The body of a neighbour's good answer. The statuses in `passOn` are our caller's business and are handed on;
 * any other is the neighbour's failure: logged, and a 502 to our caller.
 */
export function expectAnswer(upstream, { status, body }, { log, requestId, passOn = [] }) {
  if (status < 300) return body;
  if (passOn.includes(status)) throw new HttpError(status, body);
  log.error(`upstream ${upstream.name} answered ${status}`, { requestId, upstream: upstream.name, status });
  throw new HttpError(502, { error: 'upstream_failed', upstream: upstream.name });
}
