import { isConfigOnly } from './changes/diffs.ts';
import { coincidence } from './changes/exposure.ts';
import { contract } from './changes/match-diff.ts';
import type { ScoredCandidate } from './changes/score-candidates.ts';
import type { CauseCategory } from '../diagnosis/diagnosis.ts';
import type { Facts } from './facts.ts';
import type { Suspicion } from './suspicion.ts';

/** A change as the answer. */
export interface Accusation {
  readonly kind: 'change';
  readonly top: ScoredCandidate;
  readonly rivals: readonly ScoredCandidate[];
  /** 0 to 1. */
  readonly confidence: number;
  readonly category: CauseCategory;
}

/** No change can be accused. */
export interface Acquittal {
  readonly kind: 'inconclusive';
  readonly why: string;
  /** Changes that remain possible, most likely first. */
  readonly close: readonly ScoredCandidate[];
  /** Changes explain it, and cannot be told apart: no other cause is looked for. */
  readonly isTie?: true;
}

// The figures here were set on the public incidents named in bench/diagnosis.

/** A cause needs this score, and a rival must stay below this part of it. */
const lowestScore = 0.2;
const closestRival = 0.85;
/** Who throws over data and who newly sends that data are one failure seen from two sides: a rival of that kind need not come so close. */
const closestOtherSide = 0.4;
/** Shared words without a mechanism or a stack frame are weak grounds, since decoys share words too: many rare ones are asked for. */
const fewestSharedWords = 0.5;
/** What was deployed longer before the failure is no lead without a word of the symptoms in it. */
const longestLeadMinutes = 15;
/** Less suspect services show nothing of their own. */
const leastSuspect = 0.1;
/**
 * How sure one can be at most of a change by its words alone; of one that served well for long before the failure; by its diff alone, where
 * its service shows nothing, or by a stack frame alone; by both.
 */
const mostConfidence = { words: 0.55, served: 0.65, oneSided: 0.75, both: 0.95 } as const;
/** A stack frame of less strength is only beside changed lines: that is no ground by itself, and it may fail at what others sent. */
const leastFrame = 0.3;
/** A change that failed from its first request on would have been seen by then with a chance of 99 in 100. */
const servedWell = 0.01;
/** Confidence begins here, and the match of the diff and the distance to the next rival add to it. */
const trust = { least: 0.2, match: 0.45, margin: 0.3 } as const;

/**
 * The best change, where it explains enough and stands alone.
 * Our own thresholds; to abstain where the best two are too near is the reject option of Chow ("On optimum recognition error and
 * reject tradeoff", IEEE Trans. Inf. Theory 16, 1970). O(c · s) for c changes and s services.
 */
export function accuse(
  facts: Facts,
  suspicions: readonly Suspicion[],
  alive: readonly ScoredCandidate[],
): Accusation | Acquittal {
  const top = alive[0];
  if (!top)
    return {
      kind: 'inconclusive',
      why:
        facts.changes.length + facts.deploys.length + facts.flags.length === 0
          ? 'Something fails, and no change is known: none was collected.'
          : 'Something fails, and no change of the window can have caused it.',
      close: [],
    };
  if (!explainsSymptoms(top) || isWordsOnly(top)) return acquit(facts, suspicions, alive);
  // Commits that one deploy carried are undone together; telling them apart is the sandbox's work.
  const rivals = alive.filter((item) => item !== top && !sharesDeploy(item, top));
  const second = rivals[0]?.score ?? 0;
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
  const share = suspicions.find((item) => item.service === top.candidate.service)?.share ?? 0;
  // A flag has no diff, and a service that shows nothing of its own is accused by its diff alone.
  const isOneSided = top.candidate.flag !== undefined || share < leastSuspect;
  const most = Math.min(
    mostConfidence[strengthOf(top) === 0 ? 'words' : isOneSided || isFrameOnly(top) ? 'oneSided' : 'both'],
    hasServedWell(top) ? mostConfidence.served : 1,
  );
  const change = top.candidate.change;
  const isSetting = top.candidate.flag !== undefined || (change && isConfigOnly(change));
  return {
    kind: 'change',
    top,
    rivals,
    confidence: Math.min(
      most,
      trust.least + trust.match * top.match.total + trust.margin * margin * Math.min(1, top.score * 2),
    ),
    category: isSetting ? 'config-change' : 'code-change',
  };
}

/** A change that may have done it, with nothing in it that speaks of the symptoms, is a lead however well its time fits. */
function acquit(facts: Facts, suspicions: readonly Suspicion[], alive: readonly ScoredCandidate[]): Acquittal {
  const leads = listLeads(facts, suspicions, alive);
  const reached = alive.filter((item) => item.candidate.reach !== 'undeployed' && item.share >= leastSuspect);
  const [only, ...others] = leads;
  if (!only || others.length > 0 || reached.length > 1) {
    return {
      kind: 'inconclusive',
      why: 'No change of the window explains the symptoms well enough.',
      close: leads.slice(0, 3),
    };
  }
  return {
    kind: 'inconclusive',
    why: 'One change of the window may have caused it, and too little in it speaks of the symptoms: it is a lead to test, and no cause yet.',
    close: [only],
  };
}

/** Changes of the service that fails first and of those that it calls, which came near the onset as far as their time is known. */
function listLeads(
  facts: Facts,
  suspicions: readonly Suspicion[],
  alive: readonly ScoredCandidate[],
): readonly ScoredCandidate[] {
  const first = suspicions.find(({ onsetMs }) => onsetMs !== undefined)?.service;
  if (first === undefined) return alive;
  const places = [first, ...(facts.dependencies[first] ?? [])];
  return alive.filter(
    ({ candidate: { service, reach }, leadMinutes = 0 }) =>
      places.includes(service) &&
      reach !== 'undeployed' &&
      (reach === 'unrecorded' || leadMinutes <= longestLeadMinutes),
  );
}

/** True for a change whose time, place and diff together fit the symptoms. */
export function explainsSymptoms(item: ScoredCandidate): boolean {
  return item.score >= lowestScore;
}

/** How well a diff fits by a stack frame or by what such a change does, beside mere words; 0 for none. */
export function strengthOf(item: ScoredCandidate | undefined): number {
  return item === undefined ? 0 : Math.max(item.match.frame, item.match.mechanism);
}

/** Words, and a stack frame near its lines at most, are what harmless changes of the same function have as well. */
function isWordsOnly({ match }: ScoredCandidate): boolean {
  return match.mechanism === 0 && match.frame < leastFrame && match.lexical < fewestSharedWords;
}

/** Its lines are on the stack, and nothing that they say is in the error. */
function isFrameOnly({ match }: ScoredCandidate): boolean {
  return match.mechanism === 0 && match.lexical === 0;
}

/** It ran through so many requests without the failure that it cannot fail at each of them; a fault that waits is another matter. */
function hasServedWell({ exposure, match }: ScoredCandidate): boolean {
  return exposure !== undefined && match.mechanism === 0 && coincidence(exposure) < servedWell;
}

/** One of two services calls the other; the caller's changed lines throw, and the callee answers in another form since the same time. */
function areTwoSides(facts: Facts, a: ScoredCandidate, b: ScoredCandidate): boolean {
  const throwsAt = (caller: ScoredCandidate, callee: ScoredCandidate) =>
    facts.dependencies[caller.candidate.service]?.includes(callee.candidate.service) === true &&
    caller.match.frame >= leastFrame &&
    caller.outpaced < 0.5 &&
    callee.match.mechanismName === contract &&
    callee.answersNewly >= 0.5;
  return throwsAt(a, b) || throwsAt(b, a);
}

function sharesDeploy(a: ScoredCandidate, b: ScoredCandidate): boolean {
  return a.candidate.deploy !== undefined && a.candidate.deploy.id === b.candidate.deploy?.id;
}
