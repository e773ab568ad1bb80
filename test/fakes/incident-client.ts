import type { IncidentClient } from '../../src/client/incident-client.ts';
import { StateUnavailable } from '../../src/client/read.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import type { Decision } from '../../src/domain/plan/plan.ts';

export interface FakeIncidentClient extends IncidentClient {
  readonly delivered: { readonly service: string; readonly alerts: readonly Alert[] }[];
  readonly decisions: { readonly incidentId: string; readonly decision: Decision }[];
  readonly asked: string[];
}

/** A fake: it keeps what it is told, and no Temporal is behind it. What a test needs it replaces. */
export function createFakeIncidentClient(replace: Partial<IncidentClient> = {}): FakeIncidentClient {
  const delivered: FakeIncidentClient['delivered'] = [];
  const decisions: FakeIncidentClient['decisions'] = [];
  const asked: string[] = [];
  return {
    delivered,
    decisions,
    asked,
    openOrAttach: async (service, alerts) => {
      delivered.push({ service, alerts });
      return { service, incidentId: `incident/${service}`, runId: 'fake-run', alerts: alerts.length };
    },
    attach: async () => undefined,
    decide: async (incidentId, decision) => {
      decisions.push({ incidentId, decision });
      return { status: 'accepted', via: 'update' };
    },
    steer: async () => undefined,
    cancel: async () => undefined,
    list: async () => [],
    getState: async (incidentId) => {
      asked.push(incidentId);
      throw new StateUnavailable('not-found', `There is no ${incidentId}.`);
    },
    follow: () => {
      throw new Error('The fake follows nothing.');
    },
    describeHistory: async () => ({ events: 0, childEvents: 0, actions: 0 }),
    fetchHistories: async () => [],
    ping: async () => undefined,
    ...replace,
  };
}
