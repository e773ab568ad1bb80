import type { EngineInput, EvidenceWithBody } from '../diagnosis/engine.ts';
import type { TimeWindow } from '../evidence/evidence.ts';
import { countOf, nameFirst } from '../text.ts';
import type { SpanFacts } from './spans/facts.ts';
import { tellPartialRequests } from './spans/missing.ts';

/** So many are named one by one; of the rest the number is told. */
const mostNamed = 5;
const mostCut = 10;

/**
 * What was looked at only in part, in sentences: evidence of which something was left out, happenings and alerts outside of the window, and
 * requests of which spans are lacking. Unlike the sources that failed it casts no doubt by itself.
 */
export function tellPartlySeen(
  input: Pick<EngineInput, 'alerts' | 'evidence' | 'service' | 'dependencies'>,
  spans: SpanFacts | undefined,
): readonly string[] {
  const evidence = [...input.evidence].sort((a, b) => (a.evidence.id < b.evidence.id ? -1 : 1));
  return [
    ...tellUnseenNeighbours(input),
    ...tellTruncated(evidence),
    ...tellHappenedOutside(evidence),
    ...tellAlertsOutside(input.alerts, evidence),
    ...(spans ? tellPartialRequests(spans.orphans, spans.unseenCalls) : []),
  ];
}

/** Whom the alerting service calls without anything of them in the evidence, not even that there was nothing. */
function tellUnseenNeighbours({
  service,
  dependencies,
  evidence,
}: Pick<EngineInput, 'evidence' | 'service' | 'dependencies'>): readonly string[] {
  const seen = new Set(evidence.map(({ evidence: item }) => item.service));
  const unseen = (dependencies[service] ?? []).filter((name) => !seen.has(name));
  return unseen.length === 0 ? [] : [`any evidence of ${nameFirst(unseen, mostNamed)}, which ${service} calls`];
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
        `what was going on around that which happened outside of the window, and was used all the same: ${nameFirst(parts, mostNamed)}`,
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
