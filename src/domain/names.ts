/** The public names of a running Resident. Renaming one is a breaking change. */

/** Name under which the built-in analyst signs its diagnoses. */
export const analystName = 'analyst';

export const taskQueues = {
  resident: 'resident',
  observe: 'observe',
  reason: 'reason',
  sandbox: 'sandbox',
  remediate: 'remediate',
} as const;

export type TaskQueueRole = keyof typeof taskQueues;

export const searchAttributeNames = {
  service: 'ResidentService',
  severity: 'ResidentSeverity',
  phase: 'ResidentPhase',
  outcome: 'ResidentOutcome',
  awaitingApproval: 'ResidentAwaitingApproval',
} as const;

export const workflowTypes = {
  incident: 'incident',
  resident: 'resident',
  remediation: 'remediation',
  reapSandboxes: 'reapSandboxes',
} as const;

/** The Schedule that removes what sandbox workers left behind, and the workflows that it starts. */
export const reaperScheduleId = 'resident-reap-sandboxes';

/** The one open incident of a service. */
export function incidentWorkflowId(service: string): string {
  return `incident/${service}`;
}

/** The resident of `service` within the incident of `incidentService`. */
export function residentWorkflowId(incidentService: string, service: string): string {
  return `incident/${incidentService}/resident/${service}`;
}

/** One plan at work per target. */
export function remediationWorkflowId(target: string): string {
  return `remediation/${target}`;
}
