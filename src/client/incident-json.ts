import type { Alert } from '../domain/incident/alert.ts';
import type { IncidentState, Outcome, Phase, TimelineEntry } from '../domain/incident/incident.ts';
import type { Claim, Diagnosis, RuledOut } from '../domain/diagnosis/diagnosis.ts';
import type { Action, Approval, ApprovalVia, Refusal } from '../domain/plan/plan.ts';
import type { Reading, UndoRecord } from '../domain/plan/remediation.ts';
import type { Reproduction } from '../domain/reproduction/reproduction.ts';
import type { HistorySize } from './history.ts';

/** What `show --json` and `demo --json` print; documented in docs/json.md. Adding is free, renaming is a breaking change. */
export interface IncidentJson {
  readonly incidentId: string;
  readonly runId: string;
  readonly service: string;
  readonly severity: string;
  readonly openedAt: string;
  readonly previousRunId: string | null;
  readonly phase: Phase;
  readonly awaitingApproval: boolean;
  readonly outcome: Outcome | null;
  readonly outcomeReason: string | null;
  readonly diagnosis: DiagnosisJson | null;
  readonly reproduction: ReproductionJson | null;
  readonly plan: { readonly digest: string; readonly text: string; readonly actions: readonly Action[] } | null;
  readonly approval: DecisionJson | null;
  readonly undo: readonly UndoRecord[];
  readonly watch: { readonly readings: readonly Reading[] };
  readonly kills: readonly KillJson[];
  readonly repeated: RepeatedJson;
  readonly history: HistorySize;
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>;
  readonly report: string | null;
  readonly lesson: string | null;
  readonly alerts: readonly Alert[];
  readonly refusals: readonly Refusal[];
  readonly timeline: readonly TimelineEntry[];
}

/** The last decision on the plan; a rejection is one too, and has a reason. */
export interface DecisionJson {
  readonly decision: Approval['decision'];
  readonly by: string;
  readonly via: ApprovalVia;
  readonly at: string;
  readonly reason: string | null;
}

/** A reproduction as it is kept; `firstBad` is null where there is none. */
export interface ReproductionJson extends Omit<Reproduction, 'firstBad'> {
  readonly firstBad: string | null;
}

export interface DiagnosisJson {
  readonly verdict: Diagnosis['verdict'];
  readonly service: string;
  readonly change: string;
  readonly category: string;
  readonly confidence: number;
  readonly evidence: readonly string[];
  readonly ruledOut: readonly RuledOut[];
  readonly statement: readonly Claim[];
  readonly missing: readonly string[];
  readonly engine: string;
}

/** A process that the demo killed, told by whoever killed it. */
export interface KillJson {
  readonly at: string;
  readonly role: string;
  readonly phase: string;
  readonly pid?: number;
}

/** What was paid or done more than once, counted by witnesses outside; 0 is the promise. */
export interface RepeatedJson {
  readonly modelCalls: number;
  readonly actions: number;
}

/** What only an observer from outside can know. */
export interface OutsideWitness {
  readonly kills?: readonly KillJson[];
  readonly repeated?: RepeatedJson;
}

/**
 * The incident as JSON. Without a witness, `repeated.actions` counts actions that the remediation reports as done twice
 * under one id, and `repeated.modelCalls` is 0, for the workflow itself cannot see a call that was paid and lost.
 */
export function toIncidentJson(state: IncidentState, history: HistorySize, witness: OutsideWitness = {}): IncidentJson {
  const { reproduction, plan } = state;
  const decided = state.approvals.findLast((approval) => approval.planDigest === plan?.digest);
  return {
    incidentId: state.incidentId,
    runId: state.runId,
    service: state.service,
    severity: state.severity,
    openedAt: state.openedAt,
    previousRunId: state.previousRunId ?? null,
    phase: state.phase,
    awaitingApproval: state.awaitingApproval,
    outcome: state.outcome ?? null,
    outcomeReason: state.outcomeReason ?? null,
    diagnosis: state.diagnosis ? toDiagnosisJson(state.diagnosis) : null,
    reproduction: reproduction ? toReproductionJson(reproduction) : null,
    plan: plan ? { digest: plan.digest, text: plan.text, actions: plan.actions } : null,
    approval: decided ? toDecisionJson(decided) : null,
    undo: state.undo,
    watch: { readings: state.readings },
    kills: witness.kills ?? [],
    repeated: witness.repeated ?? { modelCalls: 0, actions: countRepeatedActions(state) },
    history,
    phasesMs: state.phasesMs,
    report: state.report ?? null,
    lesson: state.lesson ?? null,
    alerts: state.alerts,
    refusals: state.refusals,
    timeline: state.timeline,
  };
}

function toDecisionJson({ decision, by, via, at, reason }: Approval): DecisionJson {
  return { decision, by, via, at, reason: reason ?? null };
}

function toReproductionJson(reproduction: Reproduction): ReproductionJson {
  return { ...reproduction, firstBad: reproduction.firstBad ?? null };
}

function toDiagnosisJson(diagnosis: Diagnosis): DiagnosisJson {
  const { verdict, service, change, category, confidence, evidence, ruledOut, statement, missing, engine } = diagnosis;
  return { verdict, service, change, category, confidence, evidence, ruledOut, statement, missing, engine };
}

function countRepeatedActions(state: IncidentState): number {
  const done = (state.remediation?.actions ?? []).filter((action) => action.result === 'done');
  return done.length - new Set(done.map((action) => action.actionId)).size;
}
