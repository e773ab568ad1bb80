import type { EvidenceWithBody } from '../../diagnosis/engine.ts';
import type { PlatformEvent } from '../../evidence/evidence.ts';
import type { Alert } from '../../incident/alert.ts';
import { readFailureText } from '../calls.ts';
import { clusterConditions } from './cluster.ts';
import { databaseConditions } from './database.ts';
import { hostConditions } from './host.ts';
import { middlewareConditions, providerConditions } from './middleware.ts';
import { workloadConditions, workloadSymptoms } from './workload.ts';
import type { QuotedLimits } from './levels.ts';
import type { ResourceLevel } from './limits.ts';
import { formatQuantity } from './format-quantity.ts';
import { readLevels } from './levels.ts';
import { readLockWaits } from './lock-waits.ts';
import { readDips, readMovements, type Movement } from './movements.ts';
import type { QueryLoad } from './queries.ts';
import { readQueryLoads } from './queries.ts';
import type { Condition, ConditionKind, ConditionSign } from './conditions.ts';
import { groupSigns, matchKind } from './conditions.ts';
import { isBlip, isMeant, listUndecided, type Found, type SeenEvent } from './set-aside.ts';

export type { SeenEvent } from './set-aside.ts';
import type { LogPattern } from '../logs/patterns.ts';

/** What platform, databases and machines say of themselves, apart from what services log and change. */
export interface Surroundings {
  readonly conditions: readonly Condition[];
  readonly levels: readonly ResourceLevel[];
  /** Statements by the load that they put on a database, heaviest first. */
  readonly queries: readonly QueryLoad[];
  /** Events of the incident that tell of nothing wrong, oldest first. */
  readonly calm: readonly SeenEvent[];
  /** Warnings and errors of the incident that no row of the tables knows. */
  readonly unclear: readonly SeenEvent[];
  /** Warnings and errors of the incident, whether a row knows them or not. */
  readonly warnings: readonly SeenEvent[];
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
  ...middlewareConditions,
  ...workloadConditions,
  ...clusterConditions,
  ...databaseConditions,
  ...hostConditions,
  ...workloadSymptoms,
  ...providerConditions,
];

/** Longest words of a platform that are quoted. */
const longestQuote = 320;

/**
 * Reads conditions from events, from the failure patterns of logs, and from metrics with known limits.
 * Each row of the tables names its source; that an effect outweighs what is routine is our own rule. O((e + p) · r + f² + n) for e
 * events, p patterns, r rows, f findings and n points of series.
 */
export function readSurroundings(
  evidence: readonly EvidenceWithBody[],
  patterns: readonly LogPattern[],
  alerts: readonly Pick<Alert, 'summary' | 'annotations'>[] = [],
): Surroundings {
  const seen = sortEvents(evidence, estimateOnset(patterns));
  const told = seen.found.map(({ sign }) => sign.text);
  const spoken = alerts.flatMap((alert) => [alert.summary, ...Object.values(alert.annotations)]);
  const levels = [...readLevels(evidence, readQuotedLimits(told, spoken)), ...readLockWaits(evidence)];
  const found: Found[] = [...seen.found, ...patterns.flatMap(matchPattern)];
  for (const level of levels) {
    const kind = conditionKinds.find((item) => item.id === level.conditionId);
    if (kind && level.isOver) found.push({ kind, service: level.service, sign: levelSign(level) });
  }
  const aside = found.filter((item) => !isMeant(item, found, patterns, evidence));
  return {
    conditions: groupSigns(found.filter((item) => !aside.includes(item))).map((condition) => ({
      ...condition,
      hasPassed: isBlip(condition, evidence) || condition.signs.every((sign) => isOver(sign, seen, levels)),
    })),
    levels,
    queries: readQueryLoads(evidence),
    calm: seen.calm,
    unclear: [...seen.unclear, ...listUndecided(found, aside)],
    warnings: seen.warnings,
    past: seen.past,
    movements: readMovements(evidence),
    dips: readDips(evidence),
    exits: readExits(found),
    eventEvidence: evidence.filter(({ body }) => body?.kind === 'events').map((item) => item.evidence.id),
  };
}

type Sorted = Pick<Surroundings, 'calm' | 'unclear' | 'warnings' | 'past'> & { readonly found: readonly Found[] };

/** When the gravest lines began to fail: somebody reports an incident minutes after it began, and what was told meanwhile belongs to it. */
function estimateOnset(patterns: readonly LogPattern[]): string | undefined {
  const failing = patterns.filter(({ level }) => level === 'error' || level === 'warn');
  const gravest = Math.max(0, ...failing.map(({ weight }) => weight));
  return failing
    .filter(({ weight }) => weight === gravest)
    .map(({ firstAt }) => firstAt)
    .sort()[0];
}

function sortEvents(evidence: readonly EvidenceWithBody[], onset: string | undefined): Sorted {
  const calm: SeenEvent[] = [];
  const unclear: SeenEvent[] = [];
  const warnings: SeenEvent[] = [];
  const past: SeenEvent[] = [];
  const found: Found[] = [];
  for (const { evidence: item, body } of evidence) {
    if (body?.kind !== 'events') continue;
    const from = onset !== undefined && onset < body.incidentFrom ? onset : body.incidentFrom;
    for (const event of body.events) {
      const seen: SeenEvent = { event, service: body.service, evidenceId: item.id };
      const isNow = (event.lastAt ?? event.at) >= from;
      const kind = matchEvent(event);
      if (isNow && event.severity !== 'info') warnings.push(seen);
      // What is routine may wait for a restart before it takes effect.
      if (kind && (isNow || kind.needsEffect))
        found.push({ kind, service: body.service, sign: toSign(seen), event: seen });
      else if (kind) past.push(seen);
      else if (isNow) (event.severity === 'info' ? calm : unclear).push(seen);
    }
  }
  return { calm, unclear, warnings, past, found };
}

const wellAgain =
  /\b(recovered|restored|resolved|back to normal|no longer|cleared|caught up|has been (increased|extended|expanded|resumed)|autoscaling[^\n]{0,20}completed|is (now )?(available|ready|healthy))\b/i;
const well = /^(ready|available|running|healthy|ok|started)$/i;

/** A metric that is clear of its limit at the end; an event after which its object was called well; words of logs never end. */
function isOver(sign: ConditionSign, seen: Sorted, levels: readonly ResourceLevel[]): boolean {
  if (sign.from === 'metric')
    return levels.some(
      (level) => level.evidenceId === sign.evidenceId && sign.text === describeLevel(level) && level.isBack,
    );
  if (sign.from === 'log') return false;
  const lastAt = sign.lastAt ?? sign.firstAt;
  return [...seen.calm, ...seen.unclear].some(
    ({ event }) =>
      event.object === sign.object &&
      event.at > lastAt &&
      (well.test(event.reason ?? '') || wellAgain.test(event.message)),
  );
}

function readExits(found: readonly Found[]): Surroundings['exits'] {
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
    ...(event.severity === 'error' ? { isGrave: true as const } : {}),
    evidenceId,
  };
}

function matchPattern(pattern: LogPattern): readonly { kind: ConditionKind; service: string; sign: ConditionSign }[] {
  const example = pattern.examples[0];
  const text = example ? readFailureText(example) : pattern.template;
  const isNote = pattern.level !== 'error' && pattern.level !== 'warn';
  const kind = matchKind(conditionKinds, { text, isLog: true, isNote });
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
  const turned = worst === last ? '' : `, ${formatQuantity(last, unit)} at the end`;
  return `${name} of ${object} went from ${formatQuantity(first, unit)} to ${formatQuantity(worst, unit)}${turned} (limit ${limit})`;
}

/**
 * Limits of connections: the platform's own words (`469 of 500`, `469/500`, `max_connections = 500`), and the shares that an alert
 * tells (`98 % of max_connections`).
 */
function readQuotedLimits(told: readonly string[], spoken: readonly string[]): QuotedLimits {
  const about = (texts: readonly string[]) => texts.filter((text) => /connection|session/i.test(text));
  const limits = about(told).flatMap((text) => [
    ...[...text.matchAll(/\b\d+\s*(?:of|\/|out of)\s*(?:max(?:imum)?\s*)?(\d+)\b/gi)].map((match) => Number(match[1])),
    ...[...text.matchAll(/max_connections\D{0,12}(\d+)\b/gi)].map((match) => Number(match[1])),
  ]);
  const shares = about(spoken).flatMap((text) =>
    [...text.matchAll(/\b(\d{1,3}(?:\.\d+)?)\s?%\s(?:of\s)?(?:the\s|its\s)?(?:max|connection limit|limit)/gi)].map(
      (match) => Number(match[1]) / 100,
    ),
  );
  return { limits: [...new Set(limits)], shares: shares.filter((share) => share > 0 && share <= 1) };
}

function quote(text: string): string {
  const flat = text.replace(/\s+/g, ' ').replaceAll('`', "'").trim();
  return flat.length > longestQuote ? `${flat.slice(0, longestQuote)}…` : flat;
}
