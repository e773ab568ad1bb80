import type { Claim } from '../diagnosis/diagnosis.ts';
import type { CallFailure } from './calls.ts';
import { matchesName } from './calls.ts';
import { findExpiry } from './expired.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import { isInOwnNetwork } from './own-network.ts';
import { clockSlackOf, type Suspicion } from './suspicion.ts';
import { compactName } from './words.ts';

/**
 * A cause that no change made: an outside system that fails, an address inside of the own network behind which nobody was observed, or
 * something that ran out by the calendar.
 */
export interface ForeignCause {
  readonly kind: 'outside' | 'inside' | 'expiry';
  /** It answers, and says no: a contract that changed on either side. */
  readonly isRefusal: boolean;
  /** The service where it showed first. */
  readonly service: string;
  /** The outside system, or what expired. */
  readonly what: string;
  /** 0 to 1. */
  readonly strength: number;
  /** What speaks for it, the outside system's own words last. */
  readonly claims: readonly Claim[];
  readonly firstAt: string;
  /** Only its caller tells of it, and the call graph lists it: it may as well be a service of ours that nothing was collected of. */
  readonly mayBeOurs: boolean;
  /** What would show it from its own side, and was not collected. */
  readonly missing: readonly string[];
}

/** A cause has to explain this much of a failure, 0 to 1, to be heard at all. */
const leastStrength = 0.45;
/** Less suspect services tell of somebody else's trouble. */
const leastSuspect = 0.3;
/** How surely a call that fails in this way failed by the other side's fault; a refusal may be the caller's as well. */
const otherSide: Readonly<Record<CallFailure['mode'], number>> = {
  unreachable: 1,
  'server-error': 1,
  timeout: 0.9,
  rejected: 0.6,
  unclear: 0,
};
/** What a second witness adds: another caller that fails at it, or its own status page. */
const secondWitness = 0.1;
const longestQuote = 200;

/**
 * The strongest cause outside of every change, if any explains enough; a provider or a calendar before what is merely unseen.
 * Our own rule; it follows from what a caller can know of the other side. O(s · (f + p + u)) for s services, f failing calls, p
 * patterns and u warnings of platforms.
 */
export function findForeignCause(facts: Facts, suspicions: readonly Suspicion[]): ForeignCause | undefined {
  const expiry = findExpiry(facts, suspicions);
  // Who is called with a certificate that ran out is no outside system that fails.
  const outages = suspicions
    .map((suspicion) => findOutage(facts, suspicion))
    .filter((item) => expiry === undefined || item?.what !== expiry.service);
  const found = [expiry, ...outages].flatMap((item) => (item && item.strength >= leastStrength ? [item] : []));
  const isInside = ({ kind }: ForeignCause) => Number(kind === 'inside');
  return found.sort(
    (a, b) => isInside(a) - isInside(b) || b.strength - a.strength || (a.firstAt < b.firstAt ? -1 : 1),
  )[0];
}

/** An outside system is at fault as far as a service's failing calls name it and the service shows no failure of its own. */
function findOutage(facts: Facts, { service, share, own, callsTo }: Suspicion): ForeignCause | undefined {
  const calls = callsTo.filter((call) => !call.isKnown && call.mode !== 'unclear');
  const first = [...calls].sort((a, b) => b.pattern.weight - a.pattern.weight)[0];
  if (!first || share < leastSuspect) return undefined;
  const { to: what, pattern, mode } = first;
  const total = failurePatterns(facts, service).reduce((sum, item) => sum + item.weight * item.after, 0);
  const toward = calls.reduce((sum, call) => sum + call.pattern.weight * call.pattern.after, 0);
  const others = countOtherCallers(facts, what, service);
  const ownWords = readOwnWords(facts, what, Date.parse(pattern.firstAt) - clockSlackOf(facts.spanMs));
  const strength =
    (toward / Math.max(total, 1e-9)) * (1 - 0.5 * own) * otherSide[mode] * (0.6 + 0.4 * share) +
    (others > 0 || ownWords.length > 0 ? secondWitness : 0);
  const isListed = facts.dependencies[service]?.includes(what) === true;
  const isInside = ownWords.length === 0 && isInOwnNetwork(what);
  const which = tellWhich(isListed, isInside);
  const beside = others > 0 ? `; ${others} more service(s) fail at it too` : '';
  return {
    kind: isInside ? 'inside' : 'outside',
    isRefusal: mode === 'rejected',
    service,
    what,
    strength: Math.min(1, strength),
    firstAt: pattern.firstAt,
    claims: [
      {
        text: `Calls of ${service} to ${what}, ${ownWords.length > 0 ? 'an outside system' : which}, fail (${mode}): \`${pattern.template.slice(0, longestQuote)}\`, ${pattern.after} lines${beside}.`,
        evidence: [...new Set(calls.map((call) => call.pattern.evidenceId))],
      },
      ...ownWords,
    ],
    mayBeOurs: isListed && ownWords.length === 0,
    missing:
      ownWords.length > 0
        ? []
        : [
            `what ${what} tells of itself, such as its ${isInside ? 'logs, and what may reach it' : 'status page or logs'}`,
          ],
  };
}

function tellWhich(isListed: boolean, isInside: boolean): string {
  if (isInside) return 'an address of the own network that is none of the known services';
  return isListed ? 'of which nothing was collected' : 'which is none of the known services';
}

function countOtherCallers(facts: Facts, to: string, except: string): number {
  return new Set(facts.calls.filter((call) => call.to === to && call.from !== except).map((call) => call.from)).size;
}

const mostOwnWords = 2;

/** Warnings by the outside system itself since calls to it fail, as on its status page; a page is known by its name in a log's host. */
function readOwnWords(facts: Facts, what: string, sinceMs: number): readonly Claim[] {
  const labels = what.split(/[.:]/).map(compactName);
  const isIts = (service: string) => matchesName(what, service) || labels.includes(compactName(service));
  return facts.surroundings.unclear
    .filter(({ service, event }) => isIts(service) && Date.parse(event.lastAt ?? event.at) >= sinceMs)
    .slice(0, mostOwnWords)
    .map(({ event, service, evidenceId }) => ({
      text: `${service} itself tells of trouble with ${event.object} at ${event.at}: \`${event.message.slice(0, longestQuote)}\`.`,
      evidence: [evidenceId],
    }));
}
