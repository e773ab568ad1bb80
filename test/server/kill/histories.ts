import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import type { Boundary } from './boundaries.ts';

export interface ActivityRun extends Boundary {
  /** The attempt that history tells of: 1 and the number of attempts that died. */
  readonly attempt: number;
}

const eventTypes = temporal.api.enums.v1.EventType;

/** Every activity in the history of a run and of its children, as the server tells it. */
export async function listActivities(client: Client, workflowId: string, runId: string): Promise<ActivityRun[]> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const all = events ?? [];
  const workflow = all[0]?.workflowExecutionStartedEventAttributes?.workflowType?.name ?? '';
  const activities = new Map<string, ActivityRun>();
  for (const event of all) {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled)
      activities.set(String(event.eventId), { workflow, activity: scheduled.activityType?.name ?? '', attempt: 1 });
    const started = event.activityTaskStartedEventAttributes;
    const known = activities.get(String(started?.scheduledEventId));
    if (known) activities.set(String(started?.scheduledEventId), { ...known, attempt: started?.attempt ?? 1 });
  }
  const children = all.flatMap((event) => event.childWorkflowExecutionStartedEventAttributes?.workflowExecution ?? []);
  const below = await Promise.all(
    children.map((child) => listActivities(client, child.workflowId ?? '', child.runId ?? '')),
  );
  return [...activities.values(), ...below.flat()];
}

/** True when the history of a workflow's current run holds a signal of that name. */
export async function hasSignal(client: Client, workflowId: string, signal: string): Promise<boolean> {
  try {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
    return (events ?? []).some(
      ({ eventType, workflowExecutionSignaledEventAttributes: signaled }) =>
        eventType === eventTypes.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED && signaled?.signalName === signal,
    );
  } catch {
    // There is no such workflow yet.
    return false;
  }
}
