import type { CauseCategory } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { findRootCondition, isHarmless, type RootCondition } from './conditions/root.ts';
import { findSurge, type Surge } from './conditions/traffic.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, failureShifts, isObserved } from './facts.ts';
import { isConfigOnly } from './changes/diffs.ts';
import { contract } from './changes/match-diff.ts';
import type { ForeignCause } from './outside.ts';
import type { ScoredCandidate } from './changes/score-candidates.ts';
import { singleOut } from './single-out.ts';
import type { Suspicion } from './suspicion.ts';

/** What the analyst settles on before it is put into words. */
export type Decision =
  | {
      readonly kind: 'change';
      readonly top: ScoredCandidate;
      readonly rivals: readonly ScoredCandidate[];
      readonly confidence: number;
      readonly category: CauseCategory;
    }
  | {
      readonly kind: 'foreign';
      readonly cause: ForeignCause;
      readonly confidence: number;
      readonly category: CauseCategory;
    }
  | {
      readonly kind: 'condition';
      readonly root: RootCondition;
      readonly confidence: number;
      readonly category: CauseCategory;
    }
  | { readonly kind: 'surge'; readonly surge: Surge; readonly confidence: number; readonly category: CauseCategory }
  /** The place is known, the reason is not. */
  | {
      readonly kind: 'service';
      readonly suspicion: Suspicion;
      readonly confidence: number;
      readonly category: CauseCategory;
    }
  | { readonly kind: 'no-fault'; readonly confidence: number }
  | {
      readonly kind: 'inconclusive';
      readonly why: string;
      readonly close: readonly ScoredCandidate[];
      /** Changes explain it, and cannot be told apart: no other cause is looked for. */
      readonly isTie?: true;
    };

/** A cause needs this score, and a rival must stay below this part of it. Set on the public incidents named in bench/diagnosis. */
const lowestScore = 0.2;
/** Shared words without a mechanism or a stack frame are weak grounds, since decoys share words too: many rare ones are asked for. */
const fewestSharedWords = 0.5;
const closestRival = 0.85;
/** Who throws over data and who newly sends that data are one failure seen from two sides: a rival of that kind need not come so close. */
const closestOtherSide = 0.4;

/** Weighs the best change against an outside cause, a state of the platform, load, and saying nothing. */
export function decide(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  scored: readonly ScoredCandidate[],
  foreign: ForeignCause | undefined,
  gaps: number,
): Decision {
  const root = findRootCondition(facts, suspicions, input.alerts);
  if (facts.surroundings.conditions.every((item) => isHarmless(facts, item)) && !root && isCalm(facts)) {
    return facts.observed.includes(input.service) || facts.surroundings.eventEvidence.length > 0
      ? { kind: 'no-fault', confidence: clamp(trustInCalm(input, facts) - 0.1 * gaps, 0.3, 0.7) }
      : { kind: 'inconclusive', why: `Neither logs nor metrics of ${input.service} could be read.`, close: [] };
  }
  const alive = scored.filter((item) => item.ruledOut === undefined);
  const top = alive[0];
  if (root?.isShown === true && !explainsCondition(top)) return blame(root, gaps);
  // Inside names that do not resolve are ours to mend, whatever the calls that fail at them look like.
  const isName = root !== undefined && /^dns-/.test(root.condition.kind.id);
  if (isName && !explainsCondition(top)) return blame(root, gaps);
  if (foreign && foreign.strength >= 0.45 && !explainsBetter(top, foreign)) {
    const confidence = clamp(
      0.35 + 0.5 * foreign.strength - 0.08 * gaps - 0.1 * Math.min(1, topStrength(top)),
      0.2,
      0.9,
    );
    return {
      kind: 'foreign',
      cause: foreign,
      confidence,
      category: foreign.kind === 'outside' ? 'outside-dependency' : 'infrastructure',
    };
  }
  const accused = accuse(facts, suspicions, alive, gaps);
  if (accused.kind !== 'inconclusive' || accused.isTie === true) return accused;
  return findOtherCause(input, facts, suspicions, root, alive, gaps) ?? accused;
}

/** Nothing fails: no line of failure, and no metric that tells of it. */
function isCalm(facts: Facts): boolean {
  const isGrave = facts.surroundings.unclear.some(({ event }) => event.severity === 'error');
  return (
    !isGrave && failurePatterns(facts).length === 0 && (failureShifts(facts).length === 0 || isWithinLimits(facts))
  );
}

/**
 * How sure it is that nothing is wrong: less where something moved or is not understood, and much less where a critical alert
 * fires and only one kind of evidence was there to contradict it.
 */
function trustInCalm(input: EngineInput, facts: Facts): number {
  const isSilent = failureShifts(facts).length === 0 && facts.surroundings.unclear.length === 0;
  const isPressing = input.alerts.some((alert) => alert.status === 'firing' && alert.severity === 'critical');
  const kinds = new Set(
    input.evidence
      .filter((item) => isObserved(item) || item.body?.kind === 'events' || item.body?.kind === 'traces')
      .map(({ evidence }) => evidence.kind),
  );
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

/** What remains where no change is accused: a state that only logs tell of, load, or a place without a reason. */
function findOtherCause(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  root: RootCondition | undefined,
  alive: readonly ScoredCandidate[],
  gaps: number,
): Decision | undefined {
  if (root) return blame(root, gaps);
  const surge = findSurge(facts, input.service);
  if (surge)
    return { kind: 'surge', surge, confidence: clamp(surge.confidence - 0.08 * gaps, 0.2, 0.7), category: 'traffic' };
  const single = alive.length === 0 ? singleOut(facts, suspicions) : undefined;
  return (
    single && {
      kind: 'service',
      suspicion: single.suspicion,
      confidence: clamp(single.confidence - 0.08 * gaps, 0.15, 0.6),
      category: 'unknown',
    }
  );
}

function blame(root: RootCondition, gaps: number): Decision {
  return {
    kind: 'condition',
    root,
    confidence: clamp(root.confidence - 0.08 * gaps, 0.2, 0.9),
    category: root.condition.kind.category,
  };
}

/** The best change, where it explains enough and stands alone. */
function accuse(
  facts: Facts,
  suspicions: readonly Suspicion[],
  alive: readonly ScoredCandidate[],
  gaps: number,
): Extract<Decision, { kind: 'change' | 'inconclusive' }> {
  const top = alive[0];
  if (!top)
    return { kind: 'inconclusive', why: 'Something fails, and no change of the window can have caused it.', close: [] };
  // Commits that one deploy carried are undone together; telling them apart is the sandbox's work.
  const rivals = alive.filter((item) => item !== top && !sharesDeploy(item, top));
  const second = rivals[0]?.score ?? 0;
  const share = suspicions.find((item) => item.service === top.candidate.service)?.share ?? 0;
  const isRecent = (top.leadMinutes ?? Infinity) * 60_000 < Math.max(60_000, 0.15 * facts.spanMs);
  const isAlone =
    isRecent && share >= 0.6 && alive.filter((item) => item.candidate.reach !== 'undeployed').length === 1;
  const isWordsOnly = topStrength(top) === 0 && top.match.lexical < fewestSharedWords;
  if ((top.score < lowestScore || isWordsOnly) && !(isAlone && top.score >= 0.07)) {
    return {
      kind: 'inconclusive',
      why: 'No change of the window explains the symptoms well enough.',
      close: alive.slice(0, 3),
    };
  }
  if (second > closestRival * top.score) {
    return {
      kind: 'inconclusive',
      isTie: true,
      why: 'Two changes explain the symptoms about equally well.',
      close: alive.slice(0, 3),
    };
  }
  const otherSide = rivals.find((item) => areTwoSides(facts, item, top) && item.score > closestOtherSide * top.score);
  if (otherSide) {
    return {
      kind: 'inconclusive',
      isTie: true,
      why: `The exception may come from what ${top.candidate.service} changed as well as from what ${otherSide.candidate.service} did: one reads what the other sends.`,
      close: [top, otherSide],
    };
  }
  const margin = 1 - second / top.score;
  const raw = 0.2 + 0.45 * top.match.total + 0.3 * margin * Math.min(1, top.score * 2) - 0.08 * gaps;
  const isWords = top.match.frame === 0 && top.match.mechanism === 0;
  // A flag has no diff, and a service that shows nothing of its own is accused by its diff alone.
  const isOneSided = top.candidate.flag !== undefined || share < 0.1;
  const cap = isWords ? (top.match.lexical >= fewestSharedWords ? 0.55 : 0.4) : isOneSided ? 0.75 : 0.95;
  const change = top.candidate.change;
  const isSetting = top.candidate.flag !== undefined || (change && isConfigOnly(change));
  const category = isSetting ? 'config-change' : 'code-change';
  return { kind: 'change', top, rivals, confidence: clamp(raw, 0.15, cap), category };
}

/** A diff that makes such failures, and came just before them, explains the state itself. */
function explainsCondition(top: ScoredCandidate | undefined): boolean {
  return top !== undefined && top.score >= lowestScore && topStrength(top) >= 0.4;
}

/** Only a diff that makes failures of this kind stands against failing calls to an outside system; shared words do not. */
function explainsBetter(top: ScoredCandidate | undefined, foreign: ForeignCause): boolean {
  if (top === undefined) return false;
  // Whoever is refused may have begun to ask wrongly, so a diff that is merely about the same things is heard.
  if (foreign.isRefusal) return top.score >= lowestScore && top.match.total >= 0.3;
  return topStrength(top) >= 0.55 && top.score > 0.6 * foreign.strength;
}

/** One of two services calls the other; the caller's changed lines throw, and the callee answers in another form since the same time. */
function areTwoSides(facts: Facts, a: ScoredCandidate, b: ScoredCandidate): boolean {
  const throwsAt = (caller: ScoredCandidate, callee: ScoredCandidate) =>
    facts.dependencies[caller.candidate.service]?.includes(callee.candidate.service) === true &&
    caller.match.frame > 0 &&
    caller.outpaced < 0.5 &&
    callee.match.mechanismName === contract &&
    callee.answersNewly >= 0.5;
  return throwsAt(a, b) || throwsAt(b, a);
}

function topStrength(top: ScoredCandidate | undefined): number {
  return top === undefined ? 0 : Math.max(top.match.frame, top.match.mechanism);
}

function sharesDeploy(a: ScoredCandidate, b: ScoredCandidate): boolean {
  return a.candidate.deploy !== undefined && a.candidate.deploy.id === b.candidate.deploy?.id;
}

function clamp(value: number, low: number, high: number): number {
  return Math.round(Math.min(high, Math.max(low, value)) * 100) / 100;
}
