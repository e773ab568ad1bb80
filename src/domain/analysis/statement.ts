import type { Claim, Diagnosis, RuledOut } from '../diagnosis/diagnosis.ts';
import { inconclusive } from '../diagnosis/diagnosis.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { listAlternatives } from './alternatives.ts';
import type { Decision } from './decide.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, failureShifts, isObserved } from './facts.ts';
import type { LogPattern } from './log-patterns.ts';
import type { MetricShift } from './metric-shifts.ts';
import type { ForeignCause } from './outside.ts';
import type { ScoredCandidate } from './score-candidates.ts';
import type { Suspicion } from './suspicion.ts';

interface Argument {
  readonly input: EngineInput;
  readonly facts: Facts;
  readonly suspicions: readonly Suspicion[];
  readonly scored: readonly ScoredCandidate[];
  readonly foreign: ForeignCause | undefined;
  readonly gaps: readonly string[];
  readonly decision: Decision;
  readonly engine: string;
}

const mostRuledOut = 25;
const longestSentence = 600;

/** Puts a decision into sentences; each cites the evidence that it was read from. */
export function describeDecision(argument: Argument): Diagnosis {
  const { decision } = argument;
  switch (decision.kind) {
    case 'change':
      return describeChange(argument, decision);
    case 'foreign':
      return finish(argument, decision.cause.service, {
        verdict: 'cause',
        change: 'none',
        category: decision.category,
        confidence: decision.confidence,
        statement: [
          ...describeSymptoms(argument, decision.cause.service),
          { text: capitalise(`${decision.cause.text}.`), evidence: decision.cause.evidence },
        ],
        ruledOut: ruleOut(argument, undefined, `its diff does not explain failures at ${decision.cause.what}`),
      });
    case 'no-fault':
      return finish(argument, argument.input.service, {
        verdict: 'no-fault',
        change: 'none',
        category: 'none',
        confidence: decision.confidence,
        statement: [
          {
            text: 'No log pattern is new or grown and no metric left its normal range.',
            evidence: observedEvidence(argument.input),
          },
        ],
      });
    case 'inconclusive':
      return describeDoubt(argument, decision);
  }
}

function describeChange(argument: Argument, decision: Extract<Decision, { kind: 'change' }>): Diagnosis {
  const { top, rivals } = decision;
  const service = top.candidate.service;
  const statement: Claim[] = [...describeSymptoms(argument, service), ...describeCalls(argument, service)];
  statement.push({ text: `${describeCandidate(top)}.`, evidence: top.candidate.evidence });
  if (top.match.because.length > 0) {
    statement.push({
      text: capitalise(`${top.match.because.join('; ')}.`),
      evidence: [...new Set([...top.candidate.evidence.slice(0, 1), ...top.match.evidence])],
    });
  }
  const against = rivals
    .slice(0, 2)
    .filter((rival) => rival.score >= 0.5 * top.score)
    .map((rival) => ({
      text: `${describeCandidate(rival)} and explains part of the symptoms too.`,
      evidence: rival.candidate.evidence,
    }));
  const suspects = argument.scored
    .filter(
      (item) =>
        item.ruledOut === undefined &&
        item.candidate.service === service &&
        item.candidate.change !== undefined &&
        item.score >= 0.15 * top.score,
    )
    .map((item) => item.candidate.id);
  const before = top.candidate.before ?? top.candidate.deploy?.previous;
  const alternatives = listAlternatives(argument.facts, argument.input.service, argument.scored, service);
  return finish(argument, service, {
    verdict: 'cause',
    alternatives,
    change: top.candidate.id,
    category: decision.category,
    confidence: decision.confidence,
    statement,
    against,
    ruledOut: ruleOut(argument, top, 'it explains the symptoms less well'),
    suspects: suspects.slice(0, 10),
    ...(before === undefined ? {} : { before }),
  });
}

function describeDoubt(argument: Argument, decision: Extract<Decision, { kind: 'inconclusive' }>): Diagnosis {
  const { close } = decision;
  const evidence = [...new Set(close.flatMap((item) => item.candidate.evidence))];
  const missing = [...argument.gaps];
  if (argument.facts.changes.length === 0) missing.push('commits of the services in the window');
  if (argument.facts.deploys.length === 0) missing.push('deploy records, to know what ran when');
  if (close.length > 1)
    missing.push(`a reproduction that tells ${close.map((item) => short(item.candidate.id)).join(' and ')} apart`);
  const base = inconclusive(decision.why, argument.engine, missing);
  return {
    ...finish(argument, '', {
      verdict: 'inconclusive',
      change: 'none',
      category: 'unknown',
      confidence: 0,
      statement: [
        { text: decision.why, evidence },
        ...describeSymptoms(argument, argument.suspicions[0]?.service ?? argument.input.service),
      ],
      against: close.map((item) => ({
        text: `${describeCandidate(item)}: not enough to accuse it alone.`,
        evidence: item.candidate.evidence,
      })),
      ruledOut: ruleOut(argument, undefined, undefined),
    }),
    missing: base.missing,
    alternatives: listAlternatives(argument.facts, argument.input.service, argument.scored, undefined),
    // Only commits of one service can be bisected; of the most suspect one.
    suspects: close
      .filter((item) => item.candidate.change !== undefined && item.candidate.service === close[0]?.candidate.service)
      .map((item) => item.candidate.id),
  };
}

function finish(
  argument: Argument,
  service: string,
  part: Partial<Diagnosis> & Pick<Diagnosis, 'verdict' | 'change' | 'category' | 'confidence' | 'statement'>,
): Diagnosis {
  const statement = part.statement.map((claim) => ({ ...claim, text: cleanLine(claim.text, longestSentence) }));
  return {
    service,
    against: [],
    ruledOut: [],
    suspects: [],
    signatures: listSignatures(argument, service),
    missing: argument.gaps,
    lessons: [],
    engine: argument.engine,
    ...part,
    statement,
    evidence: [...new Set(statement.flatMap((claim) => claim.evidence))],
  };
}

function describeSymptoms(argument: Argument, service: string): readonly Claim[] {
  const names = [...new Set([argument.input.service, service])];
  return names.flatMap((name) => {
    const pattern = failurePatterns(argument.facts, name)[0];
    const shift = failureShifts(argument.facts, name)[0];
    return [...(pattern ? [describePattern(pattern)] : []), ...(shift ? [describeShift(shift)] : [])];
  });
}

/** One log pattern as a sentence. */
export function describePattern(pattern: LogPattern): Claim {
  const history = pattern.kind === 'new' ? 'never before in the window' : `${pattern.before} before that`;
  return {
    text: `${pattern.service} logs ${pattern.level} \`${pattern.template.slice(0, 240)}\` since ${pattern.firstAt}: ${pattern.after} lines, ${history}.`,
    evidence: [pattern.evidenceId],
  };
}

/** One metric shift as a sentence. */
export function describeShift(shift: MetricShift): Claim {
  const what = {
    step: shift.direction === 'up' ? 'rose' : 'fell',
    climb: 'climbed steadily',
    deadline: 'counted down past zero',
  }[shift.kind];
  return {
    text: `${shift.name} of ${shift.service} ${what} from ${format(shift.before)} to ${format(shift.after)} since ${shift.firstAt}.`,
    evidence: [shift.evidenceId],
  };
}

function describeCalls(argument: Argument, service: string): readonly Claim[] {
  const calls = argument.facts.calls.filter((call) => call.to === service);
  const callers = [...new Set(calls.map((call) => call.from))];
  if (callers.length === 0) return [];
  return [
    {
      text: `Failing calls of ${callers.join(', ')} go to ${service} (${[...new Set(calls.map((call) => call.mode))].join(', ')}).`,
      evidence: [...new Set(calls.map((call) => call.pattern.evidenceId))],
    },
  ];
}

function describeCandidate(item: ScoredCandidate): string {
  const { candidate } = item;
  const subject = candidate.change ? ` (\`${candidate.change.subject.replace(/[\p{Cc}`]/gu, ' ').slice(0, 80)}\`)` : '';
  const verb = {
    exact: 'was deployed to',
    carried: 'was carried by a deploy to',
    'perhaps-carried': 'may have been carried by a deploy to',
    undeployed: 'has no deploy record at',
    unrecorded: 'was committed to',
  }[candidate.reach];
  const lead = item.leadMinutes === undefined ? '' : `, ${describeLead(item.leadMinutes)}`;
  return `${candidate.change ? 'Commit' : 'Deploy'} ${short(candidate.id)}${subject} ${verb} ${candidate.service} at ${new Date(candidate.atMs).toISOString()}${lead}`;
}

function describeLead(minutes: number): string {
  const seconds = Math.round(minutes * 60);
  if (Math.abs(seconds) < 2) return 'as the failure began';
  if (seconds < 0) return `${-seconds} s after the first sign of failure, which clocks and scrapes may account for`;
  return seconds < 60
    ? `${seconds} s before the failure began`
    : `${Math.round(minutes * 10) / 10} min before the failure began`;
}

function ruleOut(
  argument: Argument,
  top: ScoredCandidate | undefined,
  otherwise: string | undefined,
): readonly RuledOut[] {
  // The strongest rivals first; then what never could have been it, deployed revisions before the rest.
  const byRelevance = (item: ScoredCandidate) =>
    item.ruledOut === undefined ? 0 : item.candidate.reach === 'exact' ? 1 : 2;
  const changes = argument.scored
    .filter((item) => item !== top && (item.ruledOut !== undefined || otherwise !== undefined))
    .sort((a, b) => byRelevance(a) - byRelevance(b) || b.score - a.score)
    .slice(0, mostRuledOut)
    .map((item): RuledOut => ({
      candidate: item.candidate.id,
      reason: item.ruledOut ?? explainLoss(item, argument, otherwise ?? ''),
      evidence: item.candidate.evidence,
    }));
  return changes;
}

function explainLoss(item: ScoredCandidate, argument: Argument, otherwise: string): string {
  const share = argument.suspicions.find((suspicion) => suspicion.service === item.candidate.service)?.share ?? 0;
  if (item.candidate.reach === 'undeployed') return `no deploy record says that it reached ${item.candidate.service}`;
  if (!item.candidate.change) return 'nothing is known of what it changed, and others explain the symptoms';
  if (share < 0.1) return `no failing call leads to ${item.candidate.service}, and it shows no failure first`;
  if (item.outpaced >= 0.3 && item.exposure)
    return `it had been at work for ${Math.round((item.leadMinutes ?? 0) * 60)} s and ${item.exposure.lines} lines of ${item.exposure.witness} without one failure when it began, and another change came just then`;
  return item.match.total < 0.15 ? 'its diff has nothing in common with the symptoms' : otherwise;
}

function listSignatures(argument: Argument, service: string): readonly string[] {
  const names = service === '' ? [argument.input.service] : [service, argument.input.service];
  return [
    ...new Set(
      names.flatMap((name) =>
        failurePatterns(argument.facts, name)
          .slice(0, 3)
          .map((pattern) => pattern.template),
      ),
    ),
  ].slice(0, 5);
}

function observedEvidence(input: EngineInput): readonly string[] {
  return input.evidence.filter(isObserved).map((item) => item.evidence.id);
}

export function short(id: string): string {
  return /^[0-9a-f]{40}$/.test(id) ? id.slice(0, 8) : id;
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
