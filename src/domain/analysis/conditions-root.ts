import type { Alert } from '../incident/alert.ts';
import type { Condition, ConditionKind } from './conditions.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';

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
 */
export function findRootCondition(facts: Facts, alerts: readonly Alert[]): RootCondition | undefined {
  const { conditions } = facts.surroundings;
  const all = [...conditions, ...findCrash(facts, conditions)];
  const open = all.filter((item) => !isExplained(item, all) && !isVictim(facts, item));
  const told = alerts
    .map((alert) => [alert.name, alert.summary, ...Object.values(alert.annotations)].join('\n'))
    .join('\n');
  const ranked = open
    .map((condition) => ({ condition, score: score(condition, all, told) }))
    .filter(({ score: points }) => points > 0)
    .sort((a, b) => b.score - a.score || (a.condition.firstAt < b.condition.firstAt ? -1 : 1));
  const top = ranked[0];
  if (!top) return undefined;
  const { condition } = top;
  const explained = all.filter((item) => item !== condition && (explains(condition, item) || isSame(condition, item)));
  const rivals = ranked
    .slice(1)
    .map((item) => item.condition)
    .filter((item) => !explained.includes(item));
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
    isShown: sources.has('event') || sources.has('metric'),
    confidence: Math.min(0.9, Math.max(0.2, confidence)),
  };
}

function score(condition: Condition, all: readonly Condition[], told: string): number {
  const follows = all.filter((item) => item !== condition && explains(condition, item)).length;
  return (
    rankWeight[condition.kind.rank] *
    condition.strength *
    (1 + 0.05 * Math.min(4, follows)) *
    (isTold(condition, told) ? 1.15 : 1)
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

function isSame(a: Condition, b: Condition): boolean {
  return a.kind.id === b.kind.id;
}

function explains(cause: Condition, effect: Condition): boolean {
  return (
    cause.kind.explains.includes(effect.kind.id) &&
    Date.parse(cause.firstAt) <= Date.parse(effect.signs.at(-1)?.lastAt ?? effect.signs.at(-1)?.firstAt ?? '') + slackMs
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
