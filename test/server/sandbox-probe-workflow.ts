import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { SandboxActivities } from '../../src/activities/contract.ts';
import { taskQueues } from '../../src/domain/names.ts';
import type { Reproduction, SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';

/** Hands one request to the sandbox worker, once: whether it is tried again is the incident's business. */
export async function sandboxProbe(request: SandboxRequest): Promise<Reproduction> {
  const { runReproduction } = proxyActivities<SandboxActivities>({
    taskQueue: taskQueues.sandbox,
    startToCloseTimeout: '5 minutes',
    heartbeatTimeout: '5 seconds',
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: { maximumAttempts: 1 },
  });
  return runReproduction(request);
}
