import type { CauseCategory } from '../diagnosis/diagnosis.ts';
import type { EngineInput, EvidenceWithBody } from '../diagnosis/engine.ts';
import { accuse, explainsSymptoms, strengthOf, type Accusation, type Acquittal } from './accuse.ts';
import { findRootCondition, isHarmless, type RootCondition } from './conditions/root.ts';
import { findSurge, type Surge } from './conditions/traffic.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, failureShifts, isObserved } from './facts.ts';
import type { ForeignCause } from './outside.ts';
import type { ScoredCandidate } from './changes/score-candidates.ts';
import { singleOut } from './single-out.ts';
import { isAnomalous, tellingSign, type Suspicion } from './suspicion.ts';

/** What may be the answer, with how sure it is: 0 to 1. */
export type Answer = { readonly confidence: number } & (
  | { readonly kind: 'no-fault' }
  | Accusation
  | ({ readonly category: CauseCategory } & (
      | { readonly kind: 'foreign'; readonly cause: ForeignCause }
      | { readonly kind: 'condition'; readonly root: RootCondition }
      | { readonly kind: 'surge'; readonly surge: Surge }
      /** The place is known, the reason is not. */
      | { readonly kind: 'service'; readonly suspicion: Suspicion }
    ))
);

/** The evidence does not carry an answer. */
export interface Doubt extends Acquittal {
  /** What would have been the answer, had the evidence been stronger. */
  readonly lead?: Answer;
}

/** What the analyst settles on before it is put into words. */
export type Decision = Answer | Doubt;

/**
 * Below these an answer is told as a lead, and no cause is named: an unsure accusation costs whoever is on call more than none. A cause
 * falls to the first when the sandbox speaks against it (`reconcile.ts`). With kinds of evidence taken away from the public incidents
 * named in bench/diagnosis, 0 of 3 causes below the first were right (docs/diagnosis.md).
 */
const leastConfidence = { cause: 0.4, 'no-fault': 0.5 } as const;
/** What each source that failed or was cut takes from an answer's confidence. */
const costOfGap = 0.08;
/** Fewer new warnings than this come on any day. */
const fewestWarnings = 5;
/** Where nothing but changes is known, a person reads a few of them. */
const mostLeads = 3;
/** How sure one can be of an outside cause; of a callee that may be ours, by its caller alone; of an address of our own network. */
const mostConfidence = { outside: 0.9, unseen: 0.75, inside: 0.6 } as const;

/**
 * Weighs the best change against an outside cause, a state of the platform, load, and saying nothing.
 * The order of the causes is our own rule; to decline an answer below a confidence is Chow's reject option (1970). O(n² + c · s) for n
 * conditions, c changes and s services, beside what each cause costs.
 */
export function decide(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  scored: readonly ScoredCandidate[],
  foreign: ForeignCause | undefined,
  gaps: number,
): Decision {
  const found = weigh(input, facts, suspicions, scored, foreign);
  if (found.kind === 'inconclusive') return found;
  const answer = { ...found, confidence: Math.round(Math.max(0, found.confidence - costOfGap * gaps) * 100) / 100 };
  if (answer.confidence >= leastConfidence[answer.kind === 'no-fault' ? answer.kind : 'cause']) return answer;
  return {
    kind: 'inconclusive',
    why:
      answer.kind === 'no-fault'
        ? 'No failure is seen, and what could be looked at is too little to say that nothing is wrong.'
        : 'There is a lead, and the evidence is too weak to call it the cause.',
    close: answer.kind === 'change' ? [answer.top] : [],
    lead: answer,
  };
}

function weigh(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  scored: readonly ScoredCandidate[],
  foreign: ForeignCause | undefined,
): Answer | Acquittal {
  const root = findRootCondition(facts, suspicions, input.alerts);
  const alive = scored.filter((item) => item.ruledOut === undefined);
  const isUnseen = !input.evidence.some((item) => item.evidence.service === input.service && tellsState(item));
  const isUntroubled = !root && facts.surroundings.conditions.every((item) => isHarmless(facts, item));
  if (isUntroubled && isUnseen && !facts.services.some((service) => isAnomalous(facts, service)))
    return { kind: 'inconclusive', why: tellUnseen(input.service, alive), close: alive.slice(0, mostLeads) };
  if (isUntroubled && !isUnseen && isCalm(facts)) return { kind: 'no-fault', confidence: trustInCalm(input, facts) };
  const top = alive[0];
  // Inside names that do not resolve are ours to mend, whatever the calls that fail at them look like.
  const isName = root !== undefined && /^dns-/.test(root.condition.kind.id);
  if (root && (root.isShown || isName) && !explainsCondition(top)) return blameLoad(facts, input, root) ?? blame(root);
  if (foreign && foreign.kind !== 'inside' && !explainsBetter(top, foreign)) return blameOutside(foreign, top);
  const accused = accuse(facts, suspicions, alive);
  if (accused.kind !== 'inconclusive' || accused.isTie === true) return accused;
  return findOtherCause(input, facts, suspicions, root, foreign, alive) ?? accused;
}

/** True for what tells how a service was, as changes and deploys do not. */
function tellsState(item: EvidenceWithBody): boolean {
  return (
    isObserved(item) || item.body?.kind === 'events' || (item.body?.kind === 'traces' && item.body.spans.length > 0)
  );
}

function tellUnseen(service: string, alive: readonly ScoredCandidate[]): string {
  const leads = alive.length > 0 ? '; its changes are all there is to go by' : '';
  return `Nothing that was collected shows how ${service} was, no line, metric, span or event of it${leads}.`;
}

/** Nothing fails: no error, no more new warnings than come on any day, no request in the traces, and no metric that tells of a failure. */
function isCalm(facts: Facts): boolean {
  const isGrave = facts.surroundings.unclear.some(({ event }) => event.severity === 'error');
  const patterns = failurePatterns(facts);
  const isQuiet =
    patterns.every(({ level }) => level === 'warn') &&
    patterns.reduce((sum, { after }) => sum + after, 0) < fewestWarnings;
  const isFailing = facts.spanSigns.some(({ kind, strength }) => kind === 'error' && strength >= tellingSign);
  return !isGrave && !isFailing && isQuiet && (failureShifts(facts).length === 0 || isWithinLimits(facts));
}

/**
 * How sure it is that nothing is wrong: less where something moved or is not understood, and much less where a critical alert
 * fires and only one kind of evidence was there to contradict it.
 */
function trustInCalm(input: EngineInput, facts: Facts): number {
  const isSilent = [failurePatterns(facts), failureShifts(facts), facts.surroundings.unclear].every(
    ({ length }) => length === 0,
  );
  const isPressing = input.alerts.some((alert) => alert.status === 'firing' && alert.severity === 'critical');
  const kinds = new Set(input.evidence.filter(tellsState).map(({ evidence }) => evidence.kind));
  return 0.7 - (isSilent ? 0 : 0.1) - (isPressing ? (kinds.size < 2 ? 0.25 : 0.1) : 0);
}

/** Gauges that moved and stay clear of every limit that is known of them fill nothing up. */
function isWithinLimits(facts: Facts): boolean {
  return failureShifts(facts).every(
    (shift) =>
      shift.meaning === 'saturation' &&
      facts.surroundings.levels.some(
        (level) => level.name === shift.name && level.service === shift.service && !level.isOver,
      ),
  );
}

/** What remains where no change is accused: a state that only logs tell of, load, an unseen address, or a place without a reason. */
function findOtherCause(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  root: RootCondition | undefined,
  foreign: ForeignCause | undefined,
  alive: readonly ScoredCandidate[],
): Answer | undefined {
  if (root) return blame(root);
  const surge = findSurge(facts, input.service);
  if (surge) return { kind: 'surge', surge, confidence: surge.confidence, category: 'traffic' };
  if (foreign) return blameOutside(foreign, alive[0]);
  const single = alive.length === 0 ? singleOut(facts, suspicions) : undefined;
  return single && { kind: 'service', ...single, category: 'unknown' };
}

/** A processor is full since more work came in, and that is the cause, unless the work came later. */
function blameLoad(facts: Facts, input: EngineInput, { condition }: RootCondition): Answer | undefined {
  if (condition.kind.id !== 'cpu-saturated') return undefined;
  const surge = findSurge(facts, input.service);
  if (surge?.service !== condition.service) return undefined;
  return { kind: 'surge', surge, confidence: surge.confidence, category: 'traffic' };
}

function blame(root: RootCondition): Answer {
  return { kind: 'condition', root, confidence: root.confidence, category: root.condition.kind.category };
}

function blameOutside(cause: ForeignCause, top: ScoredCandidate | undefined): Answer {
  const confidence = 0.35 + 0.5 * cause.strength - 0.1 * Math.min(1, strengthOf(top));
  const trusted = cause.kind === 'inside' ? 'inside' : cause.mayBeOurs ? 'unseen' : 'outside';
  return {
    kind: 'foreign',
    cause,
    confidence: Math.min(confidence, mostConfidence[trusted]),
    category: cause.kind === 'outside' ? 'outside-dependency' : 'infrastructure',
  };
}

/** A diff that makes such failures, and came just before them, explains the state itself. */
function explainsCondition(top: ScoredCandidate | undefined): boolean {
  return top !== undefined && explainsSymptoms(top) && strengthOf(top) >= 0.4;
}

/** Only a diff that makes failures of this kind stands against failing calls to an outside system; shared words do not. */
function explainsBetter(top: ScoredCandidate | undefined, foreign: ForeignCause): boolean {
  if (top === undefined) return false;
  // Whoever is refused may have begun to ask wrongly, so a diff that is merely about the same things is heard.
  if (foreign.isRefusal) return explainsSymptoms(top) && top.match.total >= 0.3;
  return strengthOf(top) >= 0.55 && top.score > 0.6 * foreign.strength;
}
