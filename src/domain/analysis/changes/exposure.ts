import type { Facts } from '../facts.ts';
import { failurePatterns } from '../facts.ts';
import type { LogPattern } from '../logs/patterns.ts';

/** What a change went through between its deploy and the failure. */
export interface Exposure {
  /** Failures that were to be expected by then, had the change caused them from its first request on. */
  readonly expected: number;
  /** From the deploy to the first failure of `witness`. */
  readonly seconds: number;
  /** Log lines of `witness` in that time. */
  readonly lines: number;
  /** The service whose lines show the traffic: the changed one, or one that calls it. */
  readonly witness: string;
  readonly evidenceId: string;
}

/** Fewer lines than this do not tell the rate of a failure. */
const fewestFailures = 5;
/** A roll-out takes a while after its record; in a window of minutes it must be as quick as the window is short. */
const longestRolloutMs = 120_000;

/** Half-life of the doubt whether a deploy was in force yet: two percent of the window, two minutes at most. */
export function rolloutMs(spanMs: number): number {
  return Math.max(1, Math.min(longestRolloutMs, 0.02 * spanMs));
}

/**
 * Holds a deploy against a failure that was never seen before its onset and is frequent since. The share of lines that fail since the onset
 * is what would have failed before it as well, so the expected count is Poisson's parameter and `exp(-expected)` the chance of having
 * seen none. Lines are log lines of the failing service itself: without traffic nothing is expected, and nothing is held against the change.
 * What no failure among so many proves: Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249, 1983;
 * the roll-out is our own addition. O(w · p + t) for w witnesses, p failing patterns and t log lines of theirs.
 * @returns undefined when no sharp failure can witness, for example one that grew slowly or one that only metrics show
 */
export function measureExposure(facts: Facts, service: string, atMs: number): Exposure | undefined {
  let most: Exposure | undefined;
  for (const witness of listWitnesses(facts, service)) {
    const pattern = findSharpFailure(facts, witness);
    if (!pattern) continue;
    const onsetMs = Date.parse(pattern.firstAt);
    const times = facts.traffic[witness] ?? [];
    const since = times.filter((time) => time >= onsetMs).length;
    const between = times.filter((time) => time > atMs && time < onsetMs);
    const inForce = between.reduce((sum, time) => sum + 1 - 2 ** (-(time - atMs) / rolloutMs(facts.spanMs)), 0);
    const expected = Math.min(1, pattern.after / Math.max(1, since)) * inForce;
    if (!most || expected > most.expected)
      most = {
        expected,
        seconds: Math.round(Math.max(0, onsetMs - atMs) / 1000),
        lines: between.length,
        witness,
        evidenceId: pattern.evidenceId,
      };
  }
  return most;
}

/** Chance that nothing was seen of a change that fails at once: 1 for a deploy at the onset or one without traffic since. */
export function coincidence(exposure: Exposure | undefined): number {
  return exposure === undefined ? 1 : Math.exp(-exposure.expected);
}

/** The most voluminous failure of a service that was never seen before its onset. */
function findSharpFailure(facts: Facts, service: string): LogPattern | undefined {
  return failurePatterns(facts, service)
    .filter((pattern) => pattern.kind === 'new' && pattern.after >= fewestFailures)
    .reduce<LogPattern | undefined>((top, item) => (top && top.after >= item.after ? top : item), undefined);
}

/** The service itself and all that reach it through calls; every service where the call graph is unknown. */
function listWitnesses(facts: Facts, service: string): readonly string[] {
  if (Object.values(facts.dependencies).every((callees) => callees.length === 0)) return facts.services;
  const found = [service];
  for (const callee of found) {
    for (const [caller, callees] of Object.entries(facts.dependencies)) {
      if (callees.includes(callee) && !found.includes(caller)) found.push(caller);
    }
  }
  return found;
}
