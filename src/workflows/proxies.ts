import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type {
  ObserveActivities,
  ReasonActivities,
  RemediateActivities,
  ResidentActivities,
  SandboxActivities,
} from '../activities/contract.ts';
import { taskQueues } from '../domain/names.ts';
import type { Timings } from '../domain/settings.ts';

/** Used until the settings of the incident are known; openCase itself is called with these. */
const firstHeartbeatTimeoutMs = 10_000;

/**
 * Every activity heartbeats by itself, so a killed worker is noticed within the heartbeat timeout, not at the end of the
 * activity's own limit. A dead worker counts as an attempt; that is why attempts are not few anywhere.
 */
const backoff = { initialInterval: 500, backoffCoefficient: 2, maximumInterval: '15 seconds' } as const;

/** Local work on our own disk: it fails only for reasons that pass or that a person mends, so it is tried without end. */
export function residentProxy(timings?: Timings) {
  return proxyActivities<ResidentActivities>({
    taskQueue: taskQueues.resident,
    startToCloseTimeout: '2 minutes',
    heartbeatTimeout: timings?.heartbeatTimeoutMs ?? firstHeartbeatTimeoutMs,
    retry: backoff,
  });
}

/** A source that is down is a result (`failed`), not an error; what is retried here are crashes, and those not without end. */
export function observeProxy(timings: Timings) {
  return proxyActivities<ObserveActivities>({
    taskQueue: taskQueues.observe,
    startToCloseTimeout: timings.queryTimeoutMs * 3,
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    retry: { ...backoff, maximumAttempts: 20 },
  });
}

/** The client's own retries are off, so Temporal alone decides; a refused or malformed request is not repeated. */
export function reasonProxy(timings: Timings) {
  return proxyActivities<ReasonActivities>({
    taskQueue: taskQueues.reason,
    startToCloseTimeout: '10 minutes',
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    retry: { ...backoff, maximumInterval: '1 minute', maximumAttempts: 20 },
  });
}

/** Suspect, its parent, the oldest, five to bisect the widest window that is packed (32 revisions), three repeats, and one to spare. */
const sandboxRunsAtMost = 12;

/**
 * Waits until the container is gone before a cancel goes on. Where no sandbox worker polls, the incident must not hang:
 * it goes on after the schedule-to-start limit and says that nothing was reproduced.
 */
export function sandboxProxy(timings: Timings) {
  return proxyActivities<SandboxActivities>({
    taskQueue: taskQueues.sandbox,
    scheduleToStartTimeout: '3 minutes',
    startToCloseTimeout: timings.sandboxTimeoutMs * sandboxRunsAtMost,
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...backoff, maximumAttempts: 10 },
  });
}

/** A command has the whole action timeout; judging, polling and reading the state come on top. */
const actionOverheadMs = 30_000;

/** An action is exactly-once by its id, so trying again is safe; a cancel waits for its end, or the undo would race it. */
export function actProxy(timings: Timings) {
  return proxyActivities<RemediateActivities>({
    taskQueue: taskQueues.remediate,
    startToCloseTimeout: timings.actionTimeoutMs + actionOverheadMs,
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...backoff, maximumAttempts: 10 },
  });
}

/** A question that changes nothing and can go unanswered: the incident does not wait long for a worker that is not there. */
export function askProxy(timings: Timings) {
  return proxyActivities<Pick<RemediateActivities, 'readRunning'>>({
    taskQueue: taskQueues.remediate,
    scheduleToCloseTimeout: '2 minutes',
    startToCloseTimeout: '45 seconds',
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    retry: backoff,
  });
}

/** An undo is tried far longer than anything else: the alternative is a service left half changed. */
export function undoProxy(timings: Timings) {
  return proxyActivities<RemediateActivities>({
    taskQueue: taskQueues.remediate,
    startToCloseTimeout: timings.actionTimeoutMs + actionOverheadMs,
    heartbeatTimeout: timings.heartbeatTimeoutMs,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { ...backoff, maximumInterval: '1 minute', maximumAttempts: 30 },
  });
}
