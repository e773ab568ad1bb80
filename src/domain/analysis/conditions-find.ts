import type { EvidenceWithBody } from '../diagnosis/engine.ts';
import type { PlatformEvent } from '../evidence/evidence.ts';
import { readFailureText } from './calls.ts';
import { clusterConditions } from './conditions-cluster.ts';
import { databaseConditions } from './conditions-database.ts';
import { hostConditions } from './conditions-host.ts';
import { workloadConditions, workloadSymptoms } from './conditions-workload.ts';
import type { ResourceLevel } from './conditions-levels.ts';
import { format, readLevels } from './conditions-levels.ts';
import { readDips, readMovements, type Movement } from './conditions-movements.ts';
import type { QueryLoad } from './conditions-queries.ts';
import { readQueryLoads } from './conditions-queries.ts';
import type { Condition, ConditionKind, ConditionSign } from './conditions.ts';
import { groupSigns, matchKind } from './conditions.ts';
import type { LogPattern } from './log-patterns.ts';

/** An event with where it came from. */
export interface SeenEvent {
  readonly event: PlatformEvent;
  readonly service: string;
  readonly evidenceId: string;
}

/** What platform, databases and machines say of themselves, apart from what services log and change. */
export interface Surroundings {
  readonly conditions: readonly Condition[];
  readonly levels: readonly ResourceLevel[];
  /** Statements by the load that they put on a database, heaviest first. */
  readonly queries: readonly QueryLoad[];
  /** Events of the incident that tell of nothing wrong, oldest first. */
  readonly calm: readonly SeenEvent[];
  /** Events that look like trouble and were over before the incident. */
  readonly past: readonly SeenEvent[];
  /** Series that rose in the incident, and those that fell to next to nothing and came back. */
  readonly movements: readonly Movement[];
  readonly dips: readonly Movement[];
  /** Exit codes that the platform tells of. */
  readonly exits: readonly { readonly code: string; readonly evidenceId: string }[];
  /** Evidence ids of events that were read, empty or not: only where one was asked can nothing be said to be there. */
  readonly eventEvidence: readonly string[];
}

export const conditionKinds: readonly ConditionKind[] = [
  ...clusterConditions,
  ...workloadConditions,
  ...databaseConditions,
  ...hostConditions,
  ...workloadSymptoms,
];

/** Longest words of a platform that are quoted. */
const longestQuote = 320;

/** Reads conditions from events, from the failure patterns of logs, and from metrics with known limits. */
export function readSurroundings(evidence: readonly EvidenceWithBody[], patterns: readonly LogPattern[]): Surroundings {
  const calm: SeenEvent[] = [];
  const past: SeenEvent[] = [];
  const found: Parameters<typeof groupSigns>[0][number][] = [];
  const told: string[] = [];
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'events') continue;
    for (const event of body.events) {
      const seen: SeenEvent = { event, service: body.service, evidenceId: item.id };
      const kind = matchEvent(event);
      if (kind && (event.lastAt ?? event.at) < body.incidentFrom) past.push(seen);
      else if (kind) {
        found.push({ kind, service: body.service, sign: toSign(seen) });
        told.push(event.message);
      } else if (event.severity === 'info' && (event.lastAt ?? event.at) >= body.incidentFrom) calm.push(seen);
    }
  }
  for (const pattern of patterns) found.push(...matchPattern(pattern));
  const levels = readLevels(evidence, readQuotedLimits(told));
  for (const level of levels) {
    const kind = conditionKinds.find((item) => item.id === level.conditionId);
    if (kind && level.isOver) found.push({ kind, service: level.service, sign: levelSign(level) });
  }
  return {
    conditions: groupSigns(found),
    levels,
    queries: readQueryLoads(evidence),
    calm,
    past,
    movements: readMovements(evidence),
    dips: readDips(evidence),
    exits: readExits(found),
    eventEvidence: evidence.filter(({ body }) => body?.kind === 'events').map((item) => item.evidence.id),
  };
}

function readExits(found: Parameters<typeof groupSigns>[0]): Surroundings['exits'] {
  return found
    .filter(({ sign }) => sign.from === 'event')
    .flatMap(({ sign }) =>
      [...sign.text.matchAll(/exit[_ ]?code[:= ]+(\d{1,3})\b/gi)].map((match) => ({
        code: match[1] ?? '',
        evidenceId: sign.evidenceId,
      })),
    );
}

/** An event that the platform calls normal is a sign only of what is normal to it and hurts others: a failover, a reboot. */
function matchEvent(event: PlatformEvent): ConditionKind | undefined {
  const kinds = event.severity === 'info' ? conditionKinds.filter((kind) => kind.rank === 'origin') : conditionKinds;
  return matchKind(kinds, {
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    text: `${event.reason ?? ''} ${event.message}`,
  });
}

function toSign({ event, evidenceId }: SeenEvent): ConditionSign {
  return {
    from: 'event',
    object: event.object,
    ...(event.reason === undefined ? {} : { reason: event.reason }),
    text: quote(event.message),
    firstAt: event.at,
    ...(event.lastAt === undefined ? {} : { lastAt: event.lastAt }),
    count: event.count ?? 1,
    evidenceId,
  };
}

function matchPattern(pattern: LogPattern): readonly { kind: ConditionKind; service: string; sign: ConditionSign }[] {
  if (pattern.level !== 'error' && pattern.level !== 'warn') return [];
  const example = pattern.examples[0];
  const text = example ? readFailureText(example) : pattern.template;
  const kind = matchKind(conditionKinds, { text, isLog: true });
  if (!kind) return [];
  const sign: ConditionSign = {
    from: 'log',
    object: pattern.service,
    text: quote(example?.message ?? pattern.template),
    firstAt: pattern.firstAt,
    count: pattern.after,
    evidenceId: pattern.evidenceId,
  };
  return [{ kind, service: pattern.service, sign }];
}

function levelSign(level: ResourceLevel): ConditionSign {
  return {
    from: 'metric',
    object: level.object,
    text: describeLevel(level),
    firstAt: level.firstAt,
    count: 1,
    evidenceId: level.evidenceId,
  };
}

/** A level in words: `cpu_usage of db-1 went from 20 % to 97 % (limit 90 %)`. */
export function describeLevel(level: ResourceLevel): string {
  const { name, object, unit, first, worst, last, limit } = level;
  const turned = worst === last ? '' : `, ${format(last, unit)} at the end`;
  return `${name} of ${object} went from ${format(first, unit)} to ${format(worst, unit)}${turned} (limit ${limit})`;
}

/** Limits of connections that the platform's own words state: `469 of 500`, `469/500`, `max_connections = 500`. */
function readQuotedLimits(texts: readonly string[]): readonly number[] {
  const limits = texts
    .filter((text) => /connection|session/i.test(text))
    .flatMap((text) => [
      ...[...text.matchAll(/\b\d+\s*(?:of|\/|out of)\s*(?:max(?:imum)?\s*)?(\d+)\b/gi)].map((match) =>
        Number(match[1]),
      ),
      ...[...text.matchAll(/max_connections\D{0,12}(\d+)\b/gi)].map((match) => Number(match[1])),
    ]);
  return [...new Set(limits)];
}

function quote(text: string): string {
  const flat = text.replace(/\s+/g, ' ').replaceAll('`', "'").trim();
  return flat.length > longestQuote ? `${flat.slice(0, longestQuote)}…` : flat;
}
