import type { Client } from '@temporalio/client';
import type { IncidentState } from '../domain/incident/incident.ts';
import { incidentWorkflowId } from '../domain/names.ts';
import type { Decision } from '../domain/plan/plan.ts';
import { createRedact } from '../domain/redaction.ts';
import { steerSignal } from '../workflows/messages.ts';
import { pingTemporal } from './connect.ts';
import { decide, type DecideOptions, type DecisionAnswer } from './decisions.ts';
import { followIncident, type FollowEvent, type FollowOptions } from './follow.ts';
import { describeHistory, fetchHistories, type HistorySize, type RunHistory } from './history.ts';
import { createIntake, type Intake, type IntakeOptions } from './intake.ts';
import { getState, listIncidents, type IncidentRow, type ListFilter } from './read.ts';

/** The only door into running incidents; gateway, CLI and demo share it. */
export interface IncidentClient extends Intake {
  decide(incidentId: string, decision: Decision, options?: DecideOptions): Promise<DecisionAnswer>;
  steer(incidentId: string, hint: { readonly by: string; readonly text: string }): Promise<void>;
  /** Asks the incident to stop; what it did is undone first. */
  cancel(incidentId: string, runId?: string): Promise<void>;
  list(filter?: ListFilter): Promise<readonly IncidentRow[]>;
  getState(incidentId: string, runId?: string): Promise<IncidentState>;
  follow(incidentId: string, options?: FollowOptions): AsyncGenerator<FollowEvent>;
  describeHistory(incidentId: string, runId?: string): Promise<HistorySize>;
  fetchHistories(incidentId: string, runId?: string): Promise<readonly RunHistory[]>;
  /** @throws when Temporal does not answer. */
  ping(): Promise<void>;
}

export function createIncidentClient(client: Client, options: IntakeOptions): IncidentClient {
  const redact = options.redact ?? createRedact();
  return {
    ...createIntake(client, options),
    decide: (incidentId, decision, decideOptions) =>
      decide(
        client,
        incidentId,
        decision.reason === undefined ? decision : { ...decision, reason: redact(decision.reason) },
        decideOptions,
      ),
    steer: (incidentId, hint) =>
      client.workflow.getHandle(incidentId).signal(steerSignal, { by: hint.by, text: redact(hint.text) }),
    cancel: async (incidentId, runId) => {
      const handle = client.workflow.getHandle(incidentId, runId);
      // The server takes a cancel of a closed run without a word.
      const { status } = await handle.describe();
      if (status.name !== 'RUNNING')
        throw new Error(`${incidentId} is not open (${status.name.toLowerCase()}): there is nothing to cancel.`);
      await handle.cancel();
    },
    list: (filter) => listIncidents(client, filter),
    getState: (incidentId, runId) => getState(client, incidentId, runId),
    follow: (incidentId, followOptions) => followIncident(client, incidentId, followOptions),
    describeHistory: (incidentId, runId) => describeHistory(client, incidentId, runId),
    fetchHistories: (incidentId, runId) => fetchHistories(client, incidentId, runId),
    ping: () => pingTemporal(client),
  };
}

/** People say `order-service`, programs `incident/order-service`; both mean the incident of that service. */
export function toIncidentId(text: string): string {
  return text.startsWith('incident/') ? text : incidentWorkflowId(text);
}
