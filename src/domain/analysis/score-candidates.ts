import type { EngineInput } from '../engine.ts';
import type { CallFailure } from './calls.ts';
import type { Candidate } from './candidates.ts';
import { isSameRevision, listCandidates, ownership } from './candidates.ts';
import { explainHarmless, isDependencyBump, isOtherEnvironment, readHunks } from './diffs.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import { readGuidance } from './guidance.ts';
import type { DiffMatch } from './match-diff.ts';
import { createMatcher, noMatch } from './match-diff.ts';
import { viewDiff } from './mechanisms.ts';
import type { Suspicion } from './suspicion.ts';
import { nearness } from './suspicion.ts';
import type { Symptoms } from './symptoms.ts';

/** A candidate with its score, or the reason why it is out. */
export interface ScoredCandidate {
  readonly candidate: Candidate;
  /** From 0 to somewhat above 1: suspicion of the service × timing × match of the diff. Only order and ratios mean something. */
  readonly score: number;
  readonly match: DiffMatch;
  /** Minutes between the change taking effect and the failure; absent when no failure has a time. */
  readonly leadMinutes?: number;
  readonly ruledOut?: string;
}

const reachFactor = { exact: 1, carried: 0.95, unrecorded: 0.85, 'perhaps-carried': 0.5, undeployed: 0.25 } as const;

/** Scores every change of the window, best first. Ties are broken by the later deploy, then by id, so that the order never varies. */
export function scoreCandidates(
  input: EngineInput,
  facts: Facts,
  suspicions: readonly Suspicion[],
  symptoms: Symptoms,
): readonly ScoredCandidate[] {
  const items = listCandidates(facts, (service) => suspicions.find((item) => item.service === service)?.share ?? 0).map(
    (candidate) => ({
      candidate,
      hunks: candidate.change ? readHunks(candidate.change) : [],
    }),
  );
  const match = createMatcher(
    items,
    symptoms,
    (service) => dominantMode(facts, service, suspicions),
    (candidate) => answersNewly(candidate, facts, suspicions),
  );
  const opinions = readGuidance(
    input.guidance,
    facts.services,
    items.map((item) => item.candidate.id),
  );
  const slackMs = clockSlackMs(facts);
  const alertOnset =
    suspicions.find((item) => item.service === input.service)?.onsetMs ??
    Math.min(...input.alerts.map((alert) => Date.parse(alert.startsAt)));
  return items
    .map(({ candidate, hunks }): ScoredCandidate => {
      const suspicion = suspicions.find((item) => item.service === candidate.service);
      const onsetMs = suspicion?.onsetMs ?? alertOnset;
      const leadMinutes = (onsetMs - candidate.atMs) / 60_000;
      const timed = Number.isFinite(leadMinutes) ? { leadMinutes: Math.round(leadMinutes * 10) / 10 } : {};
      const opinion = opinions.get(candidate.id) ?? opinions.get(candidate.service);
      const out = findReasonAgainst(input, facts, candidate, hunks, onsetMs + slackMs);
      if (out !== undefined) return { candidate, score: 0, match: noMatch, ...timed, ruledOut: out };
      const found = match(candidate, hunks, viewDiff(hunks));
      const trust = opinion === 'for' ? 1 : 0.1 + 0.9 * (suspicion?.share ?? 0);
      const score =
        trust *
        (opinion === 'against' ? 0.15 : 1) *
        (0.12 + 0.88 * found.total) *
        timing(leadMinutes) *
        (1 + 0.3 * nearness(leadMinutes * 60_000, facts.spanMs)) *
        reachFactor[candidate.reach] *
        kindFactor(candidate, facts);
      return { candidate, score: Math.round(score * 1000) / 1000, match: found, ...timed };
    })
    .sort(
      (a, b) => b.score - a.score || b.candidate.atMs - a.candidate.atMs || (a.candidate.id < b.candidate.id ? -1 : 1),
    );
}

/**
 * 0 to 1: a service that shows no failure was changed just when a caller's own code began to throw. What it answers may be new to
 * that caller.
 */
function answersNewly(candidate: Candidate, facts: Facts, suspicions: readonly Suspicion[]): number {
  const callers = suspicions.filter(
    (item) => item.own > 0.4 && facts.dependencies[item.service]?.includes(candidate.service),
  );
  const isHealthy = suspicions.find((item) => item.service === candidate.service)?.onsetMs === undefined;
  if (!isHealthy) return 0;
  return Math.max(0, ...callers.map((item) => nearness((item.onsetMs ?? -Infinity) - candidate.atMs, facts.spanMs)));
}

/** Clocks of machines and intervals of scrapes differ by a minute or so; in a short window by a part of it. */
function clockSlackMs(facts: Facts): number {
  return Math.min(90_000, 0.04 * facts.spanMs);
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
  input: EngineInput,
  facts: Facts,
  candidate: Candidate,
  hunks: ReturnType<typeof readHunks>,
  latestMs: number,
): string | undefined {
  if (
    input.rejected.some(
      (rejected) =>
        isSameRevision(rejected, candidate.id) || rejected === candidate.id || rejected === candidate.service,
    )
  )
    return 'people rejected it in this incident';
  if (candidate.deploy?.status === 'failed') return 'its deploy failed, so it never ran';
  if (!candidate.change && wasReplaced(facts, candidate, latestMs))
    return 'another revision replaced it before the failure began';
  if (candidate.atMs > latestMs) {
    const late = Math.max(1, Math.round((candidate.atMs - latestMs) / 60_000));
    const verb = candidate.reach === 'unrecorded' || candidate.reach === 'undeployed' ? 'committed' : 'deployed';
    return `it was ${verb} about ${late} min after the failure began`;
  }
  const harmless = candidate.change ? explainHarmless(candidate.change, hunks) : undefined;
  if (harmless !== undefined) return harmless;
  const paths = candidate.change?.files.map((file) => file.path) ?? [];
  return paths.length > 0 && paths.every(isOtherEnvironment) ? 'it touches only another environment' : undefined;
}

/** A deploy whose commits are unknown counts only while it runs; commits that are known live on in later revisions. */
function wasReplaced(facts: Facts, candidate: Candidate, latestMs: number): boolean {
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

function kindFactor(candidate: Candidate, facts: Facts): number {
  if (!candidate.change) return 0.6;
  return (isDependencyBump(candidate.change) ? 0.4 : 1) * (ownership(candidate, facts) < 0 ? 0.25 : 1);
}
