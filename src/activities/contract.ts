import type { Alert } from '../domain/incident/alert.ts';
import type { Diagnosis, Finding } from '../domain/diagnosis/diagnosis.ts';
import type { EngineStep } from '../domain/diagnosis/engine.ts';
import type { EvidenceCall, SourceCall, ToolAnswer } from '../domain/diagnosis/questions.ts';
import type { Evidence, TimeWindow } from '../domain/evidence/evidence.ts';
import type { IncidentState } from '../domain/incident/incident.ts';
import type { Action, Approval, Plan } from '../domain/plan/plan.ts';
import type { ActionOutcome, CapturedState, Reading, UndoRecord } from '../domain/plan/remediation.ts';
import type { FailureLocation, Reproduction, SandboxRequest } from '../domain/reproduction/reproduction.ts';
import type { StoredProof } from '../domain/reproduction/written-proof.ts';
import type { IncidentSettings } from '../domain/settings.ts';

/** Activities by task queue; a queue is a set of credentials. Workflows see these types and nothing else of the activities. */

/** Queue `resident`: the evidence store, reports and lessons; no credentials of outside systems. */
export interface ResidentActivities {
  /** Takes a snapshot of the configuration for an incident on `service`, and finds the run before this one. */
  openCase(input: { service: string; runId: string }): Promise<{ settings: IncidentSettings; previousRunId?: string }>;
  /** Lessons that resemble the alerts; body of kind `lessons`. */
  recallLessons(input: {
    evidenceId: string;
    service: string;
    alerts: readonly Alert[];
    window: TimeWindow;
  }): Promise<Evidence>;
  /** Chooses actions from the catalogue for a diagnosis, grades them and asks the policy. Null with a reason when nothing fits. */
  proposePlan(input: ProposeInput): Promise<{ plan: Plan | null; reason: string }>;
  notifyPeople(input: { incidentId: string; kind: NoticeKind; text: string; to: readonly string[] }): Promise<void>;
  /** Writes the report, and a lesson where there is one to learn. Idempotent for one run. */
  closeCase(input: { state: IncidentState }): Promise<{ report: string; lesson?: string }>;
}

export type NoticeKind = 'approval-wanted' | 'reminder' | 'escalation' | 'expired' | 'rollback-incomplete' | 'closed';

export interface ProposeInput {
  readonly incidentId: string;
  readonly runId: string;
  readonly round: number;
  readonly settings: IncidentSettings;
  readonly diagnosis: Diagnosis;
  readonly reproduction?: Reproduction;
  readonly evidence: readonly Evidence[];
  /** Action types with targets (`deploy.rollback user-service`) that people rejected in this incident. */
  readonly rejected: readonly string[];
  /** The revision that the accused service runs, where its `current` command told it (`readRunning`). */
  readonly current?: string;
  /** ISO time of the workflow, from which the plan's expiry is counted. */
  readonly now: string;
}

export interface CollectInput {
  readonly evidenceId: string;
  readonly service: string;
  /** Baseline and incident together. */
  readonly window: TimeWindow;
  /** Where in the window the incident is taken to begin. */
  readonly incidentFrom: string;
  readonly alerts: readonly Alert[];
}

/** Queue `observe`: read-only tokens. None of these ever throws for a source that is down: the evidence says `failed` and why. */
export interface ObserveActivities {
  collectLogs(input: CollectInput): Promise<Evidence>;
  collectMetrics(input: CollectInput): Promise<Evidence>;
  collectChanges(input: CollectInput): Promise<Evidence>;
  collectDeploys(input: CollectInput): Promise<Evidence>;
  /** Traces that passed the service, whole: spans of every service on their way. */
  collectTraces(input: CollectInput): Promise<Evidence>;
  collectFlags(input: CollectInput): Promise<Evidence>;
  collectEvents(input: CollectInput): Promise<Evidence>;
  /** Packs the sources that a reproduction needs: the suspect's revisions over the window, its neighbours as deployed. */
  packSources(input: PackInput): Promise<SandboxRequest | { readonly cannotRun: string }>;
  /** Adds the commit that last touched the line where a failure shows; as it was where Git cannot tell. */
  locateFailure(input: { readonly location: FailureLocation }): Promise<FailureLocation>;
  /** Excerpts of a service's source for an engine, chosen by the evidence of that service. */
  collectSource(input: CollectInput & { readonly evidence: readonly Evidence[] }): Promise<Evidence>;
  /** Answers an engine's question from a service's repository; what cannot be answered is said. */
  askSource(input: { readonly call: SourceCall }): Promise<ToolAnswer>;
  /** The alert's own condition and the objectives of the services, read now. */
  readConditions(input: { services: readonly string[]; alerts: readonly Alert[] }): Promise<readonly Reading[]>;
}

export interface PackInput {
  readonly incidentId: string;
  readonly runId: string;
  /** The service that the alert names: its reproduction command runs. */
  readonly service: string;
  readonly suspectService: string;
  /** Full SHA of the suspect commit or deployed revision. */
  readonly suspect: string;
  /** The revision that ran before, where the diagnosis knows it. */
  readonly before?: string;
  readonly neighbours: readonly string[];
  readonly evidence: readonly Evidence[];
  readonly timeoutMs: number;
  /** What an engine wrote for the suspect service, to be tried as well. */
  readonly written?: StoredProof;
  /** Pack the commits of a gap that an earlier reproduction left: after what passes, up to what fails. */
  readonly gap?: { readonly good: readonly string[]; readonly bad: string };
}

/** Queue `reason`: the analyst, and the model's key. */
export interface ReasonActivities {
  /** What one service's evidence says about that service alone. */
  examineService(input: {
    service: string;
    alerts: readonly Alert[];
    dependencies: readonly string[];
    evidence: readonly Evidence[];
  }): Promise<{ findings: readonly Finding[]; suspects: readonly string[]; summary: string }>;
  /** One step of the engine over everything: one model call at most. */
  reason(input: ReasonInput): Promise<EngineStep>;
  /** Answers an engine's question from the evidence store. */
  readEvidence(input: { evidence: readonly Evidence[]; call: EvidenceCall }): Promise<ToolAnswer>;
}

export interface ReasonInput {
  readonly incidentId: string;
  readonly runId: string;
  readonly round: number;
  readonly step: number;
  readonly service: string;
  readonly alerts: readonly Alert[];
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly evidence: readonly Evidence[];
  readonly findings: readonly Finding[];
  readonly guidance: readonly string[];
  readonly rejected: readonly string[];
  /** The budget of steps is used up: answer with what is known (the built-in analyst answers when the engine cannot). */
  readonly mustAnswer: boolean;
  /** Digest of the transcript so far in the evidence store. */
  readonly transcriptDigest?: string;
  readonly answers?: readonly ToolAnswer[];
}

/** Queue `sandbox`: the Docker socket, nothing else. */
export interface SandboxActivities {
  runReproduction(request: SandboxRequest): Promise<Reproduction>;
  /** Removes sandboxes past their time and those of dead workers. With a reason where no engine answers. */
  reapSandboxes(): Promise<{ readonly removed: number; readonly reason?: string }>;
}

/** Queue `remediate`: the only one that can change anything. */
export interface RemediateActivities {
  /** The revision that a service runs, as its `current` command prints it; why it is not known, where it is not. Changes nothing. */
  readRunning(input: { service: string }): Promise<{ readonly revision?: string; readonly reason?: string }>;
  captureState(input: { action: Action }): Promise<CapturedState>;
  /** Judges plan, approvals and policy once more, then acts once per action id, whatever dies in between. */
  performAction(input: PerformInput): Promise<ActionOutcome>;
  /** Throws `Action.CheckFailed` when the action did not take. */
  checkAction(input: { action: Action; state: CapturedState }): Promise<{ detail: string }>;
  /** Brings the captured state back; idempotent, and tolerates that there is nothing to undo. */
  undoAction(input: { action: Action; state: CapturedState }): Promise<Pick<UndoRecord, 'status' | 'detail'>>;
}

export interface PerformInput {
  readonly plan: Plan;
  readonly action: Action;
  readonly approvals: readonly Approval[];
  readonly state: CapturedState;
}

export type AllActivities = ResidentActivities &
  ObserveActivities &
  ReasonActivities &
  SandboxActivities &
  RemediateActivities;
