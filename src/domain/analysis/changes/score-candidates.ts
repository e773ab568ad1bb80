import type { EngineInput } from '../../diagnosis/engine.ts';
import type { CallFailure } from '../calls.ts';
import type { Candidate } from './candidates.ts';
import { listCandidates, ownership } from './candidates.ts';
import { explainHarmless, isDependencyBump, isOtherEnvironment, readFlagHunks, readHunks } from './diffs.ts';
import type { Facts } from '../facts.ts';
import { failurePatterns } from '../facts.ts';
import { readGuidance } from '../guidance.ts';
import type { DiffMatch } from './match-diff.ts';
import { createMatcher, noMatch } from './match-diff.ts';
import { explainClimb } from './climbs-since.ts';
import { explainMultipliedCalls, listMultipliedCalls } from './multiplied-calls.ts';
import { explainDatabase, listToldStatements, loadsDatabase } from './told-statements.ts';
import { viewDiff } from './diff-view.ts';
import type { Exposure } from './exposure.ts';
import { coincidence, measureExposure } from './exposure.ts';
import type { Suspicion } from '../suspicion.ts';
import { clockSlackOf, findMainOnset, isAnomalous, isMerelyUnusual, nearness, nearnessToOnset } from '../suspicion.ts';
import type { Symptoms } from '../symptoms.ts';

/** A candidate with its score, or the reason why it is out. */
export interface ScoredCandidate {
  readonly candidate: Candidate;
  /** From 0 to somewhat above 1: suspicion of the service × timing × match of the diff. Only order and ratios mean something. */
  readonly score: number;
  readonly match: DiffMatch;
  /** Minutes between the change taking effect and the failure; absent when no failure has a time. */
  readonly leadMinutes?: number;
  /** What it went through before the failure began, where a sharp failure tells. */
  readonly exposure?: Exposure;
  /** 0 to 1: how far another change fits the onset better. */
  readonly outpaced: number;
  /** 0 to 1: what it answers may be new to a caller that throws since. */
  readonly answersNewly: number;
  /** Its service's share of suspicion, 0 to 1. */
  readonly share: number;
  readonly ruledOut?: string;
}

const reachFactor = {
  exact: 1,
  carried: 0.95,
  unrecorded: 0.85,
  'perhaps-carried': 0.5,
  undeployed: 0.25,
  baseline: 0,
} as const;

/** From this share of suspicion on a service is what fails, rather than one that fails along. */
const mainSuspect = 0.6;
/** Below this share it has no part in the failure that anything shows. */
const leastSuspect = 0.1;

/** Faults of these kinds may wait: until a lifetime runs out, a cache empties, memory fills or load rises. */
const patientFaults = [
  'credentials and their lifetime',
  'memory that is never given back',
  'too small a limit',
  'more load than before',
  'lost synchronisation',
  loadsDatabase,
];

/**
 * Scores every change of the window, best first. Ties are broken by the later deploy, then by id, so that the order never varies.
 * Which of many changes made a failure is the question of Zeller ("Yesterday, my program worked. Today, it does not. Why?", ESEC/FSE
 * 1999); the score is our own rule, since production cannot be run again. O(c² + c · (d · s + t)) for c changes, d lines of a diff, s
 * symptoms and t log lines.
 */
export function scoreCandidates(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  symptoms: Symptoms,
): readonly ScoredCandidate[] {
  const items = listCandidates(facts, (service) => suspicions.find((item) => item.service === service)?.share ?? 0).map(
    (candidate) => ({
      candidate,
      hunks: candidate.change ? readHunks(candidate.change) : candidate.flag ? readFlagHunks(candidate.flag) : [],
    }),
  );
  const slackMs = clockSlackOf(facts.spanMs);
  const told = listToldStatements(facts, suspicions);
  const multiplied = listMultipliedCalls(facts);
  const match = createMatcher(
    items,
    symptoms,
    (service) => dominantMode(facts, service, suspicions),
    (candidate) => answersNewly(candidate, facts, suspicions),
    ({ atMs, service, ...candidate }, hunks) => [
      ...(isDated(candidate) ? explainClimb(facts, service, viewDiff(hunks), atMs, slackMs) : []),
      ...explainDatabase(told, hunks, atMs, slackMs),
      ...explainMultipliedCalls(multiplied, service, hunks, atMs, facts.spanMs),
    ],
  );
  const opinions = readGuidance(
    input.guidance,
    facts.services,
    items.map((item) => item.candidate.id),
  );
  const alertOnset =
    suspicions.find((item) => item.service === input.service)?.onsetMs ??
    Math.min(...input.alerts.map((alert) => Date.parse(alert.startsAt)));
  const scored = items.map(({ candidate, hunks }): ScoredCandidate => {
    const suspicion = suspicions.find((item) => item.service === candidate.service);
    const onsetMs = onsetFor(facts, candidate, input.service, suspicion, alertOnset, slackMs);
    const leadMinutes = (onsetMs - candidate.atMs) / 60_000;
    const share = suspicion?.share ?? 0;
    const known = {
      candidate,
      share,
      outpaced: 0,
      answersNewly: answersNewly(candidate, facts, suspicions),
      ...(Number.isFinite(leadMinutes) ? { leadMinutes } : {}),
    };
    const opinion = opinions.get(candidate.id) ?? opinions.get(candidate.service);
    const out = findReasonAgainst(facts, candidate, hunks, onsetMs + slackMs);
    if (out !== undefined) return { ...known, score: 0, match: noMatch, ruledOut: out };
    const exposure = isDated(candidate) ? measureExposure(facts, candidate.service, candidate.atMs) : undefined;
    const found = match(candidate, hunks, viewDiff(hunks));
    // Whose neighbour fails at what its diff passes on is suspect, though it looks healthy and no line names it.
    const passedOn = (found.isNamed ? 0.85 : 0.7) * found.atNeighbours * nearFailing(known, found, facts, suspicions);
    const trust = opinion === 'for' ? 1 : Math.max(0.1 + 0.9 * share, passedOn, 0.85 * found.toldElsewhere);
    const score =
      trust *
      (opinion === 'against' ? 0.15 : 1) *
      (0.12 + 0.88 * found.total) *
      // A job may run hours after its deploy, and the database tells when it did.
      (found.mechanismName === loadsDatabase ? 1 : timing(leadMinutes)) *
      (1 + 0.3 * nearness(leadMinutes * 60_000, facts.spanMs)) *
      reachFactor[candidate.reach] *
      kindFactor(candidate, facts, found);
    return { ...known, score, match: found, ...(exposure === undefined ? {} : { exposure }) };
  });
  return scored
    .map((item) => outpace(item, scored))
    .sort(
      (a, b) => b.score - a.score || b.candidate.atMs - a.candidate.atMs || (a.candidate.id < b.candidate.id ? -1 : 1),
    );
}

/**
 * The onset that a change is held against. What was deployed after a first sign is not out yet: that sign may be chance where the bulk of
 * the failure came later, where it is only a wavering metric of a service that no failing line belongs to, or where that service has no part
 * in what is alerted of, so that its own warnings date nothing.
 */
function onsetFor(
  facts: Facts,
  { service, atMs }: Candidate,
  alerting: string,
  suspicion: Suspicion | undefined,
  alertMs: number,
  slackMs: number,
): number {
  const firstMs = suspicion?.onsetMs ?? alertMs;
  if (atMs <= firstMs + slackMs) return firstMs;
  if ((suspicion?.share ?? 0) < leastSuspect) return Math.max(firstMs, findMainOnset(facts, alerting) ?? alertMs);
  const own = findMainOnset(facts, service);
  const main = own ?? (isMerelyUnusual(facts, service) ? findMainOnset(facts, alerting) : undefined);
  return Math.max(firstMs, main ?? firstMs);
}

/** A commit's own time says little about when it began to run. */
function isDated(candidate: Pick<Candidate, 'reach'>): boolean {
  return candidate.reach === 'exact' || candidate.reach === 'carried';
}

/**
 * Weighs a change down as far as it served traffic without the failure while another suspect change came with the onset. Nothing
 * is lost where no other change fits the onset better, and little where a fault of its kind may wait.
 */
function outpace(item: ScoredCandidate, all: readonly ScoredCandidate[]): ScoredCandidate {
  const rounded = { ...item, score: Math.round(item.score * 1000) / 1000 };
  if (item.ruledOut !== undefined || item.exposure === undefined) return rounded;
  const rivals = all.filter((other) => other.ruledOut === undefined && other.exposure !== undefined);
  const fits = rivals.map(
    (other) => coincidence(other.exposure) * Math.min(1, 2 * other.share) * (0.4 + 0.6 * other.match.total),
  );
  const outpaced = Math.max(0, ...fits) * (1 - coincidence(item.exposure));
  const { frame, mechanism, mechanismName = '' } = item.match;
  const least = patientFaults.includes(mechanismName) && mechanism > frame ? 0.85 : frame > 0 ? 0.3 : 0.5;
  return { ...rounded, outpaced, score: Math.round(item.score * (1 - (1 - least) * outpaced) * 1000) / 1000 };
}

/**
 * 0 to 1: a service that shows no failure of its own was changed just when a caller's own code began to throw. What it answers may be new to
 * that caller.
 */
function answersNewly(candidate: Candidate, facts: Facts, suspicions: readonly Suspicion[]): number {
  const callers = suspicions.filter(
    (item) => item.own > 0.4 && facts.dependencies[item.service]?.includes(candidate.service),
  );
  if (isAnomalous(facts, candidate.service) && !isMerelyUnusual(facts, candidate.service)) return 0;
  return Math.max(0, ...callers.map((item) => nearnessToOnset(facts, item.service, candidate.atMs)));
}

/**
 * 0 to 1: how well a change's time fits the failure of a service that it calls or is called by. A commit without a deploy record may have
 * begun to run at any time since, and a name that is gone or new may not be met at once.
 */
function nearFailing(
  { candidate, leadMinutes }: Pick<ScoredCandidate, 'candidate' | 'leadMinutes'>,
  { isNamed }: DiffMatch,
  facts: Facts,
  suspicions: readonly Suspicion[],
): number {
  const { service, atMs } = candidate;
  const isUnknown = Object.values(facts.dependencies).every((callees) => callees.length === 0);
  const areNeighbours = (a: string, b: string) =>
    isUnknown || facts.dependencies[a]?.includes(b) === true || facts.dependencies[b]?.includes(a) === true;
  const failing = suspicions.filter(
    (item) => (item.own > 0.4 || item.share >= mainSuspect) && areNeighbours(item.service, service),
  );
  if (failing.length === 0) return 0;
  if (isNamed || !isDated(candidate)) return timing(leadMinutes ?? Infinity);
  return Math.max(...failing.map((item) => nearnessToOnset(facts, item.service, atMs)));
}

/**
 * The way in which most of a service's calls, or calls to it, fail; undefined when its failure is its own, or when failing calls are
 * a small part of it (a neighbour that restarts refuses a call or two).
 */
function dominantMode(
  facts: Facts,
  service: string,
  suspicions: readonly Suspicion[],
): CallFailure['mode'] | undefined {
  const own = suspicions.find((item) => item.service === service);
  if (own && own.own > 0.4) return undefined;
  const outgoing = facts.calls.filter((call) => call.from === service);
  const calls = outgoing.length > 0 ? outgoing : facts.calls.filter((call) => call.to === service);
  const callers = new Set(calls.map((call) => call.from));
  const lines = failurePatterns(facts)
    .filter((pattern) => callers.has(pattern.service))
    .reduce((sum, pattern) => sum + pattern.after, 0);
  if (calls.reduce((sum, call) => sum + call.pattern.after, 0) < 0.2 * lines) return undefined;
  return [...calls].sort((a, b) => b.pattern.weight - a.pattern.weight)[0]?.mode;
}

function findReasonAgainst(
  facts: Facts,
  candidate: Candidate,
  hunks: ReturnType<typeof readHunks>,
  latestMs: number,
): string | undefined {
  if (candidate.replacedAtMs !== undefined && candidate.replacedAtMs <= latestMs)
    return 'it ran before the first deploy that is known';
  if (candidate.deploy?.status === 'failed') return 'its deploy failed, so it never ran';
  if (!candidate.change && wasReplaced(facts, candidate, latestMs))
    return candidate.flag
      ? 'it was changed once more before the failure began'
      : 'another revision replaced it before the failure began';
  if (candidate.atMs > latestMs) {
    const late = Math.round((candidate.atMs - latestMs) / 1000);
    const after = late < 90 ? `${late} s` : `${Math.round(late / 60)} min`;
    const isCommitted = candidate.reach === 'unrecorded' || candidate.reach === 'undeployed';
    const verb = candidate.flag ? 'changed' : isCommitted ? 'committed' : 'deployed';
    return `it was ${verb} about ${after} after the failure began`;
  }
  const harmless = candidate.change ? explainHarmless(candidate.change, hunks) : undefined;
  if (harmless !== undefined) return harmless;
  const paths = candidate.change?.files.map((file) => file.path) ?? [];
  return paths.length > 0 && paths.every(isOtherEnvironment) ? 'it touches only another environment' : undefined;
}

/**
 * A deploy whose commits are unknown counts only while it runs, and a flag until it is set again; commits that are known live on in
 * later revisions.
 */
function wasReplaced(facts: Facts, candidate: Candidate, latestMs: number): boolean {
  const { flag } = candidate;
  if (flag) {
    return facts.flags.some(({ value }) => {
      const atMs = Date.parse(value.at);
      return value.service === flag.service && value.flag === flag.flag && atMs > candidate.atMs && atMs <= latestMs;
    });
  }
  return facts.deploys.some(({ value }) => {
    const atMs = Date.parse(value.at);
    return (
      value.service === candidate.service && value.status !== 'failed' && atMs > candidate.atMs && atMs <= latestMs
    );
  });
}

/** Faults may wait for load, a cache or a lifetime to run out: hours cost little, and never all. */
function timing(leadMinutes: number): number {
  if (!Number.isFinite(leadMinutes)) return 0.7;
  return 0.55 + 0.45 * Math.exp(-Math.max(0, leadMinutes) / 300);
}

function kindFactor(candidate: Candidate, facts: Facts, { mechanism }: DiffMatch): number {
  if (candidate.flag) return 0.9;
  if (!candidate.change) return 0.6;
  return (
    (isDependencyBump(candidate.change) && mechanism === 0 ? 0.4 : 1) * (ownership(candidate, facts) < 0 ? 0.25 : 1)
  );
}
