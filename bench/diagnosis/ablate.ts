import { bodyKinds } from '../../src/adapters/bundle/layout.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { EvidenceBody } from '../../src/domain/evidence/evidence.ts';

/** What `without` takes away: kinds of evidence, and the call graph. */
export const removableKinds = [...bodyKinds, 'graph'] as const;

/** So much of what came after an alert is seen by whoever looks at once. */
const afterAlertMs = 60_000;

/**
 * A bundle without some kinds of evidence (`logs`, `changes` …; `graph` is the call graph): what is taken away must lead to fewer
 * answers, never to wrong ones that are told with confidence.
 */
export function without({ input, ...bundle }: Bundle, kinds: readonly string[]): Bundle {
  return {
    ...bundle,
    input: {
      ...input,
      dependencies: kinds.includes('graph') ? {} : input.dependencies,
      evidence: input.evidence.filter(({ evidence }) => !kinds.includes(evidence.kind)),
    },
  };
}

/** A bundle as it was a minute after its first alert, which is when a running Resident would have looked. */
export function cutAtAlert({ window, input, ...rest }: Bundle): Bundle {
  const firedMs = Math.min(...input.alerts.map(({ startsAt }) => Date.parse(startsAt)));
  const untilMs = firedMs + afterAlertMs;
  if (!(untilMs < Date.parse(window.to))) return { ...rest, window, input };
  const to = new Date(untilMs).toISOString();
  const evidence = input.evidence.map(({ evidence: item, body }) => ({
    evidence: { ...item, window: { ...item.window, to: item.window.to < to ? item.window.to : to } },
    ...(body ? { body: cutBody(body, (at) => Date.parse(at) <= untilMs) } : {}),
  }));
  return { ...rest, window: { ...window, to }, input: { ...input, evidence } };
}

function cutBody(body: EvidenceBody, isSeen: (at: string) => boolean): EvidenceBody {
  const seen = <T extends { readonly at: string }>(items: readonly T[]) => items.filter(({ at }) => isSeen(at));
  switch (body.kind) {
    case 'logs':
      return { ...body, lines: seen(body.lines) };
    case 'metrics':
      return {
        ...body,
        series: body.series.map((series) => ({ ...series, points: series.points.filter(([at]) => isSeen(at)) })),
      };
    case 'traces':
      return { ...body, spans: seen(body.spans) };
    case 'changes':
      return { ...body, changes: seen(body.changes) };
    case 'deploys':
      return { ...body, deploys: seen(body.deploys) };
    case 'flags':
      return { ...body, flags: seen(body.flags) };
    case 'events':
      return { ...body, events: seen(body.events) };
    case 'source':
    case 'lessons':
      return body;
  }
}
