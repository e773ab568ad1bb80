import { readFailureText } from './calls.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import type { LogPattern } from './logs/patterns.ts';
import type { ForeignCause } from './outside.ts';
import type { Suspicion } from './suspicion.ts';

const expiredText =
  /(certificate|cert|x509|tls)[^\n]{0,80}(has expired|is expired|expired|not yet valid)|licen[cs]e[^\n]{0,40}expired|CERT_HAS_EXPIRED|(expired certificate|certificate_expired)/i;
/**
 * The other side says so, and it can only mean the certificate that the one who logs this had shown. Source: RFC 8446, 6.2; as Go, Java
 * and OpenSSL write it.
 */
const refusedOwn =
  /remote error: tls: (?:expired|bad) certificate|(?:received )?fatal alert: certificate_expired|alert certificate expired/i;
const ofClient = /\bclient(?:'s)? cert/i;

/** How sure a line is; beside a metric of the time that remained; where it is somebody's whom nobody names. */
const sure = { told: 0.8, measured: 0.95, unowned: 0.5 } as const;
const longestQuote = 200;

/**
 * A certificate or licence that ran out, with whose it is: who logs it is often the other side. O(failing templates × calls).
 * Source: RFC 5280, 4.1.2.5 (validity), and RFC 8446, 6.2 (alerts); whose certificate it is follows by our own rule.
 */
export function findExpiry(facts: Facts, suspects: readonly Suspicion[]): ForeignCause | undefined {
  const deadline = facts.shifts.find((shift) => shift.kind === 'deadline');
  const told = failurePatterns(facts)
    .filter((pattern) => pattern.examples.some((line) => expiredText.test(readFailureText(line))))
    .map((pattern) => ({ pattern, owner: findOwner(facts, pattern) }))
    .sort(
      (a, b) =>
        Number(b.owner !== undefined) - Number(a.owner !== undefined) ||
        (a.pattern.firstAt < b.pattern.firstAt ? -1 : 1),
    );
  const [first] = told;
  if (!first) return undefined;
  const { pattern } = first;
  const service = first.owner ?? pattern.service;
  const shareOf = (name: string) => suspects.find((item) => item.service === name)?.share ?? 0;
  const share = Math.max(shareOf(pattern.service), shareOf(service));
  const measured = deadline ? `; ${deadline.name} of ${deadline.service} passed zero at ${deadline.firstAt}` : '';
  const trust = deadline ? sure.measured : first.owner === undefined ? sure.unowned : sure.told;
  const whose = service === pattern.service ? '' : `, that of ${service}, as ${pattern.service} tells`;
  return {
    kind: 'expiry',
    isRefusal: false,
    service,
    what: deadline?.name ?? 'a certificate',
    strength: Math.min(1, trust * (0.6 + 0.4 * share)),
    firstAt: pattern.firstAt,
    claims: [
      {
        text: `A certificate or licence ran out${whose}: \`${pattern.template.slice(0, longestQuote)}\`${measured}.`,
        evidence: [...new Set([pattern.evidenceId, ...(deadline ? [deadline.evidenceId] : [])])],
      },
    ],
    mayBeOurs: !facts.observed.includes(service),
    missing: [],
  };
}

/** Whose certificate a line means: the logger's own, that of the only one who fails at the logger, or that of whom it called. */
function findOwner(facts: Facts, pattern: LogPattern): string | undefined {
  const text = pattern.examples.map((line) => readFailureText(line)).join('\n');
  if (refusedOwn.test(text)) return pattern.service;
  if (ofClient.test(text)) {
    const callers = new Set(facts.calls.filter(({ to }) => to === pattern.service).map(({ from }) => from));
    const [only, ...others] = callers;
    return others.length === 0 ? only : undefined;
  }
  const callee = facts.calls.find((call) => call.pattern === pattern)?.to;
  return callee !== undefined && facts.services.includes(callee) ? callee : pattern.service;
}
