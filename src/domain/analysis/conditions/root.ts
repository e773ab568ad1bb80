import type { Alert } from '../../incident/alert.ts';
import { findDrivers } from './drivers.ts';
import { conditionKinds } from './find.ts';
import { readWords } from './series-words.ts';
import type { Condition, ConditionKind } from './conditions.ts';
import type { Facts } from '../facts.ts';
import { failurePatterns } from '../facts.ts';
import type { Suspicion } from '../suspicion.ts';

/** The condition that explains the others, with those that it explains and those that it does not. */
export interface RootCondition {
  readonly condition: Condition;
  readonly explained: readonly Condition[];
  /** Conditions that stand beside it unexplained, strongest first. */
  readonly rivals: readonly Condition[];
  /** The platform or a measured limit shows it, rather than an application's words alone. */
  readonly isShown: boolean;
  /** 0 to 1. */
  readonly confidence: number;
}

const rankWeight: Readonly<Record<ConditionKind['rank'], number>> = { origin: 1.2, cause: 1, weak: 0.7, symptom: 0 };
/** An effect may be noticed a little before its cause: sources report on intervals of a minute or two. */
const slackMs = 120_000;
/** A metric or a log of a service that the symptoms hardly point to tells of something else. */
const leastSuspect = 0.3;
const endingWell = /SIGTERM|graceful|shutting down|shutdown|drain/i;

/** A container that keeps ending by an exception of its own, where nothing around it explains that. */
const applicationCrash: ConditionKind = {
  id: 'application-crash',
  category: 'code-change',
  rank: 'weak',
  name: 'a process that ends by an error of its own',
  mechanism: 'The process ends by an unhandled error each time it is started; nothing around it explains that.',
  explains: ['restarting', 'not-ready', 'probe-failing', 'rollout-stuck'],
  source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-pods/',
};

/**
 * Follows the table's `explains` back to what no other condition explains. What came clearly later explains nothing. O(n²) in the
 * number of conditions, which are few.
 * Our own rule over the mechanisms that the rows cite.
 */
export function findRootCondition(
  facts: Facts,
  suspicions: readonly Suspicion[],
  alerts: readonly Alert[],
): RootCondition | undefined {
  const suspectOf = (service: string) => suspicions.find((item) => item.service === service)?.share ?? 0;
  const present = facts.surroundings.conditions.filter((item) => !isHarmless(facts, item));
  const shown = present.filter((item) => isPlatforms(item) || suspectOf(item.service) >= leastSuspect);
  const near = present.filter((item) => shown.some((other) => item === other || isSame(item, other)));
  const told = alerts
    .map((alert) => [alert.name, alert.summary, ...Object.values(alert.annotations)].join('\n'))
    .join('\n');
  // A neighbour's trouble is the cause only where there is no other; it explains nothing here.
  const here = near.filter((item) => !isElsewhere(item, told, facts));
  const conditions = here.length > 0 ? here : near;
  const all = [...conditions, ...findCrash(facts, conditions), ...findTold(facts, conditions, alerts)].filter(
    (item, _, list) => !isPassedOn(facts, item, list),
  );
  const open = all.filter((item) => !isExplained(item, all) && !isVictim(facts, item));
  const ranked = open
    .map((condition) => ({
      condition,
      score: score(condition, all, told, facts) * (isPlatforms(condition) ? 1 : suspectOf(condition.service)),
    }))
    .filter(({ score: points }) => points > 0)
    .sort((a, b) => b.score - a.score || (a.condition.firstAt < b.condition.firstAt ? -1 : 1));
  const top = ranked[0];
  if (!top) return undefined;
  const { condition } = top;
  const explained = all.filter((item) => item !== condition && (explains(condition, item) || isSame(condition, item)));
  const rivals = [
    ...ranked
      .slice(1)
      .map((item) => item.condition)
      .filter((item) => !explained.includes(item)),
    ...near.filter((item) => !conditions.includes(item)),
  ];
  const strong = rivals.filter((item) => item.strength >= 0.65 && item.kind.category !== condition.kind.category);
  const sources = new Set(
    [condition, ...explained.filter((item) => isSame(condition, item))].flatMap((item) =>
      item.signs.map((sign) => sign.from),
    ),
  );
  const confidence =
    (sources.has('event') ? 0.75 : sources.has('metric') ? 0.65 : 0.45) +
    0.1 * (sources.size - 1) +
    (isTold(condition, told) ? 0.03 : 0) -
    (condition.kind.rank === 'weak' ? 0.12 : 0) -
    (strong.length > 0 ? 0.2 : 0);
  return {
    condition,
    explained,
    rivals,
    isShown: (sources.has('event') || sources.has('metric')) && condition.kind.isHearsay !== true,
    confidence: Math.min(0.9, Math.max(0.2, confidence)),
  };
}

/** True for an id of the tables. */
export function isKnownCondition(id: string): boolean {
  return id === applicationCrash.id || conditionKinds.some((kind) => kind.id === id);
}

/** What was there for a while, is over, and left no failure behind. */
export function isHarmless(facts: Facts, condition: Condition): boolean {
  return (
    condition.hasPassed &&
    condition.kind.rank !== 'origin' &&
    failurePatterns(facts).length === 0 &&
    !condition.signs.some((sign) => sign.isGrave)
  );
}

function score(condition: Condition, all: readonly Condition[], told: string, facts: Facts): number {
  const follows = all.filter((item) => item !== condition && explains(condition, item)).length;
  return (
    rankWeight[condition.kind.rank] *
    condition.strength *
    (1 + 0.05 * Math.min(4, follows)) *
    (isTold(condition, told) ? 1.15 : 1) *
    (isElsewhere(condition, told, facts) ? 0.5 : 1) *
    (isLate(condition, all) ? 0.7 : 1)
  );
}

/** It happened to a thing that neither the alert nor the service's name speaks of: a neighbour's trouble. Pods and nodes carry other names. */
function isElsewhere({ kind: { needsEffect }, signs, service }: Condition, told: string, facts: Facts): boolean {
  // A group of parameters has a name of its own, and its effect is seen here.
  if (needsEffect === true) return false;
  return signs.every((sign) => {
    const [kind = '', name = ''] = sign.object.includes('/') ? sign.object.split('/') : ['', sign.object];
    if (/^(pod|node|replicaset|deployment|job|daemonset|statefulset)$/i.test(kind) || name === '') return false;
    const known = [service, ...facts.services];
    return !told.includes(name) && !known.some((item) => name.startsWith(item) || item.startsWith(name));
  });
}

/** An origin that came after another strong state, which it does not explain, is no origin of it. */
function isLate(condition: Condition, all: readonly Condition[]): boolean {
  return (
    condition.kind.rank === 'origin' &&
    all.some(
      (item) =>
        item.kind.rank === 'cause' &&
        item.strength >= 0.65 &&
        !explains(condition, item) &&
        Date.parse(item.firstAt) < Date.parse(condition.firstAt) - slackMs,
    )
  );
}

/** The alert speaks of it, or of the thing that it was seen at. */
function isTold(condition: Condition, told: string): boolean {
  return (
    condition.kind.words?.test(told) === true ||
    condition.signs.some((sign) => {
      const name = sign.object.split('/').at(-1) ?? '';
      return name.length > 3 && told.includes(name);
    })
  );
}

/** The same state, told by a second source of another name; a resource that is full at two services is two states. */
function isSame(a: Condition, b: Condition): boolean {
  const isMeasured = [a, b].some((item) => item.signs.every((sign) => sign.from === 'metric'));
  return a.kind.id === b.kind.id && (a.service === b.service || !isMeasured);
}

function isPlatforms(condition: Condition): boolean {
  return condition.signs.some((sign) => sign.from === 'event');
}

function explains(cause: Condition, effect: Condition): boolean {
  return (
    cause.kind.explains.includes(effect.kind.id) &&
    // What hardly shows does not explain away what plainly does.
    cause.strength >= effect.strength - 0.15 &&
    Date.parse(cause.firstAt) <= Date.parse(effect.firstAt) + slackMs
  );
}

/** Explained by something that is not itself a mere symptom; of two that explain each other the earlier one is taken. */
function isExplained(item: Condition, all: readonly Condition[]): boolean {
  return all.some(
    (other) =>
      other !== item &&
      other.kind.rank !== 'symptom' &&
      explains(other, item) &&
      (!explains(item, other) || other.firstAt < item.firstAt),
  );
}

/** A probe that fails while the application itself tells of errors shows those errors. */
function isVictim(facts: Facts, { kind, service }: Condition): boolean {
  if (kind.id !== 'probe-failing') return false;
  return failurePatterns(facts, service).some((pattern) => !endingWell.test(pattern.template));
}

/** A caller's log repeats what the service that it calls, whose own state it is, told it. */
function isPassedOn(facts: Facts, item: Condition, all: readonly Condition[]): boolean {
  return (
    item.signs.every((sign) => sign.from === 'log') &&
    all.some(
      (other) =>
        other.kind.id === item.kind.id &&
        facts.dependencies[item.service]?.includes(other.service) === true &&
        facts.dependencies[other.service]?.includes(item.service) !== true,
    )
  );
}

function findCrash(facts: Facts, conditions: readonly Condition[]): readonly Condition[] {
  const restarting = conditions.find((item) => item.kind.id === 'restarting');
  const hasCause = conditions.some((item) => item.kind.rank !== 'symptom' && item.kind.id !== 'probe-failing');
  if (!restarting || hasCause) return [];
  const patterns = failurePatterns(facts, restarting.service).filter((pattern) =>
    /exception|panic|traceback|fatal|unhandled|uncaught|assert|segfault|\w+Error\b/i.test(pattern.template),
  );
  const first = patterns[0];
  if (!first) return [];
  return [
    {
      kind: applicationCrash,
      service: restarting.service,
      firstAt: first.firstAt,
      strength: 0.6,
      hasPassed: false,
      signs: [
        {
          from: 'log',
          object: restarting.service,
          text: first.template.slice(0, 300),
          firstAt: first.firstAt,
          count: first.after,
          evidenceId: first.evidenceId,
        },
      ],
    },
  ];
}

/** What an alert's name and text call the resource that it watches. */
const toldAs: readonly (readonly [string, RegExp])[] = [
  ['replication-lag', /replica(tion)? ?(lag|delay)/],
  ['storage-full', /free storage|storage (space|full|low)|disk (space|full|usage)/],
  ['cpu-saturated', /\bcpu\b/],
  ['connections-exhausted', /\bconnections?\b.*(high|exhaust|limit|max|saturat)/],
  ['io-saturated', /\b(iops|disk queue|io wait|write latency|read latency)\b/],
];

/**
 * What only the alert tells, because the series that it watches was not collected: believed a little where other evidence shows what
 * drives such a state. Where the series is at hand, it speaks for itself.
 */
function findTold(facts: Facts, conditions: readonly Condition[], alerts: readonly Alert[]): readonly Condition[] {
  if (conditions.some((item) => item.kind.rank !== 'symptom')) return [];
  const firing = alerts.filter((alert) => alert.status === 'firing' && alert.severity !== 'info');
  for (const alert of firing) {
    const words = readWords(`${alert.name} ${alert.summary}`);
    for (const [id, pattern] of toldAs) {
      const kind = conditionKinds.find((item) => item.id === id);
      if (!kind || !pattern.test(words) || facts.surroundings.levels.some((level) => level.conditionId === id))
        continue;
      const driven = findDrivers(facts, alert.service, id);
      const [first] = driven;
      if (!first) continue;
      const sign = {
        object: alert.service,
        text: first.text,
        firstAt: alert.startsAt,
        count: 1,
        evidenceId: first.evidence[0] ?? '',
      };
      return [
        {
          kind,
          service: alert.service,
          signs: [{ ...sign, from: 'told' }],
          firstAt: alert.startsAt,
          strength: 0.4,
          hasPassed: false,
        },
      ];
    }
  }
  return [];
}
