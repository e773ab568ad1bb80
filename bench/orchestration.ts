import { Client, Connection } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { fetchHistories } from '../src/client/history.ts';
import { incidentWorkflowId } from '../src/domain/names.ts';
import { waitUntil } from '../src/setup/wait-until.ts';
import { median, renderSpread, type Figure } from './figures.ts';
import { sendNotifications } from './send-notifications.ts';
import { startGateway, startProcess, type Stage } from './stage.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

interface Run {
  readonly tookMs: number;
  readonly activities: number;
  readonly events: number;
}

/** Runs before the first that counts: both workers compile, and the server fills its caches. */
const warmUps = 3;

/**
 * Milliseconds from the alert to the proposal, one incident at a time: by the product (an alert by HTTP through the gateway,
 * instant activities) and by a bare workflow with the same activities. The end is, for both, the workflow task that takes in
 * the answer of `proposePlan`, by the server's clock, which is this machine's.
 */
export async function measureOrchestration(
  stage: Stage,
  incidents: number,
): Promise<{ figures: Figure[]; raw: unknown }> {
  const { address } = stage.temporal;
  const services = Array.from({ length: incidents + warmUps }, (_unused, index) => `case-${index}`);
  const processes = [
    await startProcess(stage, 'instant-worker', 'bench/instant-worker.ts', [address]),
    await startProcess(stage, 'bare-worker', 'bench/bare-worker.ts', [address]),
  ];
  const gateway = await startGateway(stage, services);
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const runs: Record<Variant, Run[]> = { resident: [], bare: [], bareWithChildren: [] };
  const run: Record<Variant, (service: string) => Promise<Run>> = {
    resident: (service) => runIncident(client, gateway.address, service),
    bare: (service) => runBareWorkflow(client, 'bareIncident', service),
    bareWithChildren: (service) => runBareWorkflow(client, 'bareIncidentWithChildren', service),
  };
  try {
    for (const [index, service] of services.entries()) {
      for (const variant of rotate(variants, index)) runs[variant].push(await run[variant](service));
    }
  } finally {
    await connection.close();
    for (const each of [gateway, ...processes]) await each.stop();
  }
  const [resident, bare, bareWithChildren] = variants.map((variant) => runs[variant].slice(warmUps));
  const figures = [
    compare('orchestration', resident ?? [], bare ?? [], { atMost: 1.5 }),
    compare('  the same, bare with child workflows', resident ?? [], bareWithChildren ?? [], undefined),
  ];
  return { figures, raw: { incidents, resident, bare, bareWithChildren } };
}

const variants = ['resident', 'bare', 'bareWithChildren'] as const;
type Variant = (typeof variants)[number];

/** Who goes first changes with every incident. */
function rotate<T>(values: readonly T[], by: number): readonly T[] {
  const from = by % values.length;
  return [...values.slice(from), ...values.slice(0, from)];
}

async function runIncident(client: Client, gateway: string, service: string): Promise<Run> {
  const begunAt = Date.now();
  await sendNotifications(gateway, { services: [service], alerts: 1, atOnce: 1 });
  const run = await readRun(client, incidentWorkflowId(service), begunAt);
  // It would wait for an approval, which is no part of this.
  await client.workflow.getHandle(incidentWorkflowId(service)).terminate('the bench has its figure');
  return run;
}

async function runBareWorkflow(client: Client, type: string, service: string): Promise<Run> {
  const begunAt = Date.now();
  const workflowId = `${type}/${service}`;
  await client.workflow.start(type, { workflowId, taskQueue: 'bare-orchestration' });
  return readRun(client, workflowId, begunAt);
}

/** Waits without disturbing: one look at the history every quarter of a second. */
async function readRun(client: Client, workflowId: string, begunAt: number): Promise<Run> {
  const handle = client.workflow.getHandle(workflowId);
  let proposedAt: number | undefined;
  const isProposed = async (): Promise<boolean> => {
    proposedAt = findProposal((await handle.fetchHistory()).events ?? []);
    return proposedAt !== undefined;
  };
  await waitUntil(isProposed, { limitMs: 30_000, everyMs: 250 });
  if (proposedAt === undefined) throw new Error(`${workflowId} proposed nothing within 30 s.`);
  const events = (await fetchHistories(client, workflowId)).flatMap(({ history }) => history.events ?? []);
  const until = events.filter((event) => timeOf(event) <= (proposedAt ?? 0));
  const activities = until.filter((event) => event.activityTaskCompletedEventAttributes).length;
  return { tookMs: proposedAt - begunAt, activities, events: until.length };
}

/** When the workflow had taken in the answer of `proposePlan`; undefined before that. */
function findProposal(events: readonly HistoryEvent[]): number | undefined {
  const scheduled = events.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'proposePlan',
  );
  const answered = events.findIndex(
    ({ activityTaskCompletedEventAttributes: completed }) =>
      completed && scheduled && String(completed.scheduledEventId) === String(scheduled.eventId),
  );
  if (answered < 0) return undefined;
  const taken = events.slice(answered).find((event) => event.workflowTaskCompletedEventAttributes);
  return taken && timeOf(taken);
}

function timeOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6;
}

function compare(name: string, resident: readonly Run[], bare: readonly Run[], target: Figure['target']): Figure {
  const [one, other] = [resident, bare].map((runs) => median(runs.map((run) => run.activities)));
  if (one !== other)
    throw new Error(`The shapes differ: ${one} activities in the product, ${other} in the bare workflow.`);
  const ms = (runs: readonly Run[]): number => median(runs.map((run) => run.tookMs));
  const ratios = resident.map((run, index) => run.tookMs / (bare[index]?.tookMs ?? NaN));
  return {
    name: `${name}, ${one} activities`,
    measured: `${ms(resident).toFixed(0)} ms`,
    bare: `${ms(bare).toFixed(0)} ms`,
    value: ms(resident) / ms(bare),
    spread: renderSpread(ratios),
    target,
  };
}
