import type { Claim, Diagnosis } from '../diagnosis/diagnosis.ts';
import { inconclusive } from '../diagnosis/diagnosis.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { listAlternatives } from './alternatives.ts';
import { describePattern, short } from './claims.ts';
import {
  describeCalmLevels,
  describeCondition,
  describeHarmless,
  describeStates,
  ruleOutOthers,
  weighAgainst,
} from './conditions/statement.ts';
import type { Answer, Decision, Doubt } from './decide.ts';
import type { Condition } from './conditions/conditions.ts';
import type { Facts } from './facts.ts';
import { failurePatterns } from './facts.ts';
import { describeCandidate, ruleOutChanges } from './changes/rule-out.ts';
import type { ScoredCandidate } from './changes/score-candidates.ts';
import {
  capitalise,
  describeCalls,
  describeNextSuspects,
  describeReasons,
  describeSurge,
  describeSymptoms,
  observedEvidence,
} from './statement-symptoms.ts';
import type { Suspicion } from './suspicion.ts';

interface Argument {
  readonly input: EngineInput;
  readonly facts: Facts;
  readonly suspicions: readonly Suspicion[];
  readonly scored: readonly ScoredCandidate[];
  readonly gaps: readonly string[];
  readonly decision: Decision;
  readonly engine: string;
}

type AnswerOf<Kind extends Answer['kind']> = Extract<Answer, { kind: Kind }>;

const longestSentence = 600;

/** Puts a decision into sentences; each cites the evidence that it was read from. */
export function describeDecision(argument: Argument): Diagnosis {
  const { decision } = argument;
  return decision.kind === 'inconclusive' ? describeDoubt(argument, decision) : describeAnswer(argument, decision);
}

function describeAnswer(argument: Argument, decision: Answer): Diagnosis {
  switch (decision.kind) {
    case 'change':
      return describeChange(argument, decision);
    case 'foreign':
      return describeForeign(argument, decision);
    case 'condition':
      return describeState(argument, decision);
    case 'surge':
      return finish(argument, decision.surge.service, {
        verdict: 'cause',
        change: 'none',
        category: decision.category,
        confidence: decision.confidence,
        statement: [...describeSurge(decision.surge), ...describeSymptoms(argument, decision.surge.service)],
        ruledOut: ruleOutChanges(
          argument,
          undefined,
          'its diff does not explain the failure, and the load rose before it',
        ),
      });
    case 'service':
      return describePlace(argument, decision);
    case 'no-fault':
      return finish(argument, argument.input.service, {
        verdict: 'no-fault',
        change: 'none',
        category: 'none',
        confidence: decision.confidence,
        statement: [
          {
            text: 'No failure is seen: no error is new or grown, the platform tells of no trouble, and metrics stay within normal bounds.',
            evidence: observedEvidence(argument.input),
          },
          ...describeCalmLevels(argument.facts.surroundings.levels),
        ],
        against: [
          ...failurePatterns(argument.facts).map(describePattern),
          ...describeHarmless(argument.facts.surroundings),
        ],
      });
  }
}

function describeForeign(argument: Argument, { cause, category, confidence }: AnswerOf<'foreign'>): Diagnosis {
  return finish(argument, cause.service, {
    verdict: 'cause',
    change: 'none',
    category,
    confidence,
    statement: [...describeSymptoms(argument, cause.service), ...cause.claims],
    ruledOut: ruleOutChanges(argument, undefined, `its diff does not explain failures at ${cause.what}`),
    missing: [...argument.gaps, ...cause.missing],
  });
}

/**
 * Whose a state is that several tell of, the surest first: the alerting service's, unless it merely logs what another system, which shows the
 * state itself and does not call it, may have told it.
 */
function placeState(facts: Facts, same: readonly Condition[], alerting: string): string {
  const own = same.find((item) => item.service === alerting);
  const isMeasured = ({ signs }: Condition) => signs.some(({ from }) => from === 'event' || from === 'metric');
  const other = same.find(
    (item) =>
      item.service !== alerting &&
      isMeasured(item) &&
      (facts.observed.includes(item.service) || item.signs.some(({ object }) => object === item.service)) &&
      facts.dependencies[item.service]?.includes(alerting) !== true,
  );
  if (own && other && !isMeasured(own)) return other.service;
  return (own ?? same[0])?.service ?? alerting;
}

/** A state of the platform as the cause; changes stand by as what it is not. */
function describeState(argument: Argument, decision: AnswerOf<'condition'>): Diagnosis {
  const { facts } = argument;
  const { condition, explained } = decision.root;
  const same = explained.filter((item) => item.kind.id === condition.kind.id);
  const service = placeState(facts, [condition, ...same], argument.input.service);
  return finish(argument, service, {
    verdict: 'cause',
    change: 'none',
    category: decision.category,
    condition: condition.kind.id,
    confidence: decision.confidence,
    statement: [...describeCondition(facts, decision.root), ...describeSymptoms(argument, service)],
    against: weighAgainst(decision.root.rivals),
    ruledOut: [
      ...ruleOutOthers(facts, decision.root),
      ...ruleOutChanges(argument, undefined, `its diff does not explain ${condition.kind.name}`),
    ],
  });
}

/** A place without a reason: the first sentence says that, since the verdict alone reads as if all were known. */
function describePlace(argument: Argument, { suspicion, category, confidence }: AnswerOf<'service'>): Diagnosis {
  const { service } = suspicion;
  const reasons = describeReasons(argument, suspicion);
  const noChange = argument.facts.changes.length === 0 ? ['commits of the services in the window'] : [];
  return finish(argument, service, {
    verdict: 'cause',
    change: 'none',
    category,
    confidence,
    statement: [
      {
        text: `The place is known and the reason is not: ${service} fails first of all, and nothing that was collected says why.`,
        evidence: [...new Set(reasons.flatMap((claim) => claim.evidence))],
      },
      ...reasons,
    ],
    against: describeNextSuspects(argument, suspicion),
    ruledOut: ruleOutChanges(argument, undefined, 'it does not explain the failure'),
    missing: [
      ...argument.gaps,
      ...noChange,
      `the reason why ${service} fails: neither a change nor a state of its surroundings explains it`,
    ],
  });
}

function describeChange(argument: Argument, decision: AnswerOf<'change'>): Diagnosis {
  const { top, rivals } = decision;
  const service = top.candidate.service;
  const statement: Claim[] = [
    ...describeSymptoms(argument, service),
    ...describeCalls(argument, service),
    ...describeStates(argument.facts.surroundings, service),
  ];
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
    ruledOut: ruleOutChanges(argument, top, 'it explains the symptoms less well'),
    suspects: suspects.slice(0, 10),
    ...(before === undefined ? {} : { before }),
  });
}

/** What is known all the same: the lead where there is one, the symptoms, the changes that remain, and what would tell. */
function describeDoubt(argument: Argument, { why, close, lead }: Doubt): Diagnosis {
  const { facts, input, scored, suspicions, engine, gaps } = argument;
  const told = lead && describeAnswer(argument, lead);
  const missing = [...(told?.missing ?? gaps)];
  if (facts.changes.length === 0) missing.push('commits of the services in the window');
  if (facts.deploys.length === 0) missing.push('deploy records, to know what ran when');
  return finish(argument, '', {
    ...inconclusive(why, engine),
    statement: [
      { text: why, evidence: [...new Set(close.flatMap((item) => item.candidate.evidence))] },
      ...close.map((item) => ({
        text: `${describeCandidate(item)}: not enough to accuse it alone.`,
        evidence: item.candidate.evidence,
      })),
      ...(told?.statement ?? describeSymptoms(argument, suspicions[0]?.service ?? input.service)),
    ],
    against: told?.against ?? [],
    ruledOut: ruleOutChanges(argument, undefined, undefined),
    signatures: listSignatures(argument, ''),
    missing: [...missing, ...tellTests(close)],
    alternatives: listAlternatives(facts, input.service, scored, undefined),
    // Only commits of one service can be bisected; of the most suspect one.
    suspects: close
      .filter((item) => item.candidate.change !== undefined && item.candidate.service === close[0]?.candidate.service)
      .map((item) => item.candidate.id),
  });
}

/** What would confirm a change that remains possible, or acquit it. */
function tellTests(close: readonly ScoredCandidate[]): readonly string[] {
  const [only, ...others] = close;
  if (!only) return [];
  const name = short(only.candidate.id);
  if (others.length > 0)
    return [`a reproduction that tells ${close.map((item) => short(item.candidate.id)).join(' and ')} apart`];
  return only.candidate.flag
    ? [`a run with and without ${name}: nothing shows yet that the failure depends on it`]
    : [`a reproduction with ${name} and with what ran before it: nothing shows yet that the failure depends on it`];
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
