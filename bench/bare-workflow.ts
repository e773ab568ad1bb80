import { proxyActivities } from '@temporalio/workflow';

// The bare program of the orchestration: the same activities in the same shape as an incident of one service with one
// dependency, up to its proposal, in one plain workflow: no children, no state, no messages, no search attributes, no payloads.

type BareActivities = Readonly<Record<(typeof bareActivityNames)[number], () => Promise<void>>>;

/** The names are those of src/activities/contract.ts, so that one function reads both histories. */
export const bareActivityNames = [
  'openCase',
  'collectLogs',
  'collectMetrics',
  'collectChanges',
  'collectDeploys',
  'recallLessons',
  'examineService',
  'reason',
  'packSources',
  'runReproduction',
  'proposePlan',
] as const;

// Instant activities on one machine: a minute is far beyond what they take, and the SDK's own retries do.
const activities = proxyActivities<BareActivities>({ startToCloseTimeout: '1 minute' });

export async function bareIncident(): Promise<void> {
  const { collectLogs, collectMetrics, collectChanges, collectDeploys, recallLessons, examineService } = activities;
  await activities.openCase();
  const collect = [collectLogs, collectMetrics, collectChanges, collectDeploys];
  await Promise.all(
    [[...collect, recallLessons], collect].map(async (branch) => {
      await Promise.all(branch.map((activity) => activity()));
      await examineService();
    }),
  );
  await activities.reason();
  await activities.packSources();
  await activities.runReproduction();
  await activities.proposePlan();
}
