import { proxyActivities } from '@temporalio/workflow';
import type { SandboxActivities } from '../activities/contract.ts';
import { taskQueues } from '../domain/names.ts';

/**
 * Removes sandboxes that no one needs any more; a Schedule starts it every few minutes. A worker that is killed and never
 * comes back leaves nobody else to do it. What fails now is tried by the next one.
 */
export async function reapSandboxes(): Promise<{ readonly removed: number; readonly reason?: string }> {
  const activities = proxyActivities<SandboxActivities>({
    taskQueue: taskQueues.sandbox,
    startToCloseTimeout: '1 minute',
    scheduleToCloseTimeout: '3 minutes',
    heartbeatTimeout: '10 seconds',
    retry: { maximumAttempts: 3 },
  });
  return activities.reapSandboxes();
}
