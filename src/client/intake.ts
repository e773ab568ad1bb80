import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { graverSeverity, type Alert } from '../domain/incident/alert.ts';
import type { IncidentInput } from '../domain/incident/incident.ts';
import { incidentWorkflowId, taskQueues, workflowTypes } from '../domain/names.ts';
import { createRedact, redactDeep, type Redact } from '../domain/redaction.ts';
import { renderOpening } from '../domain/report/render-details.ts';
import { summaryLine } from '../domain/report/ui-text.ts';
import { alertSignal } from '../workflows/messages.ts';
import { awaitingApprovalKey, phaseKey, serviceKey, severityKey } from '../workflows/search-attributes.ts';
import { createBatches } from './batches.ts';

export interface OpenedIncident {
  readonly service: string;
  readonly incidentId: string;
  readonly runId: string;
  /** How many alerts this call put into the history of that run. */
  readonly alerts: number;
}

export interface IntakeOptions {
  /** How long a new incident waits for the rest of a burst. */
  readonly debounceMs: number;
  /** Limit of the whole call: longer, and the sender had better try again. */
  readonly withinMs?: number;
  /** Takes secrets out of alert text before it enters a history; by structure and known prefixes when absent. */
  readonly redact?: Redact;
}

export interface Intake {
  /** Opens an incident on the service, or attaches the alerts to its open one. Returns when history holds them. */
  openOrAttach(service: string, alerts: readonly Alert[]): Promise<OpenedIncident>;
  /** Attaches to the open incident, where there is one: a condition that ended is no reason to open an incident. */
  attach(service: string, alerts: readonly Alert[]): Promise<OpenedIncident | undefined>;
}

/** Senders of a burst come in order; more runs than this are not remembered, and then cost one call more. */
const maxRemembered = 10_000;

/** The server refuses a payload of 2 MB; a character may take three bytes. */
const batchLimits = { maxItems: 100, maxLength: 256_000 };

/**
 * The door for alerts. When it returns, the alerts are in Temporal's history.
 *
 * A plain signal costs the least and leaves the debounce alone; a second signalWithStart would end the debounce early
 * (reference/temporal.md §2.3). So a run that this process opened or reached before is signalled, and when that run is
 * closed, signalWithStart opens the next one or reaches the one that somebody else opened.
 */
export function createIntake(client: Client, options: IntakeOptions): Intake {
  const openRuns = new Map<string, string>();
  const redact = options.redact ?? createRedact();
  const withinMs = options.withinMs ?? 8_000;
  const withinDeadline = <T>(work: () => Promise<T>) => client.connection.withDeadline(Date.now() + withinMs, work);

  const reach = createBatches<Alert, string>(
    (service, alerts, deadline) => client.connection.withDeadline(deadline, () => reachRun(service, alerts)),
    { ...batchLimits, withinMs },
  );

  async function reachRun(service: string, alerts: readonly Alert[]): Promise<string> {
    const known = openRuns.get(service);
    const runId = known !== undefined && (await signalRun(client, service, known, alerts)) ? known : undefined;
    const reached = runId ?? (await signalWithStart(client, service, alerts, options.debounceMs));
    if (openRuns.size >= maxRemembered) openRuns.clear();
    openRuns.set(service, reached);
    return reached;
  }

  async function openOrAttach(service: string, received: readonly Alert[]): Promise<OpenedIncident> {
    const alerts = received.map((alert) => redactAlert(alert, redact));
    if (alerts.length === 0) throw new Error(`No alerts on ${service} to open an incident with.`);
    const runId = await reach(service, alerts);
    return { service, incidentId: incidentWorkflowId(service), runId, alerts: alerts.length };
  }

  async function attach(service: string, received: readonly Alert[]): Promise<OpenedIncident | undefined> {
    const alerts = received.map((alert) => redactAlert(alert, redact));
    return withinDeadline(async () => {
      const known = openRuns.get(service);
      const incidentId = incidentWorkflowId(service);
      const opened = { service, incidentId, alerts: alerts.length };
      if (known !== undefined && (await signalRun(client, service, known, alerts))) return { ...opened, runId: known };
      if (!(await signalRun(client, service, undefined, alerts))) return undefined;
      return { ...opened, runId: (await client.workflow.getHandle(incidentId).describe()).runId };
    });
  }

  return { openOrAttach, attach };
}

/** Histories are kept for ever: a secret that a sender put into an alert goes before it gets there. */
function redactAlert(alert: Alert, redact: Redact): Alert {
  const { labels, annotations, summary, expression, generatorUrl } = alert;
  const texts = redactDeep({ labels, annotations }, redact);
  return {
    ...alert,
    ...texts,
    summary: redact(summary),
    ...(expression === undefined ? {} : { expression: redact(expression) }),
    ...(generatorUrl === undefined ? {} : { generatorUrl: redact(generatorUrl) }),
  };
}

/** False when that run, or every run, is closed. */
async function signalRun(
  client: Client,
  service: string,
  runId: string | undefined,
  alerts: readonly Alert[],
): Promise<boolean> {
  try {
    await client.workflow.getHandle(incidentWorkflowId(service), runId).signal(alertSignal, alerts);
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function signalWithStart(
  client: Client,
  service: string,
  alerts: readonly Alert[],
  debounceMs: number,
): Promise<string> {
  const [first] = alerts;
  const severity = alerts.map((alert) => alert.severity).reduce(graverSeverity);
  const input: IncidentInput = { service };
  const handle = await client.workflow.signalWithStart(workflowTypes.incident, {
    workflowId: incidentWorkflowId(service),
    taskQueue: taskQueues.resident,
    args: [input],
    signal: alertSignal,
    signalArgs: [alerts],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    ...(debounceMs > 0 ? { startDelay: debounceMs } : {}),
    staticSummary: summaryLine(`${first?.name ?? 'alert'} on ${service}: ${first?.summary ?? ''}`),
    staticDetails: renderOpening(service, alerts),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: serviceKey, value: service },
      { key: severityKey, value: severity },
      { key: phaseKey, value: 'triage' },
      { key: awaitingApprovalKey, value: false },
    ]),
    memo: { firstAlert: first?.id ?? '', sender: first?.sender ?? '' },
  });
  return handle.signaledRunId;
}
