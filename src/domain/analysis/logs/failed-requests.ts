import type { LogLine } from '../../evidence/evidence.ts';
import { readStatus } from './line-facets.ts';

/** A request that a service logged as failed. */
export interface FailedRequest {
  readonly id: string;
  /** The service's first line about it that tells of a failure. */
  readonly firstMs: number;
}

/** Takes the lines of one service, in memory that does not grow with their number. */
export interface FailedRequestCollector {
  add(line: LogLine): void;
  finish(): readonly FailedRequest[];
}

const idKey =
  /(?:^|[._-])(?:x[._-])?(?:request|req|trace|correlation|transaction|operation|flow)[._-]?id$|^(?:rid|traceparent)$/i;
const idText =
  /\b(?:request|req|trace|correlation|transaction)[_. -]?id["']?\s{0,3}[:=]\s{0,3}["']?([A-Za-z0-9][\w.:-]{5,63})/i;
const mostRequests = 20_000;
const mostKeys = 5_000;

/** O(1) a line; above 20,000 failed requests they are sampled by their id, so that all services keep the same ones. */
export function createFailedRequestCollector(): FailedRequestCollector {
  let firsts = new Map<string, number>();
  let oneIn = 1;
  const keys = new Map<string, boolean>();
  const isIdKey = (key: string) => {
    let is = keys.get(key);
    if (is === undefined) {
      is = idKey.test(key);
      if (keys.size < mostKeys) keys.set(key, is);
    }
    return is;
  };
  return {
    add(line) {
      if (line.level !== 'error' && (line.level !== 'warn' || (readStatus(line) ?? 0) < 500)) return;
      const id = readRequestId(line, isIdKey);
      if (id === undefined || hashOf(id) % oneIn !== 0) return;
      const atMs = Date.parse(line.at);
      firsts.set(id, Math.min(atMs, firsts.get(id) ?? Infinity));
      if (firsts.size <= mostRequests) return;
      oneIn *= 2;
      firsts = new Map([...firsts].filter(([known]) => hashOf(known) % oneIn === 0));
    },
    finish: () => [...firsts].map(([id, firstMs]) => ({ id, firstMs })),
  };
}

/** The id of the request that a line is about, from its fields or its text. W3C's `traceparent` carries the trace in its second part. */
export function readRequestId(
  line: LogLine,
  isIdKey: (key: string) => boolean = (key) => idKey.test(key),
): string | undefined {
  for (const key in line.fields) {
    if (!isIdKey(key)) continue;
    const value = String(line.fields[key]);
    const id = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(value)?.[1] ?? value;
    // Anything else is no id, and may be text that somebody wants to be read.
    if (/^[\w.:-]{6,64}$/.test(id) && !/^0+$/.test(id)) return id;
  }
  return idText.exec(line.message)?.[1];
}

/** How failures went through the services, read from the requests that more than one of them logged as failed. */
export interface Propagation {
  /** Requests that failed in two services or more. */
  readonly requests: number;
  readonly services: readonly PropagationShare[];
}

export interface PropagationShare {
  readonly service: string;
  readonly evidenceId: string;
  /** Requests that failed here and elsewhere too. */
  readonly failed: number;
  /** Those of them that failed here first. Requests whose first failures fall on the same moment count in parts. */
  readonly first: number;
  /** One of the requests that failed here first, for a reader to look up. */
  readonly example?: string;
}

/**
 * Follows failed requests through the services: a failure comes back from the callee to its callers, so among the services that failed
 * a request the one that none of its failing callees explains is where it began; among several of those, or where the calls are not
 * known, the one that told of it first. This is the chain of a request as in X-Trace (Fonseca et al., NSDI 2007), read from log lines.
 * O(failed requests × services that failed each).
 * @param sinceMs failures before it are the usual ones and are left out
 */
export function followFailedRequests(
  logs: readonly { readonly service: string; readonly evidenceId: string; readonly failed: readonly FailedRequest[] }[],
  dependencies: Readonly<Record<string, readonly string[]>>,
  sinceMs: number,
): Propagation {
  const chains = new Map<string, { readonly service: string; readonly firstMs: number }[]>();
  for (const { service, failed } of logs) {
    for (const { id, firstMs } of failed) {
      if (firstMs < sinceMs) continue;
      const chain = chains.get(id) ?? [];
      if (!chain.some((hop) => hop.service === service)) chain.push({ service, firstMs });
      chains.set(id, chain);
    }
  }
  const shares = new Map<string, { failed: number; first: number; example?: string }>();
  let requests = 0;
  for (const [id, chain] of chains) {
    if (chain.length < 2) continue;
    requests++;
    const origins = findOrigins(chain, dependencies);
    for (const { service } of chain) {
      const share = shares.get(service) ?? { failed: 0, first: 0 };
      share.failed++;
      if (origins.includes(service)) {
        share.first += 1 / origins.length;
        share.example ??= id;
      }
      shares.set(service, share);
    }
  }
  const services = [...shares].map(([service, share]) => ({
    service,
    evidenceId: logs.find((item) => item.service === service)?.evidenceId ?? '',
    ...share,
  }));
  return { requests, services: services.sort((a, b) => b.first - a.first || (a.service < b.service ? -1 : 1)) };
}

function findOrigins(
  chain: readonly { readonly service: string; readonly firstMs: number }[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  const failing = chain.map(({ service }) => service);
  const deepest = chain.filter(
    ({ service }) => !dependencies[service]?.some((callee) => callee !== service && failing.includes(callee)),
  );
  const candidates = deepest.length > 0 ? deepest : chain;
  const firstMs = Math.min(...candidates.map((hop) => hop.firstMs));
  return candidates.filter((hop) => hop.firstMs === firstMs).map(({ service }) => service);
}

/** FNV-1a: spreads ids evenly without randomness. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
