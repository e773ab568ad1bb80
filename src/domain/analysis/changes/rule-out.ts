import type { RuledOut } from '../../diagnosis/diagnosis.ts';
import type { FlagChange } from '../../evidence/evidence.ts';
import { short } from '../claims.ts';
import type { ScoredCandidate } from './score-candidates.ts';
import type { Suspicion } from '../suspicion.ts';

const mostRuledOut = 25;

interface RuleOutInput {
  readonly suspicions: readonly Suspicion[];
  readonly scored: readonly ScoredCandidate[];
}

/** A change with when and how it reached its service, as the beginning of a sentence. */
export function describeCandidate(item: ScoredCandidate): string {
  const { candidate } = item;
  if (candidate.flag) return describeFlag(item, candidate.flag);
  const subject = candidate.change ? ` (\`${candidate.change.subject.replace(/[\p{Cc}`]/gu, ' ').slice(0, 80)}\`)` : '';
  const verb = {
    exact: 'was deployed to',
    carried: 'was carried by a deploy to',
    'perhaps-carried': 'may have been carried by a deploy to',
    undeployed: 'has no deploy record, and was committed to',
    baseline: 'ran before the first deploy that is known, and was committed to',
    unrecorded: 'was committed to',
  }[candidate.reach];
  const lead = item.leadMinutes === undefined ? '' : `, ${describeLead(item.leadMinutes)}`;
  return `${candidate.change ? 'Commit' : 'Deploy'} ${short(candidate.id)}${subject} ${verb} ${candidate.service} at ${new Date(candidate.atMs).toISOString()}${lead}`;
}

function describeFlag({ candidate, leadMinutes }: ScoredCandidate, { flag, from, to, at }: FlagChange): string {
  const clean = (text: string) => text.replace(/[\p{Cc}`]/gu, ' ').slice(0, 80);
  const values =
    to === undefined
      ? 'was changed'
      : `was set ${from === undefined ? '' : `from \`${clean(from)}\` `}to \`${clean(to)}\``;
  const lead = leadMinutes === undefined ? '' : `, ${describeLead(leadMinutes)}`;
  return `Flag \`${clean(flag)}\` of ${candidate.service} ${values} at ${at}${lead}`;
}

function describeLead(minutes: number): string {
  const seconds = Math.round(minutes * 60);
  if (Math.abs(seconds) < 2) return 'as the failure began';
  if (seconds < 0) return `${-seconds} s after the first sign of failure, which clocks and scrapes may account for`;
  return seconds < 60
    ? `${seconds} s before the failure began`
    : `${Math.round(minutes * 10) / 10} min before the failure began`;
}

/**
 * Changes that are not the cause, each with why; `otherwise` is said of those that nothing else speaks against.
 * Our own rule; each reason is the factor of the score by which that change lost. O(c log c) for c changes.
 */
export function ruleOutChanges(
  argument: RuleOutInput,
  top: ScoredCandidate | undefined,
  otherwise: string | undefined,
): readonly RuledOut[] {
  // The strongest rivals first; then what never could have been it, deployed revisions before the rest.
  const byRelevance = (item: ScoredCandidate) =>
    item.ruledOut === undefined ? 0 : item.candidate.reach === 'exact' ? 1 : 2;
  return argument.scored
    .filter((item) => item !== top && (item.ruledOut !== undefined || otherwise !== undefined))
    .sort((a, b) => byRelevance(a) - byRelevance(b) || b.score - a.score)
    .slice(0, mostRuledOut)
    .map((item): RuledOut => ({
      candidate: item.candidate.id,
      reason: item.ruledOut ?? explainLoss(item, argument, otherwise ?? ''),
      evidence: item.candidate.evidence,
    }));
}

function explainLoss(item: ScoredCandidate, argument: RuleOutInput, otherwise: string): string {
  const share = argument.suspicions.find((suspicion) => suspicion.service === item.candidate.service)?.share ?? 0;
  if (item.candidate.reach === 'undeployed') return `no deploy record says that it reached ${item.candidate.service}`;
  if (!item.candidate.change && !item.candidate.flag)
    return 'nothing is known of what it changed, and others explain the symptoms';
  if (share < 0.1) return `no failing call leads to ${item.candidate.service}, and it shows no failure first`;
  if (item.outpaced >= 0.3 && item.exposure)
    return `it had been at work for ${item.exposure.seconds} s and ${item.exposure.lines} lines of ${item.exposure.witness} without one failure when it began, and another change came just then`;
  return item.match.total < 0.15
    ? `its ${item.candidate.flag ? 'name' : 'diff'} has nothing in common with the symptoms`
    : otherwise;
}
