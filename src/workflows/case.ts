import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { graverSeverity, receiveAlert, type Alert } from '../domain/incident/alert.ts';
import { openIncident, type IncidentInput, type IncidentState, type Phase } from '../domain/incident/incident.ts';
import { incidentWorkflowId } from '../domain/names.ts';
import { refuseDecision, type ApprovalVia, type Decision } from '../domain/plan/plan.ts';
import { renderDetails } from '../domain/report/render-details.ts';
import type { IncidentSettings } from '../domain/settings.ts';
import { awaitingApprovalKey, outcomeKey, phaseKey, serviceKey, severityKey } from './search-attributes.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A running incident: its state as the world sees it, and what only the workflow needs. */
export interface Case {
  readonly state: Mutable<IncidentState>;
  settings?: IncidentSettings;
  /** True while the plan in the state can be decided. */
  isDecisionOpen: boolean;
  /** What people said that the next round of investigation must heed. */
  guidance: string[];
  /** `<action type> <target>` that people rejected. */
  rejectedActions: string[];
  seenAlertIds: string[];
  /** Fingerprints of alerts that their sender says are resolved, with the time at which that was heard. */
  resolvedAt: Record<string, string>;
  /** Alerts that came after the incident had begun to close: they open the next one. */
  lateAlerts: Alert[];
  phaseEnteredAt: number;
}

/** A sender that repeats for days must not grow the state for ever. */
const maxSeenAlertIds = 1_000;
const maxKeptRefusals = 50;
const maxKeptAlerts = 100;

export function createCase(input: IncidentInput): Case {
  const { runId, startTime } = workflowInfo();
  return {
    state: openIncident({
      incidentId: incidentWorkflowId(input.service),
      runId,
      service: input.service,
      openedAt: startTime.toISOString(),
    }),
    isDecisionOpen: false,
    guidance: [],
    rejectedActions: [],
    seenAlertIds: [...(input.seenAlertIds ?? [])],
    resolvedAt: {},
    lateAlerts: [],
    phaseEnteredAt: startTime.getTime(),
  };
}

/** The settings, once triage has fetched them. */
export function settingsOf(incident: Case): IncidentSettings {
  if (!incident.settings) throw new Error('Settings are read before triage has fetched them.');
  return incident.settings;
}

export function now(): string {
  return new Date(Date.now()).toISOString();
}

/** Adds a line to the timeline and refreshes the live details of the run. */
export function tell(incident: Case, text: string): void {
  incident.state.timeline = [...incident.state.timeline, { at: now(), phase: incident.state.phase, text }];
  setCurrentDetails(renderDetails(incident.state));
}

/** Enters a phase: accounts the time of the one before, and makes the phase searchable. One history event. */
export function enterPhase(incident: Case, phase: Phase, awaitingApproval = false): void {
  const { state } = incident;
  state.phasesMs = {
    ...state.phasesMs,
    [state.phase]: (state.phasesMs[state.phase] ?? 0) + Date.now() - incident.phaseEnteredAt,
  };
  incident.phaseEnteredAt = Date.now();
  state.phase = phase;
  state.awaitingApproval = awaitingApproval;
  upsertSearchAttributes([
    { key: serviceKey, value: state.service },
    { key: severityKey, value: state.severity },
    { key: phaseKey, value: phase },
    { key: awaitingApprovalKey, value: awaitingApproval },
    ...(state.outcome ? [{ key: outcomeKey, value: state.outcome }] : []),
  ]);
  setCurrentDetails(renderDetails(state));
}

/** Takes an alert in, whatever the phase. */
export function takeAlert(incident: Case, alert: Alert): void {
  const { state } = incident;
  const reception = receiveAlert(incident.seenAlertIds, alert);
  if (reception === 'repeat') {
    // That an end is told twice is no further trouble.
    if (alert.status === 'firing') state.repeatedAlerts += 1;
    return;
  }
  incident.seenAlertIds = [...incident.seenAlertIds, alert.id].slice(-maxSeenAlertIds);
  if (reception === 'resolved') {
    incident.resolvedAt = { ...incident.resolvedAt, [alert.fingerprint]: now() };
    tell(incident, `The sender says that ${alert.name} is resolved.`);
    return;
  }
  if (state.phase === 'close') {
    incident.lateAlerts.push(alert);
    return;
  }
  const { [alert.fingerprint]: _firesAgain, ...stillResolved } = incident.resolvedAt;
  incident.resolvedAt = stillResolved;
  state.severity = state.alerts.length === 0 ? alert.severity : graverSeverity(state.severity, alert.severity);
  if (state.alerts.length < maxKeptAlerts) state.alerts = [...state.alerts, alert];
  tell(incident, `Alert ${alert.name} (${alert.severity}): ${alert.summary}`);
}

/** The one door for decisions, whichever way they come. Returns the reason for a refusal. */
export function takeDecision(incident: Case, decision: Decision, via: ApprovalVia): string | undefined {
  const { state } = incident;
  const why = refuseDecision(state.plan, state.approvals, decision, incident.isDecisionOpen);
  if (why !== undefined) {
    recordRefusal(incident, decision, via, why);
    return why;
  }
  state.approvals = [...state.approvals, { ...decision, via, at: now() }];
  const said = decision.reason ? `: ${decision.reason}` : '';
  tell(
    incident,
    `${decision.by} ${decision.decision === 'approve' ? 'approved' : 'rejected'} the plan by ${via}${said}.`,
  );
  return undefined;
}

/** Keeps a refusal where people see it: in the state, the timeline and the report. */
export function recordRefusal(
  incident: Case,
  decision: Pick<Decision, 'by' | 'planDigest'>,
  via: ApprovalVia,
  why: string,
): void {
  const { state } = incident;
  const refusal = {
    at: now(),
    by: decision.by || 'nobody named',
    via,
    planDigest: decision.planDigest,
    why,
  };
  state.refusals = [...state.refusals, refusal].slice(-maxKeptRefusals);
  tell(incident, `A decision by ${refusal.by} was refused: ${why}`);
}
