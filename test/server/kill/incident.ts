import type { Client } from '@temporalio/client';
import type { IncidentState } from '../../../src/domain/incident/incident.ts';
import { incidentWorkflowId } from '../../../src/domain/names.ts';
import { until } from '../../until.ts';

export const incidentId = incidentWorkflowId('checkout');

/** Reads the state until it is as wanted. A worker that is being killed answers no query: it is asked again. */
export async function readState(
  client: Client,
  what: string,
  isWanted: (state: IncidentState) => boolean,
  limitMs = 60_000,
): Promise<IncidentState> {
  const handle = client.workflow.getHandle(incidentId);
  const query = () => handle.query<IncidentState>('state');
  let state: IncidentState | undefined;
  const look = async () => {
    state = await client.connection.withDeadline(Date.now() + 5_000, query).catch(() => undefined);
    return state !== undefined && isWanted(state);
  };
  await until(what, look, limitMs, 250);
  if (!state) throw new Error(`${what}: there is no state.`);
  return state;
}

/** Approves by signal, as a person would from the Temporal UI. @throws when the incident ends without a plan. */
export async function approveWhenAsked(client: Client, limitMs: number): Promise<void> {
  const isThere = ({ awaitingApproval, outcome }: IncidentState) => awaitingApproval || outcome !== undefined;
  const { plan, timeline, outcome } = await readState(client, 'the plan waits for a decision', isThere, limitMs);
  if (!plan || outcome) throw new Error(`No plan was proposed:\n${timeline.map(({ text }) => text).join('\n')}`);
  await client.workflow.getHandle(incidentId).signal('approve', { planDigest: plan.digest, by: 'ana' });
}

/** What a run returned, once it is closed; the server may be killed meanwhile. */
export async function readResult(client: Client, runId: string, limitMs: number): Promise<IncidentState> {
  const handle = client.workflow.getHandle(incidentId, runId);
  const isClosed = () =>
    handle.describe().then(
      ({ status }) => status.name !== 'RUNNING',
      () => false,
    );
  await until('the incident is closed', isClosed, limitMs, 100);
  return (await handle.result()) as IncidentState;
}
