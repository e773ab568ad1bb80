import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import { reaperScheduleId, taskQueues, workflowTypes } from '../domain/names.ts';

const reaper: Omit<ScheduleOptions, 'scheduleId'> = {
  spec: { intervals: [{ every: '5 minutes' }] },
  action: {
    type: 'startWorkflow',
    workflowType: workflowTypes.reapSandboxes,
    workflowId: reaperScheduleId,
    taskQueue: taskQueues.resident,
    workflowExecutionTimeout: '4 minutes',
    staticSummary: 'Removes sandboxes that no one needs any more',
  },
  // What was missed while nobody was there is done by the next one.
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
};

/** Makes the Schedule that removes leftovers, or brings the one that is there up to date. A paused one stays paused. */
export async function ensureReaperSchedule({ schedule }: Pick<Client, 'schedule'>): Promise<void> {
  try {
    await schedule.create({ scheduleId: reaperScheduleId, ...reaper });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await schedule.getHandle(reaperScheduleId).update(({ state }) => ({ ...reaper, state }));
  }
}
