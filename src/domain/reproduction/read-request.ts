import type { LogLine } from '../evidence/evidence.ts';
import type { RecordedRequest } from './replay.ts';
import { hasSecretSegment, isCredentialParameter } from './request-secrets.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const longestPath = 2_000;

/** Names under which frameworks, proxies and OpenTelemetry (HTTP semantic conventions, old and new) write a request. */
const methodFields = [
  ...['method', 'http.request.method', 'http.method', 'req.method', 'request.method', 'request_method'],
  ...['httpRequest.requestMethod', 'verb'],
];
const pathFields = [
  ...['path', 'url', 'http.target', 'url.path', 'req.url', 'request.url', 'request.path', 'request_uri', 'uri'],
  ...['target', 'url.full', 'http.url', 'httpRequest.requestUrl', 'request_path'],
];
const queryFields = ['query', 'url.query', 'query_string', 'request.query'];
const statusFields = [
  ...['status', 'statusCode', 'status_code', 'http.response.status_code', 'http.status_code', 'res.statusCode'],
  ...['response.status', 'httpRequest.status', 'code'],
];
/** Field to milliseconds in one of its unit. */
const durationFields: readonly (readonly [string, number])[] = [
  ...['durationMs', 'duration_ms', 'latencyMs', 'latency_ms', 'responseTime', 'response_time_ms', 'elapsed_ms'].map(
    (name) => [name, 1] as const,
  ),
  ...['took_ms', 'ms', 'elapsedMs', 'time_ms'].map((name) => [name, 1] as const),
  ...['request_time', 'duration_s', 'seconds', 'elapsed_s'].map((name) => [name, 1_000] as const),
];

/** `GET /orders/7?x=1 HTTP/1.1" 500` and what applications write in its place. */
const inMessage =
  /\b(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) ((?:https?:\/\/[\w.:-]+)?\/[^\s"'<>]*)(?: HTTP\/[\d.]+)?"?(?:[\s:=,>-]+(?:status[ =:]*|returned |answered )?([1-5]\d\d)\b)?/;
const durationInMessage = /\b(\d+(?:\.\d+)?) ?(ms|s)\b/;
/** What the log reader puts in the place of a secret. */
const secretMark = '[[SECRET';

/**
 * Reads the request that a log line tells of, whichever way it is written; undefined for any other line, for a route pattern
 * (`/orders/:id`), which is no address, and where a secret stands, or stood, in the path.
 */
export function readRequest(line: LogLine): RecordedRequest | undefined {
  const { fields } = line;
  const { told, method, target } = readLine(line);
  if (!methods.includes(method) || target === undefined) return undefined;
  const path = cleanPath(target);
  if (path === undefined) return undefined;
  const status = asStatus(pick(fields, statusFields)) ?? asStatus(told?.[3]);
  const durationMs = readDuration(line);
  return {
    method,
    path,
    at: line.at,
    ...(status === undefined ? {} : { status }),
    ...(durationMs === undefined ? {} : { durationMs }),
  };
}

/** Whether a line tells of a request that is not read because a part of its path is, or looks like, a credential. */
export function hidesRequest(line: LogLine): boolean {
  const { method, target } = readLine(line);
  if (!methods.includes(method) || target === undefined) return false;
  return isSecretPath(splitTarget(target).path);
}

function readLine({ fields, message }: LogLine) {
  const told = inMessage.exec(message) ?? inMessage.exec(asText(pick(fields, ['request', 'requestLine'])));
  const method = asText(pick(fields, methodFields)).toUpperCase() || told?.[1] || '';
  return { told, method, target: readTarget(fields) ?? told?.[2] };
}

/** The route behind a path: what differs from request to request taken out, so that like is counted with like. */
export function maskPath(path: string): string {
  const [bare = ''] = path.split('?');
  return bare
    .split('/')
    .map((part) => (/^[0-9a-f-]{8,}$|\d/i.test(part) ? '*' : part))
    .join('/');
}

function readTarget(fields: LogLine['fields']): string | undefined {
  const path = asText(pick(fields, pathFields));
  if (!/^(?:https?:\/\/[^/]+)?\//.test(path)) return undefined;
  const query = asText(pick(fields, queryFields)).replace(/^\?/, '');
  return query === '' || path.includes('?') ? path : `${path}?${query}`;
}

/** Path and query without an origin, a fragment, or parameters that hold or held a credential. */
function cleanPath(target: string): string | undefined {
  const { path, query } = splitTarget(target);
  const isPlain = path.length <= longestPath && /^\/[\x21-\x7e]*$/.test(path);
  if (!isPlain || isSecretPath(path) || /\/:[a-z]|[{}<>*]/i.test(path)) return undefined;
  const kept = query
    .split('&')
    .filter((parameter) => /^[\x21-\x7e]+$/.test(parameter) && !parameter.includes(secretMark))
    .filter((parameter) => parameter.length <= longestPath && !isCredentialParameter(parameter));
  const whole = kept.length === 0 ? path : `${path}?${kept.join('&')}`;
  return whole.length <= longestPath ? whole : undefined;
}

function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const [path = '', ...rest] = target
    .replace(/^https?:\/\/[^/]+/, '')
    .split('#', 1)[0]!
    .split('?');
  return { path, query: rest.join('?') };
}

function isSecretPath(path: string): boolean {
  return path.includes(secretMark) || hasSecretSegment(path.slice(0, longestPath));
}

function readDuration({ fields, message }: LogLine): number | undefined {
  for (const [name, unit] of durationFields) {
    const value = Number(fields[name] ?? NaN);
    if (value >= 0) return value * unit;
  }
  const [, amount, unit] = durationInMessage.exec(asText(pick(fields, ['duration', 'latency', 'took']))) ?? [];
  const [, inText, unitInText] = durationInMessage.exec(message) ?? [];
  const value = Number(amount ?? inText ?? NaN);
  return value >= 0 ? value * ((amount === undefined ? unitInText : unit) === 's' ? 1_000 : 1) : undefined;
}

function pick(fields: LogLine['fields'], names: readonly string[]): unknown {
  const name = names.find((one) => fields[one] !== undefined);
  return name === undefined ? undefined : fields[name];
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}

function asStatus(value: unknown): number | undefined {
  const status = Number(value);
  return Number.isInteger(status) && status >= 100 && status <= 599 ? status : undefined;
}
