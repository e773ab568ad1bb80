import type { Finding } from '../diagnosis/diagnosis.ts';
import type { EngineInput } from '../diagnosis/engine.ts';
import { cleanLine } from '../diagnosis/prompt-text.ts';
import { countOf } from '../text.ts';
import { readHunks, explainHarmless } from './changes/diffs.ts';
import { describeFurther, listAccusedBySpans, tellLead, tellSpans, type FindingDraft } from './describe-findings.ts';
import type { Facts } from './facts.ts';
import { failurePatterns, gatherFacts, isObserved } from './facts.ts';
import { describePattern, describeShift, short } from './claims.ts';
import { findOnset, isAnomalous, isMerelyUnusual } from './suspicion.ts';

/** What one service's own evidence says, for its resident's report. */
export interface Examination {
  readonly findings: readonly Finding[];
  /** Most suspect first: whom its failing calls and spans name, then, where it fails, all others that it depends on. */
  readonly suspects: readonly string[];
  readonly summary: string;
}

/** Findings go into histories, so only the most telling ones of each kind are reported. */
const most = { patterns: 8, shifts: 6, calls: 5, changes: 12, deploys: 5 } as const;
const longestText = 400;

/**
 * Examines one service by its own evidence alone; ids are `<service>/finding/<n>`.
 * Our own selection; every method that measures names its source in its own file. O(n log n) for n findings beside them.
 */
export function examine(
  input: Pick<EngineInput, 'service' | 'evidence'> & { readonly dependencies: readonly string[] },
): Examination {
  const { service } = input;
  const facts = gatherFacts({ ...input, dependencies: { [service]: input.dependencies } });
  const drafts: FindingDraft[] = [
    ...describeFailures(facts, service),
    ...describeHistory(facts, service),
    ...describeFurther(facts, service),
  ];
  const observed = input.evidence.filter(isObserved).map((item) => item.evidence.id);
  if (!isAnomalous(facts, service) && observed.length > 0) {
    drafts.unshift({
      kind: 'healthy',
      claim: {
        text: `${service} shows no new or grown failure pattern and no metric out of its normal range.`,
        evidence: observed,
      },
      weight: 0.5,
    });
  }
  return {
    findings: drafts.map((draft, i) => ({
      id: `${service}/finding/${i + 1}`,
      service,
      ...draft,
      claim: { ...draft.claim, text: cleanLine(draft.claim.text, longestText) },
    })),
    suspects: listSuspects(facts, service, input.dependencies),
    summary: summarise(facts, service, observed.length > 0 || facts.spans !== undefined),
  };
}

function describeFailures(facts: Facts, service: string): FindingDraft[] {
  const patterns = facts.patterns.filter((pattern) => pattern.service === service).slice(0, most.patterns);
  const shifts = facts.shifts.filter((shift) => shift.service === service).slice(0, most.shifts);
  const targets = [...new Set(facts.calls.filter((call) => call.from === service).map((call) => call.to))].slice(
    0,
    most.calls,
  );
  return [
    ...patterns.map((pattern): FindingDraft => ({
      kind: 'log-pattern',
      claim: describePattern(pattern),
      firstAt: pattern.firstAt,
      weight: pattern.weight,
      subject: pattern.template.slice(0, longestText),
    })),
    ...shifts.map((shift): FindingDraft => ({
      kind: 'metric-change',
      claim: describeShift(shift),
      firstAt: shift.firstAt,
      weight: isMerelyUnusual(facts, service) ? Math.round(500 * shift.weight) / 1000 : shift.weight,
    })),
    ...targets.map((target): FindingDraft => {
      const calls = facts.calls.filter((call) => call.from === service && call.to === target);
      const lines = calls.reduce((sum, call) => sum + call.pattern.after, 0);
      const modes = [...new Set(calls.map((call) => call.mode))].join(', ');
      const firstAt = calls.map((call) => call.pattern.firstAt).sort()[0];
      return {
        kind: 'call-failure',
        claim: {
          text: `Calls of ${service} to ${target} fail (${modes}): ${countOf(lines, 'line')}.`,
          evidence: [...new Set(calls.map((call) => call.pattern.evidenceId))],
        },
        ...(firstAt === undefined ? {} : { firstAt }),
        weight: Math.max(...calls.map((call) => call.pattern.weight)),
        pointsTo: target,
      };
    }),
  ];
}

function describeHistory(facts: Facts, service: string): FindingDraft[] {
  const onsetMs = findOnset(facts, service);
  const changes = facts.changes.filter((item) => item.value.service === service).slice(-most.changes);
  const deploys = facts.deploys.filter((item) => item.value.service === service).slice(-most.deploys);
  return [
    ...changes.map(({ value, evidenceId }): FindingDraft => {
      const harmless = explainHarmless(value, readHunks(value));
      const note = harmless === undefined ? '' : `; ${harmless}`;
      return {
        kind: 'change',
        claim: {
          text: `Commit ${short(value.id)} (\`${value.subject.replaceAll('`', "'")}\`) of ${value.at}${note}.`,
          evidence: [evidenceId],
        },
        firstAt: value.at,
        weight: harmless === undefined ? 0.3 : 0.05,
        subject: value.id,
      };
    }),
    ...deploys.map(({ value, evidenceId }): FindingDraft => {
      const isBefore = onsetMs !== undefined && Date.parse(value.at) <= onsetMs;
      return {
        kind: 'deploy',
        claim: {
          text: `Revision ${short(value.revision)} was deployed at ${value.at} (${value.status})${tellLead(onsetMs, value.at)}.`,
          evidence: [evidenceId],
        },
        firstAt: value.at,
        weight: isBefore ? 0.4 : 0.1,
        subject: value.revision,
        ...(value.previous === undefined || value.status === 'failed' ? {} : { replaces: value.previous }),
      };
    }),
  ];
}

function listSuspects(facts: Facts, service: string, dependencies: readonly string[]): readonly string[] {
  const named = facts.calls
    .filter((call) => call.from === service)
    .sort((a, b) => b.pattern.weight - a.pattern.weight)
    .map((call) => call.to);
  // An error of its own may come of what another one sends, so all that it calls are asked once it fails.
  const called = isAnomalous(facts, service) ? dependencies : [];
  return [...new Set([...named, ...listAccusedBySpans(facts, service), ...called])];
}

function summarise(facts: Facts, service: string, isObserved: boolean): string {
  if (!isObserved) return `Neither logs nor metrics nor traces of ${service} could be read.`;
  if (!isAnomalous(facts, service)) return `${service} looks healthy.`;
  const targets = [...new Set(facts.calls.filter((call) => call.from === service).map((call) => call.to))];
  const pattern = failurePatterns(facts, service)[0];
  const shift = facts.shifts.find((item) => item.service === service);
  const sign = pattern
    ? `\`${pattern.template}\` (${countOf(pattern.after, 'line')})`
    : shift
      ? `${shift.name} left its normal range`
      : (tellSpans(facts, service) ?? 'a metric left its normal range');
  if (isMerelyUnusual(facts, service)) return cleanLine(`${service} looks unusual: ${sign}.`, 300);
  return cleanLine(
    `${service} fails: ${sign}${targets.length > 0 ? `; its failing calls go to ${targets.join(', ')}` : ''}.`,
    300,
  );
}
