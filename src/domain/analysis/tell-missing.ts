import type { EngineInput, EvidenceWithBody } from '../diagnosis/engine.ts';
import type { TimeWindow } from '../evidence/evidence.ts';
import { countOf, nameFirst } from '../text.ts';
import { isObserved } from './facts.ts';
import type { SpanFacts } from './spans/facts.ts';
import { tellPartialRequests } from './spans/missing.ts';

/** So many are named one by one; of the rest the number is told. */
const mostNamed = 5;
const mostCut = 10;

/**
 * What was looked at only in part, in sentences: evidence of which something was left out, happenings and alerts outside of the window, and
 * requests of which spans are lacking. Unlike the sources that failed it casts no doubt by itself.
 * @param suspects services that fail, most suspect first
 */
export function tellPartlySeen(
  input: Pick<EngineInput, 'alerts' | 'evidence' | 'service' | 'dependencies'>,
  spans: SpanFacts | undefined,
  suspects: readonly string[],
): readonly string[] {
  const evidence = [...input.evidence].sort((a, b) => (a.evidence.id < b.evidence.id ? -1 : 1));
  return [
    ...tellUnseenNeighbours(input),
    ...tellUnknownOf(input, suspects),
    ...tellTruncated(evidence),
    ...tellHappenedOutside(evidence),
    ...tellAlertsOutside(input.alerts, evidence),
    ...(spans ? tellPartialRequests(spans.orphans, spans.unseenCalls) : []),
  ];
}

/** Whom the alerting service reaches through calls without anything of them in the evidence, not even that there was nothing. */
function tellUnseenNeighbours({
  service,
  dependencies,
  evidence,
}: Pick<EngineInput, 'evidence' | 'service' | 'dependencies'>): readonly string[] {
  const seen = new Set(evidence.map(({ evidence: item }) => item.service));
  const told = new Set([service]);
  return [service, ...listCalled(dependencies, service)].flatMap((caller) => {
    const unseen = (dependencies[caller] ?? []).filter((name) => !seen.has(name) && !told.has(name));
    for (const name of unseen) told.add(name);
    return unseen.length === 0 ? [] : [`any evidence of ${nameFirst(unseen, mostNamed)}, which ${caller} calls`];
  });
}

function listCalled(dependencies: EngineInput['dependencies'], service: string): readonly string[] {
  const found = [service];
  for (const caller of found)
    for (const callee of dependencies[caller] ?? []) if (!found.includes(callee)) found.push(callee);
  return found.slice(1);
}

/** What was never asked for of the services that matter most: those that fail, and whom the most suspect one calls. */
function tellUnknownOf(
  { evidence, dependencies }: Pick<EngineInput, 'evidence' | 'dependencies'>,
  suspects: readonly string[],
): readonly string[] {
  const of = (service: string, kind: string) =>
    evidence.filter(({ evidence: item }) => item.service === service && item.kind === kind);
  const lacking = (service: string, kind: string) => of(service, kind).length === 0;
  const matter = [...new Set([...suspects, ...(dependencies[suspects[0] ?? ''] ?? [])])].filter(
    (service) => !lacking(service, 'logs') || !lacking(service, 'metrics'),
  );
  const isAnyKnown = (kind: string) => evidence.some(({ evidence: item }) => item.kind === kind);
  const ofAll = (kind: string, what: string) => {
    const names = isAnyKnown(kind) ? matter.filter((service) => lacking(service, kind)) : [];
    return names.length === 0 ? [] : [`${what} of ${nameFirst(names, mostNamed)}: none was collected`];
  };
  const silent = suspects.filter((service) => {
    const logs = of(service, 'logs');
    return logs.length > 0 && logs.every((item) => item.evidence.outcome !== 'failed' && !isObserved(item));
  });
  return [
    ...ofAll('changes', 'commits'),
    ...ofAll('deploys', 'deploy records'),
    ...(silent.length === 0 ? [] : [`log lines of ${nameFirst(silent, mostNamed)}: its logs hold none of the window`]),
  ];
}

function tellTruncated(evidence: readonly EvidenceWithBody[]): readonly string[] {
  const cut = evidence.flatMap(({ evidence: { service, kind, source, outcome, truncated } }) =>
    truncated === undefined || outcome === 'failed' || outcome === 'refused'
      ? []
      : [`${service}: ${kind} from ${source} in part: ${truncated}`],
  );
  const more = cut.length - mostCut;
  return more > 0 ? [...cut.slice(0, mostCut), `what ${countOf(more, 'more source')} told beyond its limits`] : cut;
}

/** What happened and its times, by kind; measurements are taken only where they lie in the window. */
function listHappenings({ body }: EvidenceWithBody): { noun: string; times: readonly string[] } | undefined {
  if (body?.kind === 'changes') return { noun: 'commit', times: body.changes.map(({ at }) => at) };
  if (body?.kind === 'deploys') return { noun: 'deploy', times: body.deploys.map(({ at }) => at) };
  if (body?.kind === 'flags') return { noun: 'flag', times: body.flags.map(({ at }) => at) };
  // An event that was seen again in the window belongs to it.
  if (body?.kind === 'events') return { noun: 'event', times: body.events.map(({ at, lastAt = at }) => lastAt) };
  return undefined;
}

function tellHappenedOutside(evidence: readonly EvidenceWithBody[]): readonly string[] {
  const parts = evidence.flatMap((item) => {
    const happened = listHappenings(item);
    const outside = happened?.times.filter((at) => !isWithin(item.evidence.window, at)).length ?? 0;
    if (!happened || outside === 0) return [];
    return [`${outside} of ${countOf(happened.times.length, happened.noun)} of ${item.evidence.id}`];
  });
  return parts.length === 0
    ? []
    : [
        `logs and metrics for the time of older records; these lie outside of the window, and were used all the same: ${nameFirst(parts, mostNamed)}`,
      ];
}

function tellAlertsOutside(
  alerts: readonly EngineInput['alerts'][number][],
  evidence: readonly EvidenceWithBody[],
): readonly string[] {
  const window = findMeasuredWindow(evidence);
  if (!window) return [];
  const outside = alerts.filter(({ startsAt }) => !isWithin(window, startsAt));
  if (outside.length === 0) return [];
  const named = nameFirst(
    outside.map(({ name, startsAt }) => `${name} at ${startsAt}`),
    mostNamed,
  );
  return [`what was going on when alerts began outside of the window (${named}); they were used all the same`];
}

/** From the first to the last moment of which logs, metrics or traces were asked for. */
function findMeasuredWindow(evidence: readonly EvidenceWithBody[]): TimeWindow | undefined {
  const windows = evidence
    .filter(({ evidence: { kind } }) => kind === 'logs' || kind === 'metrics' || kind === 'traces')
    .map(({ evidence: { window } }) => window);
  const from = Math.min(...windows.map((window) => Date.parse(window.from)));
  const to = Math.max(...windows.map((window) => Date.parse(window.to)));
  if (!Number.isFinite(from) || !Number.isFinite(to)) return undefined;
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
}

function isWithin(window: TimeWindow, at: string): boolean {
  const atMs = Date.parse(at);
  return atMs >= Date.parse(window.from) && atMs < Date.parse(window.to);
}
