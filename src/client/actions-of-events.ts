import type { temporal } from '@temporalio/proto';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/**
 * How many actions, in the sense of Temporal Cloud's bill, the events of one run stand for. Source: docs.temporal.io,
 * "Actions in Temporal Cloud", as summed up in reference/temporal.md §7. Heartbeats and queries leave no events and are not
 * in it, nor are updates that were refused.
 */
export function countActions(events: readonly HistoryEvent[]): number {
  const tasksWithLocalActivities = new Set<string>();
  let actions = 0;
  events.forEach((event, index) => {
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName === 'core_local_activity') {
      tasksWithLocalActivities.add(String(marker.workflowTaskCompletedEventId));
    }
    actions += countEvent(event, index);
  });
  return actions + tasksWithLocalActivities.size;
}

function countEvent(event: HistoryEvent, index: number): number {
  const started = event.workflowExecutionStartedEventAttributes;
  // A child's start is counted by its parent; a run that continues another is counted by that one.
  if (started) return started.parentWorkflowExecution || started.continuedExecutionRunId ? 0 : 1;
  const signaled = event.workflowExecutionSignaledEventAttributes;
  // The second event is the signal of a signalWithStart, one action together with the start. One from a workflow is counted there.
  if (signaled) return index === 1 || signaled.externalWorkflowExecution ? 0 : 1;
  // Every attempt counts; only the last one leaves an event, with its number.
  const attempt = event.activityTaskStartedEventAttributes;
  if (attempt) return attempt.attempt ?? 1;
  if (event.startChildWorkflowExecutionInitiatedEventAttributes) return 2;
  const isOne =
    event.timerStartedEventAttributes ??
    event.workflowExecutionUpdateAcceptedEventAttributes ??
    event.workflowExecutionContinuedAsNewEventAttributes ??
    event.upsertWorkflowSearchAttributesEventAttributes ??
    event.workflowPropertiesModifiedEventAttributes ??
    event.signalExternalWorkflowExecutionInitiatedEventAttributes ??
    event.nexusOperationScheduledEventAttributes;
  return isOne ? 1 : 0;
}
