import type { Claim, RuledOut } from '../../diagnosis/diagnosis.ts';
import { describeLevel, type SeenEvent, type Surroundings } from './find.ts';
import type { ResourceLevel } from './limits.ts';
import { formatQuantity } from './format-quantity.ts';
import { findDriver, findDrivers, waitsOf } from './drivers.ts';
import type { RootCondition } from './root.ts';
import type { Condition, ConditionSign } from './conditions.ts';
import type { Facts } from '../facts.ts';

const mostSigns = { origin: 6, other: 3 } as const;

/** The argument for a condition as the cause: what was seen, what it means, what drives it and what follows from it. */
export function describeCondition(facts: Facts, root: RootCondition): readonly Claim[] {
  const { condition, explained } = root;
  const same = explained.filter((item) => item.kind.id === condition.kind.id);
  const signs = pickSigns([condition, ...same]);
  const evidence = [...new Set(signs.map((sign) => sign.evidenceId))];
  const effects = explained.filter((item) => item.kind.id !== condition.kind.id);
  return [
    ...signs.map(describeSign),
    { text: `This is ${condition.kind.name}. ${condition.kind.mechanism}`, evidence },
    ...findDrivers(facts, condition.service, condition.kind.id),
    ...effects.map((effect): Claim => {
      const [sign] = pickSigns([effect]);
      return {
        text: `From it follows ${effect.kind.name}${sign ? `: ${quoteSign(sign)}` : ''}.`,
        evidence: effect.signs.map((item) => item.evidenceId).filter((id, i, all) => all.indexOf(id) === i),
      };
    }),
    ...describeExits(facts),
    ...describeRecovery(facts, condition),
  ];
}

/** What the platform tells of a service whose change is accused, two sentences at most. */
export function describeStates({ conditions }: Surroundings, service: string): readonly Claim[] {
  const told = conditions.filter((item) => item.service === service && item.signs.some(({ from }) => from === 'event'));
  return told.flatMap((item) => pickSigns([item]).slice(0, 1).map(describeSign)).slice(0, 2);
}

/** The first few of each kind of source, each said once; oldest first, as they happened. */
function pickSigns(conditions: readonly Condition[]): readonly ConditionSign[] {
  const all = conditions.flatMap((item) => item.signs);
  const distinct = all.filter(
    (sign, i) => all.findIndex((other) => other.object === sign.object && other.text === sign.text) === i,
  );
  const most = conditions[0]?.kind.rank === 'origin' ? mostSigns.origin : mostSigns.other;
  const events = distinct.filter((sign) => sign.from === 'event');
  const metrics = distinct.filter((sign) => sign.from === 'metric');
  const others = distinct.filter((sign) => sign.from === 'log' || sign.from === 'told');
  return [...events.slice(0, most), ...metrics.slice(0, 2), ...others.slice(0, 2)].sort((a, b) =>
    a.firstAt < b.firstAt ? -1 : a.firstAt > b.firstAt ? 1 : 0,
  );
}

function describeSign(sign: ConditionSign): Claim {
  return { text: `${quoteSign(sign)}.`, evidence: [sign.evidenceId] };
}

function quoteSign(sign: ConditionSign): string {
  if (sign.from === 'told') return `the alert tells of it, and its own series was not collected; ${sign.text}`;
  if (sign.from === 'metric') return `${sign.text}, past it since ${sign.firstAt}`;
  const reason = sign.reason === undefined || sign.reason === '' ? '' : ` ${sign.reason}`;
  const often = sign.count > 1 ? `${sign.count} times ` : '';
  const until = sign.lastAt === undefined || sign.lastAt === sign.firstAt ? '' : ` to ${sign.lastAt}`;
  const when = until === '' ? `at ${sign.firstAt}` : `from ${sign.firstAt}${until}`;
  return sign.from === 'log'
    ? `${sign.object} logs \`${sign.text}\`, ${often}since ${sign.firstAt}`
    : `The platform tells of ${sign.object}${reason}, ${often}${when}: \`${sign.text}\``;
}

const exits: Readonly<Record<string, string>> = {
  '0': 'the process ended cleanly when it was told to, so it neither crashed nor was killed for memory',
  '1': 'the process ended by an error of its own',
  '137': 'the process was killed (SIGKILL), as the kernel does when memory runs out',
  '139': 'the process crashed by a bad memory access (SIGSEGV)',
  '143': 'the process was told to end (SIGTERM)',
};

/** What exit codes mean, where the platform or a log tells them. */
function describeExits(facts: Facts): readonly Claim[] {
  const seen = new Map<string, Set<string>>();
  for (const { code, evidenceId } of facts.surroundings.exits) {
    const ids = seen.get(code) ?? new Set<string>();
    seen.set(code, ids.add(evidenceId));
  }
  return [...seen].flatMap(([code, ids]) =>
    exits[code] === undefined
      ? []
      : [{ text: `Containers end with exit code ${code}: ${exits[code]}.`, evidence: [...ids] }],
  );
}

function describeRecovery(facts: Facts, condition: Condition): readonly Claim[] {
  if (condition.kind.rank !== 'origin') return [];
  const back = facts.surroundings.dips.filter((item) => item.service === condition.service);
  if (back.length === 0) return [];
  return [
    {
      text: `The workload has recovered: ${back.map((item) => `${item.name} fell to ${formatQuantity(item.low)} and is back at ${formatQuantity(item.last)} (${formatQuantity(item.first)} before)`).join(', ')}.`,
      evidence: [...new Set(back.map((item) => item.evidenceId))],
    },
  ];
}

/** Other states that stand unexplained beside the cause, and that the platform itself shows: whoever reads this must know. */
export function weighAgainst(rivals: readonly Condition[]): readonly Claim[] {
  return rivals
    .filter((rival) => rival.signs.some((sign) => sign.from !== 'log'))
    .slice(0, 2)
    .map((rival) => ({
      text: `There is ${rival.kind.name} as well, which this does not explain.`,
      evidence: [...new Set(rival.signs.map((sign) => sign.evidenceId))],
    }));
}

/** What was looked at beside the cause and why it is not it. */
export function ruleOutOthers(facts: Facts, root: RootCondition): readonly RuledOut[] {
  return [
    ...root.rivals.slice(0, 4).map((rival): RuledOut => ({
      candidate: rival.kind.name,
      reason: `${explainRival(rival, root)}: ${pickSigns([rival]).slice(0, 1).map(quoteSign).join('')}`,
      evidence: [...new Set(rival.signs.map((sign) => sign.evidenceId))],
    })),
    ...ruleOutLevels(facts, root),
    ...ruleOutPast(facts, root),
    ...ruleOutCalm(facts, root),
    ...ruleOutUsual(facts, root),
  ];
}

function explainRival(rival: Condition, root: RootCondition): string {
  if (rival.firstAt > root.condition.firstAt) return 'it came later and explains less';
  return rival.strength < root.condition.strength
    ? 'less of the evidence shows it'
    : 'it explains less of what is seen';
}

function ruleOutLevels(facts: Facts, root: RootCondition): readonly RuledOut[] {
  const shown = new Set([root.condition, ...root.explained, ...root.rivals].map((item) => item.kind.id));
  const levels = facts.surroundings.levels.filter(
    (level) => level.hasMoved && !level.isOver && !shown.has(level.conditionId),
  );
  const blamed = findDriver(facts.surroundings.queries, waitsOf(root.condition.kind.id));
  return levels.slice(0, 4).map((level): RuledOut => {
    const own = findDriver(facts.surroundings.queries, waitsOf(level.conditionId).slice(0, 1));
    const other = own !== undefined && own !== blamed ? own : undefined;
    const origin =
      other && blamed
        ? `; its load comes from another query, \`${other.statement.slice(0, 200)}\`, and not from \`${blamed.statement.slice(0, 60)}\``
        : '';
    return {
      candidate: `${level.name} of ${level.object}`,
      reason: `not the cause: ${describeLevel(level)}, so it moved and stayed short of its limit${origin}`,
      evidence: [level.evidenceId, ...(other ? [other.evidenceId] : [])],
    };
  });
}

/** What happens again in the incident is no trouble of the past: the incident began earlier than was reported. */
function ruleOutPast(facts: Facts, root: RootCondition): readonly RuledOut[] {
  const signs = [root.condition, ...root.explained].flatMap((item) => item.signs);
  const isOver = ({ event }: SeenEvent) =>
    signs.every((sign) => sign.object !== event.object || sign.reason !== event.reason);
  const past = facts.surroundings.past.filter(isOver);
  return past.slice(0, 4).map(({ event, evidenceId }) => ({
    candidate: `${event.reason ?? 'event'} of ${event.object}`,
    reason: `it was over at ${event.lastAt ?? event.at}, before the incident: \`${event.message.slice(0, 160)}\``,
    evidence: [evidenceId],
  }));
}

function ruleOutCalm(facts: Facts, root: RootCondition): readonly RuledOut[] {
  const hit = new Set([root.condition, ...root.explained].flatMap((item) => item.signs.map((sign) => sign.object)));
  return ['Pod', 'Node'].flatMap((kind): readonly RuledOut[] => {
    const calm = facts.surroundings.calm.filter(
      ({ event }) =>
        event.object.startsWith(`${kind}/`) && /ready/i.test(`${event.reason ?? ''}`) && !hit.has(event.object),
    );
    if (calm.length === 0) return [];
    const names = calm.slice(0, 6).map(({ event }) => event.object);
    const reason = 'they report that they are ready';
    return [{ candidate: names.join(', '), reason, evidence: [...new Set(calm.map((item) => item.evidenceId))] }];
  });
}

/** The first things that a person would ask about a workload that does not run. Events that are absent prove nothing, so only that is said. */
const usual: readonly (readonly [RegExp, string, string])[] = [
  [
    /^out-of-memory|memory-short$/,
    'out of memory',
    'no event and no log line of the incident tells of a kill for memory',
  ],
  [/^image|^registry/, 'image pull', 'no event tells of an image that could not be pulled'],
  [/^unschedulable|^quota|^node-pressure/, 'scheduling', 'no event tells of a pod without a node'],
  [/^node|^host-taken/, 'nodes', 'no event tells of a node that was lost'],
];

function ruleOutUsual(facts: Facts, root: RootCondition): readonly RuledOut[] {
  const { conditions, eventEvidence, calm } = facts.surroundings;
  const isWorkload = [
    ...root.condition.signs.map((sign) => sign.object),
    ...calm.map(({ event }) => event.object),
  ].some((object) => /^(Pod|Deployment|ReplicaSet|StatefulSet|DaemonSet|Job)\//.test(object));
  if (!isWorkload || eventEvidence.length === 0) return [];
  return usual
    .filter(([pattern]) => !conditions.some((item) => pattern.test(item.kind.id)))
    .map(([, candidate, reason]) => ({ candidate, reason, evidence: eventEvidence }));
}

/** Resources in words for the case that nothing is wrong: how far each stayed from its limit. */
export function describeCalmLevels(levels: readonly ResourceLevel[]): readonly Claim[] {
  const shown = levels.filter((level) => !level.isOver).slice(0, 8);
  if (shown.length === 0) return [];
  const words = shown.map((level) => {
    const [low, high] = [
      Math.min(level.first, level.worst, level.last),
      Math.max(level.first, level.worst, level.last),
    ];
    return `${level.name} of ${level.object} between ${formatQuantity(low, level.unit)} and ${formatQuantity(high, level.unit)} (limit ${level.limit})`;
  });
  return [
    {
      text: `Resources stay clear of their limits: ${words.join('; ')}.`,
      evidence: [...new Set(shown.map((level) => level.evidenceId))],
    },
  ];
}

/** What looked like trouble and was no harm: states that passed, and warnings that nothing here knows. */
export function describeHarmless({ conditions, unclear }: Surroundings): readonly Claim[] {
  return [
    ...conditions.slice(0, 3).map((condition) => ({
      text: `There was ${condition.kind.name} for a while, and it is over without harm: ${pickSigns([condition]).slice(0, 1).map(quoteSign).join('')}.`,
      evidence: [...new Set(condition.signs.map((sign) => sign.evidenceId))],
    })),
    ...unclear.slice(0, 3).map(({ event, evidenceId }) => ({
      text: `The platform warns of ${event.object}, and what it means is not known here: ${event.reason ?? ''} \`${event.message.replaceAll('`', "'").slice(0, 200)}\`.`,
      evidence: [evidenceId],
    })),
  ];
}
