import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { approvers } from './case-activities.ts';

/** What every history of a server says, read by nothing of ours. */
export interface HistoryCounts {
  readonly workflows: number;
  readonly events: number;
  /** Actions that were asked of the remediate queue. */
  readonly actions: number;
  /** Of those, actions whose plan's digest nobody who may had approved, or had rejected first. */
  readonly actionsWithoutApproval: number;
  readonly failedTasks: number;
  readonly failedWorkflows: number;
}

type Payloads = temporal.api.common.v1.IPayloads | null | undefined;

interface Decided {
  readonly digest: string;
  readonly decision: string;
}

interface Told {
  readonly workflowId: string;
  readonly history: temporal.api.history.v1.IHistory;
}

interface PlanRef {
  readonly incidentId: string;
  readonly digest: string;
}

/** Reads all histories of all workflows, and holds each action against the first decision on its plan's digest. */
export async function countHistories(client: Client): Promise<HistoryCounts> {
  const counts = { workflows: 0, events: 0, failedTasks: 0, failedWorkflows: 0 };
  /** By incident and digest, for anybody may send the digest of another incident's plan. */
  const first = new Map<string, string>();
  const acted: string[] = [];
  for await (const { workflowId, history } of client.workflow
    .list()
    .intoHistories({ concurrency: 4 }) as AsyncIterable<Told>) {
    counts.workflows += 1;
    for (const event of history.events ?? []) {
      counts.events += 1;
      if (event.workflowTaskFailedEventAttributes) counts.failedTasks += 1;
      if (isBroken(event)) counts.failedWorkflows += 1;
      const decided = readDecided(event);
      const key = `${workflowId} ${decided?.digest}`;
      if (decided && !first.has(key)) first.set(key, decided.decision);
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled?.activityType?.name !== 'performAction') continue;
      const { incidentId, digest } = read<{ plan: PlanRef }>(scheduled.input).plan;
      acted.push(`${incidentId} ${digest}`);
    }
  }
  const unapproved = acted.filter((key) => first.get(key) !== 'approve');
  return { ...counts, actions: acted.length, actionsWithoutApproval: unapproved.length };
}

function isBroken(event: temporal.api.history.v1.IHistoryEvent): boolean {
  const broken =
    event.workflowExecutionFailedEventAttributes ??
    event.workflowExecutionTerminatedEventAttributes ??
    event.workflowExecutionTimedOutEventAttributes;
  return broken !== undefined && broken !== null;
}

/** A decision by somebody who may decide, as it came; what no person could have sent is none. */
function readDecided(event: temporal.api.history.v1.IHistoryEvent): Decided | undefined {
  const signal = event.workflowExecutionSignaledEventAttributes;
  if (signal?.signalName === 'approve' || signal?.signalName === 'reject')
    return toDecided({ ...Object(read(signal.input)), decision: signal.signalName });
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  return update?.name === 'decide' ? toDecided(read(update.args)) : undefined;
}

function toDecided(message: unknown): Decided | undefined {
  const { planDigest, by, decision } = Object(message) as Readonly<Record<string, unknown>>;
  if (typeof planDigest !== 'string' || typeof by !== 'string' || !approvers.includes(by)) return undefined;
  return { digest: planDigest, decision: String(decision) };
}

function read<T>(payloads: Payloads): T {
  const [payload] = payloads?.payloads ?? [];
  if (!payload) throw new Error('An event has no payload.');
  return defaultPayloadConverter.fromPayload<T>(payload);
}
