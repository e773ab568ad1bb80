import type { EvidenceWithBody } from '../diagnosis/engine.ts';
import { hidesRequest, maskPath, readRequest } from './read-request.ts';
import { countOf } from '../text.ts';
import type { ChosenRequest, RecordedAnswer, RecordedRequest, RequestFault } from './replay.ts';

export interface RequestQuestion {
  readonly evidence: readonly EvidenceWithBody[];
  /** Services that can be started, the alerting one first. */
  readonly services: readonly string[];
  /** Methods that may be sent, by service: what changes nothing unless the configuration says more. */
  readonly methods: Readonly<Record<string, readonly string[]>>;
}

export const readOnlyMethods: readonly string[] = ['GET', 'HEAD'];

/** A request that takes this many times as long as before is slow; below this many milliseconds none is. */
const slowFactor = 3;
const slowFromMs = 500;
const maxAnswers = 200;

/**
 * The request that shows the failure of the incident most plainly. The first service in order with one that is usable decides. Of its
 * routes, one with server errors goes before one with client errors, and that before one that became slow; among equals
 * the one that fails most often without having failed before. Of the route, the newest line. Pure. Says why where there is none.
 */
export function chooseRequest(question: RequestQuestion): ChosenRequest | { readonly none: string } {
  const passedOver = new Set<string>();
  for (const service of question.services) {
    const allowed = question.methods[service] ?? readOnlyMethods;
    const routes = listRoutes(question.evidence, service);
    for (const fault of ['server-error', 'client-error', 'slow'] as const) {
      const found = routes.map((route) => findTrouble(route, fault)).filter((trouble) => trouble !== undefined);
      const usable = found.filter(({ request }) => allowed.includes(request.method));
      for (const { request } of found)
        if (!usable.some((one) => one.request === request)) passedOver.add(request.method);
      const [best] = usable.sort((a, b) => b.failures - a.failures || (a.request.path < b.request.path ? -1 : 1));
      if (best) return { ...best.request, service, fault, evidenceId: best.evidenceId, failures: best.failures };
    }
  }
  if (passedOver.size > 0) {
    const list = [...passedOver].sort().join(', ');
    return {
      none: `the requests that fail are ${list}, which \`sandbox.replay.methods\` does not allow (now GET and HEAD unless it says more; bodies are never in logs)`,
    };
  }
  const hidden = countHidden(question);
  if (hidden > 0) {
    return {
      none: `${countOf(hidden, 'request')} of the incident ${hidden === 1 ? 'holds' : 'hold'} in the path what is or looks like a credential, and such a request is not replayed`,
    };
  }
  return {
    none: `no log line of ${question.services.join(', ') || 'a service that can be started'} tells a request that fails`,
  };
}

function countHidden({ evidence, services }: RequestQuestion): number {
  return evidence
    .flatMap(({ body }) => {
      if (body?.kind !== 'logs' || !services.includes(body.service)) return [];
      return body.lines.filter(({ at }) => at >= body.incidentFrom);
    })
    .filter(hidesRequest).length;
}

/** What a neighbour answered to each method and path while the incident lasted, or before where nothing newer is known. */
export function listAnswers(evidence: readonly EvidenceWithBody[], service: string): readonly RecordedAnswer[] {
  const answers = new Map<string, RecordedAnswer>();
  for (const { during, before } of listRoutes(evidence, service)) {
    for (const { request } of [...before, ...during]) {
      const { method, path, status } = request;
      if (status !== undefined) answers.set(`${method} ${path}`, { method, path, status });
    }
  }
  return [...answers.values()].slice(-maxAnswers);
}

interface Seen {
  readonly request: RecordedRequest;
  readonly evidenceId: string;
  readonly isError: boolean;
}

/** Requests of one method and path pattern, apart by whether the incident had begun; oldest first. */
interface Route {
  readonly during: readonly Seen[];
  readonly before: readonly Seen[];
}

function listRoutes(evidence: readonly EvidenceWithBody[], service: string): readonly Route[] {
  const routes = new Map<string, { during: Seen[]; before: Seen[] }>();
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'logs' || body.service !== service) continue;
    for (const line of body.lines) {
      const request = readRequest(line);
      if (!request) continue;
      const key = `${request.method} ${maskPath(request.path)}`;
      const route = routes.get(key) ?? { during: [], before: [] };
      routes.set(key, route);
      const seen = { request, evidenceId: item.id, isError: line.level === 'error' };
      (line.at >= body.incidentFrom ? route.during : route.before).push(seen);
    }
  }
  return [...routes.values()];
}

interface Trouble {
  readonly request: RecordedRequest;
  readonly evidenceId: string;
  readonly failures: number;
}

/** The newest request of a route that shows this trouble; undefined where it does not, or did before as well. */
function findTrouble(route: Route, fault: RequestFault): Trouble | undefined {
  const shows = (seen: Seen) => showsFault(seen, fault, route.before);
  const failures = route.during.filter(shows);
  const newest = failures.at(-1);
  if (!newest) return undefined;
  const shareBefore = share(route.before, shows);
  if (route.before.length > 0 && shareBefore * 2 >= share(route.during, shows)) return undefined;
  return { request: newest.request, evidenceId: newest.evidenceId, failures: failures.length };
}

function showsFault({ request, isError }: Seen, fault: RequestFault, before: readonly Seen[]): boolean {
  const { status, durationMs } = request;
  switch (fault) {
    case 'server-error':
      return status === undefined ? isError : status >= 500;
    case 'client-error':
      // A request that was never good is the client's own fault.
      return status !== undefined && status >= 400 && status < 500 && before.some((seen) => isGood(seen.request));
    case 'slow': {
      const usual = median(before.map((seen) => seen.request.durationMs).filter((value) => value !== undefined));
      return durationMs !== undefined && usual !== undefined && durationMs >= Math.max(slowFromMs, slowFactor * usual);
    }
  }
}

function isGood({ status }: RecordedRequest): boolean {
  return status !== undefined && status < 400;
}

function share(seen: readonly Seen[], shows: (one: Seen) => boolean): number {
  return seen.length === 0 ? 0 : seen.filter(shows).length / seen.length;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
