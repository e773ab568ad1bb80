import type { Claim } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { describePattern, describePropagation, describeQuiet, describeShift } from './claims.ts';
import type { Surge } from './conditions/traffic.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, failureShifts, isObserved } from './facts.ts';
import type { Suspicion } from './suspicion.ts';

/** What there is to tell of. */
interface Seen {
  readonly input: EngineInput;
  readonly facts: Facts;
  readonly suspicions: readonly Suspicion[];
}

/** The heaviest log pattern and metric shift of the alerting service and of another one, and what each no longer logs. */
export function describeSymptoms(seen: Seen, service: string): readonly Claim[] {
  const names = [...new Set([seen.input.service, service])];
  return names.flatMap((name) => {
    const pattern = failurePatterns(seen.facts, name)[0];
    const shift = failureShifts(seen.facts, name)[0];
    const quiet = seen.facts.quiet.find((item) => item.service === name && item.level === 'info');
    return [
      ...(pattern ? [describePattern(pattern)] : []),
      ...(shift ? [describeShift(shift)] : []),
      ...(quiet ? [describeQuiet(quiet)] : []),
    ];
  });
}

/** Whose failing calls go to a service, and how many requests failed there first. */
export function describeCalls(seen: Seen, service: string): readonly Claim[] {
  const calls = seen.facts.calls.filter((call) => call.to === service);
  const callers = [...new Set(calls.map((call) => call.from))];
  const propagated = describePropagation(seen.facts.propagation, service);
  if (callers.length === 0) return propagated;
  return [
    ...propagated,
    {
      text: `Failing calls of ${callers.join(', ')} go to ${service} (${[...new Set(calls.map((call) => call.mode))].join(', ')}).`,
      evidence: [...new Set(calls.map((call) => call.pattern.evidenceId))],
    },
  ];
}

/** What makes one service the most suspect one: its part in the symptom, its own failure, and who fails at it. */
export function describeReasons(seen: Seen, suspicion: Suspicion): readonly Claim[] {
  const explained = [...suspicion.explanations]
    .sort((a, b) => b.weight - a.weight)
    .slice(0, 3)
    .map(({ why, evidenceId }) => ({ text: capitalise(`${why}.`), evidence: [evidenceId] }));
  const claims = [
    ...explained,
    ...describeSymptoms(seen, suspicion.service),
    ...describeCalls(seen, suspicion.service),
  ];
  if (claims.length > 0) return claims;
  return [
    {
      text: `Of all services that were looked at, ${suspicion.service} explains the symptoms best.`,
      evidence: observedEvidence(seen.input).filter((id) => id.startsWith(`${suspicion.service}/`)),
    },
  ].filter((claim) => claim.evidence.length > 0);
}

/** Who else comes near; whoever reads this should look there next. */
export function describeNextSuspects(seen: Seen, first: Suspicion): readonly Claim[] {
  return seen.suspicions
    .filter((item) => item !== first && item.share >= 0.3 * first.share)
    .slice(0, 2)
    .flatMap((item) => {
      const reason = describeReasons(seen, item)[0];
      return reason === undefined
        ? []
        : [
            {
              text: `${item.service} comes next, with ${Math.round((100 * item.share) / first.share)} % of the suspicion: ${reason.text}`,
              evidence: reason.evidence,
            },
          ];
    });
}

/** More load, and what it strained. */
export function describeSurge({ traffic, strain }: Surge): readonly Claim[] {
  const claim = describeShift(traffic);
  return [
    { ...claim, text: `More work came in before anything failed: ${claim.text}` },
    ...strain.map((shift) => describeShift(shift)),
  ];
}

/** Evidence ids of all that tells how services were. */
export function observedEvidence(input: EngineInput): readonly string[] {
  return input.evidence
    .filter((item) => isObserved(item) || item.body?.kind === 'events' || item.body?.kind === 'traces')
    .map((item) => item.evidence.id);
}

/** A clause as the beginning of a sentence. */
export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
