import type { CallFailure } from './calls.ts';
import { readFailureText } from './calls.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import type { Suspicion } from './suspicion.ts';

/** A cause that no change made: an outside system that fails, or something that ran out by the calendar. */
export interface ForeignCause {
  readonly kind: 'outside' | 'expiry';
  /** It answers, and says no: a contract that changed on either side. */
  readonly isRefusal: boolean;
  /** The service where it showed first. */
  readonly service: string;
  /** The outside system, or what expired. */
  readonly what: string;
  /** 0 to 1. */
  readonly strength: number;
  readonly text: string;
  readonly firstAt: string;
  readonly evidence: readonly string[];
}

const expiredText =
  /(certificate|cert|x509|tls)[^\n]{0,80}(has expired|is expired|expired|not yet valid)|licen[cs]e[^\n]{0,40}expired|CERT_HAS_EXPIRED/i;

/** The strongest cause outside of every change, if any. */
export function findForeignCause(facts: Facts, suspicions: readonly Suspicion[]): ForeignCause | undefined {
  const found = [findExpiry(facts, suspicions), ...suspicions.map((suspicion) => findOutage(facts, suspicion))].filter(
    (item) => item !== undefined,
  );
  return found.sort((a, b) => b.strength - a.strength || (a.firstAt < b.firstAt ? -1 : 1))[0];
}

/** An outside system is at fault as far as a service's failing calls name it and the service shows no failure of its own. */
function findOutage(facts: Facts, suspicion: Suspicion): ForeignCause | undefined {
  const calls = suspicion.callsTo.filter((call) => !call.isKnown && call.mode !== 'unclear');
  const first = [...calls].sort((a, b) => b.pattern.weight - a.pattern.weight)[0];
  if (!first || suspicion.share < 0.3) return undefined;
  const total = failurePatterns(facts, suspicion.service).reduce(
    (sum, pattern) => sum + pattern.weight * pattern.after,
    0,
  );
  const toward = calls.reduce((sum, call) => sum + call.pattern.weight * call.pattern.after, 0);
  const others = suspicions(facts, first.to, suspicion.service);
  const sure: Readonly<Record<CallFailure['mode'], number>> = {
    unreachable: 1,
    'server-error': 1,
    timeout: 0.9,
    rejected: 0.6,
    unclear: 0,
  };
  const strength = Math.min(
    1,
    (toward / Math.max(total, 1e-9)) * (1 - 0.5 * suspicion.own) * sure[first.mode] * (0.6 + 0.4 * suspicion.share) +
      (others > 0 ? 0.1 : 0),
  );
  const template = first.pattern.template.slice(0, 200);
  return {
    kind: 'outside',
    isRefusal: first.mode === 'rejected',
    service: suspicion.service,
    what: first.to,
    strength,
    firstAt: first.pattern.firstAt,
    text: `calls of ${suspicion.service} to ${first.to}, which is none of the known services, fail (${first.mode}): \`${template}\`, ${first.pattern.after} lines${others > 0 ? `; ${others} more service(s) fail at it too` : ''}`,
    evidence: [...new Set(calls.map((call) => call.pattern.evidenceId))],
  };
}

function suspicions(facts: Facts, to: string, except: string): number {
  return new Set(facts.calls.filter((call) => call.to === to && call.from !== except).map((call) => call.from)).size;
}

function findExpiry(facts: Facts, suspects: readonly Suspicion[]): ForeignCause | undefined {
  const deadline = facts.shifts.find((shift) => shift.kind === 'deadline');
  const lines = failurePatterns(facts).filter((pattern) =>
    pattern.examples.some((line) => expiredText.test(readFailureText(line))),
  );
  const first = [...lines].sort((a, b) => (a.firstAt < b.firstAt ? -1 : 1))[0];
  if (!first) return undefined;
  const share = suspects.find((item) => item.service === first.service)?.share ?? 0;
  return {
    kind: 'expiry',
    isRefusal: false,
    service: first.service,
    what: deadline?.name ?? 'a certificate',
    strength: Math.min(1, (deadline ? 0.95 : 0.8) * (0.6 + 0.4 * share)),
    firstAt: first.firstAt,
    text: `a certificate or licence ran out: \`${first.template.slice(0, 200)}\`${deadline ? `; ${deadline.name} of ${deadline.service} passed zero at ${deadline.firstAt}` : ''}`,
    evidence: [...new Set([first.evidenceId, ...(deadline ? [deadline.evidenceId] : [])])],
  };
}
