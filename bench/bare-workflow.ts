import { executeChild, proxyActivities } from '@temporalio/workflow';

// The bare program of the orchestration: the same activities in the same shape as an incident of one service with one
// dependency, up to its proposal, in plain workflows: no state, no messages, no search attributes, no payloads.

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
  'readRunning',
  'proposePlan',
] as const;

// Instant activities on one machine: a minute is far beyond what they take, and the SDK's own retries do.
const activities = proxyActivities<BareActivities>({ startToCloseTimeout: '1 minute' });
const { collectLogs, collectMetrics, collectChanges, collectDeploys, recallLessons } = activities;
const collectors = [collectLogs, collectMetrics, collectChanges, collectDeploys];

/** All in one workflow. */
export async function bareIncident(): Promise<void> {
  await inShapeOfIncident(askBareResident);
}

/** As Resident is built: a child workflow for each service. */
export async function bareIncidentWithChildren(): Promise<void> {
  await inShapeOfIncident(async (recallsLessons) => {
    await executeChild(bareResident, { args: [recallsLessons] });
  });
}

export async function bareResident(recallsLessons: boolean): Promise<void> {
  await askBareResident(recallsLessons);
}

async function inShapeOfIncident(ask: (recallsLessons: boolean) => Promise<void>): Promise<void> {
  await activities.openCase();
  await Promise.all([ask(true), ask(false)]);
  await activities.reason();
  await activities.packSources();
  await activities.runReproduction();
  await activities.readRunning();
  await activities.proposePlan();
}

async function askBareResident(recallsLessons: boolean): Promise<void> {
  const asked = recallsLessons ? [...collectors, recallLessons] : collectors;
  await Promise.all(asked.map((activity) => activity()));
  await activities.examineService();
}
