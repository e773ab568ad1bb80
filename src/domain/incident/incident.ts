import type { Alert, Severity } from './alert.ts';
import type { Diagnosis, ResidentReport } from '../diagnosis/diagnosis.ts';
import { noUsage, type EngineUsage } from '../diagnosis/engine.ts';
import type { Evidence } from '../evidence/evidence.ts';
import type { Approval, Plan, Refusal } from '../plan/plan.ts';
import type { Reading, RemediationResult, UndoRecord } from '../plan/remediation.ts';
import type { Reproduction } from '../reproduction/reproduction.ts';

export const phases = [
  'triage',
  'investigate',
  'reproduce',
  'propose',
  'approve',
  'remediate',
  'watch',
  'close',
] as const;
export type Phase = (typeof phases)[number];

export const outcomes = [
  'recovered',
  'rolled-back',
  'rollback-incomplete',
  'rejected',
  'expired',
  'inconclusive',
  'no-fault',
  'handed-over',
  'cancelled',
] as const;
export type Outcome = (typeof outcomes)[number];

/** One line of the incident as people read it; the time is the workflow's own, so replay tells the same. */
export interface TimelineEntry {
  readonly at: string;
  readonly phase: Phase;
  readonly text: string;
}

export interface Steer {
  readonly at: string;
  readonly by: string;
  readonly text: string;
}

/** What `signalWithStart` hands to a new incident. Everything else is fetched by its first activity. */
export interface IncidentInput {
  readonly service: string;
  /** Carried across continue-as-new only: alerts that came while the run before was closing, and the ids it knew. */
  readonly alerts?: readonly Alert[];
  readonly seenAlertIds?: readonly string[];
}

/** The whole case, as the `state` query tells it. */
export interface IncidentState {
  readonly incidentId: string;
  readonly runId: string;
  readonly service: string;
  readonly severity: Severity;
  readonly openedAt: string;
  readonly phase: Phase;
  readonly round: number;
  readonly awaitingApproval: boolean;
  readonly alerts: readonly Alert[];
  readonly repeatedAlerts: number;
  /** The run of the incident on this service before this one, where there was one. */
  readonly previousRunId?: string;
  readonly timeline: readonly TimelineEntry[];
  readonly phasesMs: Readonly<Partial<Record<Phase, number>>>;
  readonly reports: readonly ResidentReport[];
  readonly evidence: readonly Evidence[];
  readonly diagnosis?: Diagnosis;
  readonly reproduction?: Reproduction;
  readonly plan?: Plan;
  readonly approvals: readonly Approval[];
  readonly refusals: readonly Refusal[];
  readonly steers: readonly Steer[];
  readonly remediation?: RemediationResult;
  readonly undo: readonly UndoRecord[];
  readonly readings: readonly Reading[];
  readonly modelCalls: number;
  /** What the model's calls of this incident cost so far. */
  readonly spent: EngineUsage;
  readonly outcome?: Outcome;
  readonly outcomeReason?: string;
  readonly report?: string;
  readonly lesson?: string;
}

/** The case of an incident that has just been opened, before its first alert is taken in. */
export function openIncident(
  identity: Pick<IncidentState, 'incidentId' | 'runId' | 'service' | 'openedAt'>,
): IncidentState {
  return {
    ...identity,
    severity: 'info',
    phase: 'triage',
    round: 0,
    awaitingApproval: false,
    alerts: [],
    repeatedAlerts: 0,
    timeline: [],
    phasesMs: {},
    reports: [],
    evidence: [],
    approvals: [],
    refusals: [],
    steers: [],
    undo: [],
    readings: [],
    modelCalls: 0,
    spent: noUsage,
  };
}
