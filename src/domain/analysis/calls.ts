import type { LogLine } from '../evidence/evidence.ts';
import type { LogPattern } from './logs/patterns.ts';
import { dropCallers, isCallerField, isListener } from './callers.ts';
import { compactName, shortName } from './words.ts';

/** A failing call: whom it went to, and how it failed. */
export interface CallFailure {
  readonly from: string;
  /** A known service's name, or an outside system: as the call graph names it, else as the log does (host, host:port, name). */
  readonly to: string;
  /** One of the services that something was collected of; all else is outside. */
  readonly isKnown: boolean;
  readonly mode: 'unreachable' | 'timeout' | 'server-error' | 'rejected' | 'unclear';
  readonly pattern: LogPattern;
}

/** Field names under which programs write whom they called. */
const peerField =
  /(^|[._-])(upstream|peer|target|dependency|callee|remote|destination|downstream)([._-]?(name|service|host|addr|address|url))?$|^(net\.peer\.name|server\.address|peer\.service|rpc\.service|db\.system)$/i;
const address =
  /\b(?:https?|grpc|tcp|amqp|redis|postgres(?:ql)?|mysql|mongodb|kafka):\/\/(?:[^@\s/"']*@)?([A-Za-z0-9.-]+(?::\d+)?)|\b(\d{1,3}(?:\.\d{1,3}){3}:\d+)\b|\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|lookup|dial tcp|connect to|connecting to|host=|host:?)\s*([A-Za-z][A-Za-z0-9.-]*\.[A-Za-z]{2,}(?::\d+)?|localhost(?::\d+)?|[A-Za-z][A-Za-z0-9-]+:\d{2,5}|::1:\d+|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?)|\b((?:[a-z0-9-]+\.){2,}(?:com|net|org|io|dev|cloud|co|app|internal|local|svc)(?::\d+)?)\b/g;
const namedTarget =
  /\b(?:calling|call to|request to|connect(?:ion)? (?:timeout )?to|response from|reply from|answer from|error from|upstream|contacting|reach)\s+["'`]?([a-z][a-z0-9]*(?:[-_][a-z0-9]+)+)\b/gi;

/** Field names under which programs write what went wrong. */
const errorField =
  /(^|[._-])(err|error|exception|reason|cause|details?|problems?|violations?|faults?|issues?|description|stacktrace|trace)(\.\w+)?$|stack/i;

/** A shorter name of a host is met in other words by chance. */
const shortestHost = 6;
/** Two programs say fewer letters alike by chance, such as `connection refused`. */
const shortestQuote = 24;

/** Everything that a line names as the other side of a call, most telling first. Own name excluded by the caller. */
export function readPeers(line: LogLine): readonly string[] {
  const peers: string[] = [];
  for (const [key, value] of Object.entries(line.fields)) {
    if (peerField.test(key) && !isCallerField(key) && typeof value === 'string' && value !== '' && value.length <= 120)
      peers.push(value.replace(/^\w+:\/\//, '').split('/')[0] ?? value);
  }
  const text = dropCallers(readFailureText(line));
  for (const match of text.matchAll(address))
    peers.push((match[1] ?? match[2] ?? match[3] ?? match[4] ?? '').replace(/[.:]$/, ''));
  for (const match of text.matchAll(namedTarget)) peers.push(match[1] ?? '');
  return [...new Set(peers.filter((peer) => peer.length >= 2 && !isListener(peer)))];
}

/** Message with the fields that hold error text. */
export function readFailureText(line: LogLine, withStack = true): string {
  let text = line.message;
  for (const [key, value] of Object.entries(line.fields)) {
    if (typeof value !== 'string' || !errorField.test(key)) continue;
    if (withStack || !/stack|trace/i.test(key)) text += ` ${value}`;
  }
  return text;
}

/** How a call failed, by status and words. */
export function readMode(text: string, status: number | undefined): CallFailure['mode'] {
  if (status !== undefined && status >= 400 && status < 500 && status !== 408)
    return status === 429 ? 'server-error' : 'rejected';
  if (/time(d)?[ -]?out|deadline|ETIMEDOUT|slow|latency/i.test(text) || status === 504 || status === 408)
    return 'timeout';
  if (
    /refused|ENOTFOUND|EAI_AGAIN|no such host|unreachable|ECONNRESET|reset|hang ?up|no route|name resolution|getaddrinfo|broken pipe|EPIPE|handshake|certificate/i.test(
      text,
    )
  )
    return 'unreachable';
  if (
    (status !== undefined && status >= 500) ||
    /\b5\d\d\b|unavailable|internal error|server error|overload/i.test(text)
  )
    return 'server-error';
  if (/unauthori[sz]ed|forbidden|expired|invalid|rejected|denied|bad request|unprocessable|\b4\d\d\b/i.test(text))
    return 'rejected';
  return 'unclear';
}

/**
 * Failing calls that a service's patterns tell of. A known service counts when it is a configured dependency, or at least no caller
 * of this one: logs also name who called. Where a line names a known service, its addresses are taken to be that service's. A dependency
 * that is not known is an outside system whose name the call graph tells.
 * Our own rule after what clients print. O(p² · c + p · n · s) at most for p failing patterns with n names each, c callees and s
 * services.
 */
export function findCallFailures(
  patterns: readonly LogPattern[],
  known: readonly string[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): readonly CallFailure[] {
  const failing = patterns.filter(
    (pattern) => (pattern.level === 'error' || pattern.level === 'warn') && !tellsOwnExhaustion(pattern),
  );
  const found = failing.map((pattern) => findCall(pattern, known, dependencies));
  const hosts = new Map<string, Set<string>>();
  for (const call of found)
    if (call && !call.isKnown && call.to.length >= shortestHost)
      hosts.set(call.from, (hosts.get(call.from) ?? new Set()).add(call.to));
  return failing.flatMap((pattern, i): CallFailure[] => {
    const call = found[i];
    if (call) return [call];
    const text = pattern.examples[0] ? readFailureText(pattern.examples[0]) : '';
    // One line names a host as an address, and the next, of the same client, as a bare word.
    const host = [...(hosts.get(pattern.service) ?? [])].find((name) => text.includes(name));
    const callees = dependencies[pattern.service] ?? [];
    const answered = readAnswer(text);
    const to = host ?? findQuoted(pattern, failing, callees) ?? findAnswering(text, answered, failing, callees, known);
    const mode = readMode(text, pattern.status ?? answered);
    return to === undefined ? [] : [{ from: pattern.service, to, isKnown: host === undefined, mode, pattern }];
  });
}

/**
 * The caller's own system gives it no socket, so that no call was made. An answer that quotes such words tells of the callee.
 * Source: socket(2), connect(2), accept(2).
 */
const ownExhaustion =
  /\bE(?:MFILE|NFILE|ADDRNOTAVAIL|NOBUFS)\b|\b(?:dial|socket|accept4?)\b[^\n]*: too many open files|cannot assign requested address|no buffer space/i;
const quotesAnswer = /\b(?:answered|replied|responded|response|FATAL):?\s/;

function tellsOwnExhaustion({ examples: [example] }: LogPattern): boolean {
  const text = example ? readFailureText(example) : '';
  return ownExhaustion.test(text) && !quotesAnswer.test(text);
}

/** A status as clients write it down behind what they asked for; an access log has it after the protocol or a mere space. */
const clientAnswer =
  /\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\s\S*?(?::|\s(?:->|=>|→))\s+(?:HTTP\S*\s+)?([45]\d\d)\b|\b(?:status code|unexpected (?:status|response)|received|got):?\s+(?:an?\s+)?(?:HTTP\S*\s+)?([45]\d\d)\b/i;
/** Words that only whoever asked has for an answer. */
const asClient = /\bstatus code\b|\bunexpected (status|response)\b|\bretry(ing|[- ]after)?\b|\b(received|got)\b/i;

function readAnswer(text: string): number | undefined {
  const match = clientAnswer.exec(text);
  return match ? Number(match[1] ?? match[2]) : undefined;
}

/**
 * The callee whose answer a client's line tells without a name: the one that tells of the same status itself, or the only one there is.
 * Of several that tell of it none is taken. O(n) in the failing templates.
 */
function findAnswering(
  text: string,
  answered: number | undefined,
  failing: readonly LogPattern[],
  callees: readonly string[],
  known: readonly string[],
): string | undefined {
  if (answered === undefined) return undefined;
  const tells = ({ status, examples: [example] }: LogPattern) =>
    status === answered || (example !== undefined && new RegExp(`\\b${answered}\\b`).test(readFailureText(example)));
  const telling = callees.filter((name) => failing.some((other) => other.service === name && tells(other)));
  if (telling.length > 0) return telling.length === 1 ? telling[0] : undefined;
  const [only, ...others] = callees;
  return only !== undefined && others.length === 0 && known.includes(only) && asClient.test(text) ? only : undefined;
}

/**
 * The callee whose own words a line ends with: clients pass on what a database or a service answered, often without its name. O(n) in
 * the failing templates.
 */
function findQuoted(
  pattern: LogPattern,
  failing: readonly LogPattern[],
  callees: readonly string[],
): string | undefined {
  return failing.find(
    (other) => callees.includes(other.service) && countSharedEnd(pattern.template, other.template) >= shortestQuote,
  )?.service;
}

/** Letters of the end that two templates have in common; what varies does not count. */
function countSharedEnd(a: string, b: string): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++;
  return a
    .slice(a.length - length)
    .replaceAll('<*>', '')
    .replace(/[^\p{L}]/gu, '').length;
}

function findCall(
  pattern: LogPattern,
  known: readonly string[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): CallFailure | undefined {
  const example = pattern.examples[0];
  if (!example) return undefined;
  const from = pattern.service;
  const others = known.filter(
    (name) => name !== from && !(dependencies[name]?.includes(from) && !dependencies[from]?.includes(name)),
  );
  const peers = readPeers(example);
  const text = readFailureText(example);
  const callees = dependencies[from] ?? [];
  const knownCallees = callees.filter((name) => known.includes(name));
  const service = matchService(peers, text, others, knownCallees);
  const strangers = callees.filter((name) => !known.includes(name));
  const outside =
    matchStranger(peers, text, strangers) ??
    peers.find((peer) => !matchesName(peer, from) && !known.some((name) => matchesName(peer, name)));
  const to = service ?? outside;
  return to === undefined
    ? undefined
    : { from, to, isKnown: service !== undefined, mode: readMode(text, pattern.status), pattern };
}

function matchService(
  peers: readonly string[],
  text: string,
  others: readonly string[],
  callees: readonly string[],
): string | undefined {
  const byField = others.find((name) => peers.some((peer) => matchesName(peer, name)));
  if (byField !== undefined) return byField;
  const compact = compactName(text);
  const spoken = text.toLowerCase();
  const byWord = others.filter((name) => compact.includes(compactName(name)));
  if (byWord.length > 0) return byWord.sort((a, b) => b.length - a.length)[0];
  return callees.find(
    (name) =>
      new RegExp(`\\b${shortName(name)}\\b`).test(spoken) &&
      /upstream|call|lookup|request to|response from|unavailable|fetch/.test(spoken),
  );
}

/** A stranger has to be the peer, or to be named as a word: what merely contains the letters of its name is nothing to go by. */
function matchStranger(peers: readonly string[], text: string, strangers: readonly string[]): string | undefined {
  const isSpoken = (name: string) => {
    const letters = name.split(/[^A-Za-z0-9]+/).join('[^A-Za-z0-9]?');
    return new RegExp(`(?<![A-Za-z0-9])${letters}(?![A-Za-z0-9])`, 'i').test(text);
  };
  return strangers.find((name) => peers.some((peer) => matchesName(peer, name))) ?? strangers.find(isSpoken);
}

/** True when a peer as logged (`payment-service:8443`, `paymentservice.svc`) means this service. */
export function matchesName(peer: string, service: string): boolean {
  const host = peer.replace(/:\d+$/, '').split('.')[0] ?? peer;
  return (
    compactName(host) === compactName(service) ||
    compactName(peer) === compactName(service) ||
    compactName(host) === shortName(service)
  );
}
