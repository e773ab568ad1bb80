import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countActions } from '../../src/client/actions-of-events.ts';
import { toIncidentJson } from '../../src/client/incident-json.ts';
import { openIncident, type IncidentState } from '../../src/domain/incident/incident.ts';

const state = openIncident({
  incidentId: 'incident/orders',
  runId: 'run',
  service: 'orders',
  openedAt: '2026-11-21T09:00:00Z',
});
const size = { events: 1, childEvents: 0, actions: 1 };

test('every key of the JSON is documented, and an open incident has null where nothing is known', () => {
  const json = toIncidentJson(state, size);
  const documentation = readFileSync(new URL('../../docs/json.md', import.meta.url), 'utf8');
  for (const key of Object.keys(json)) expect(documentation, key).toMatch(new RegExp(`\`${key}(\\[\\]|\\.|\`)`));
  expect(json).toMatchObject({ outcome: null, diagnosis: null, reproduction: null, plan: null, approval: null });
});

test('an approval of an earlier plan is not told as the approval of this one', () => {
  const approval = { decision: 'approve', by: 'ana', via: 'update', at: '2026-11-21T09:00:00Z' } as const;
  const plan = { digest: 'new', text: '', actions: [] } as unknown as NonNullable<IncidentState['plan']>;
  const earlier = { ...state, plan, approvals: [{ ...approval, planDigest: 'old' }] };
  expect(toIncidentJson(earlier, size).approval).toBeNull();
  const current = { ...earlier, approvals: [{ ...approval, planDigest: 'new' }] };
  expect(toIncidentJson(current, size).approval).toEqual({ ...approval, reason: null });
});

test('a rejection is told as one, with its reason', () => {
  const rejection = { decision: 'reject', by: 'ana', via: 'signal', at: state.openedAt, reason: 'not now' } as const;
  const plan = { digest: 'new', text: '', actions: [] } as unknown as NonNullable<IncidentState['plan']>;
  const rejected = { ...state, plan, approvals: [{ ...rejection, planDigest: 'new' }] };
  expect(toIncidentJson(rejected, size).approval).toEqual(rejection);
});

test('an action done twice under one id is counted as repeated; what a witness says wins', () => {
  const done = { actionId: 'run/1', result: 'done', detail: '' } as const;
  const remediation = { outcome: 'recovered', actions: [done, done], undo: [], readings: [], reason: '' } as const;
  expect(toIncidentJson({ ...state, remediation }, size).repeated).toEqual({ modelCalls: 0, actions: 1 });
  const witness = { repeated: { modelCalls: 2, actions: 0 } };
  expect(toIncidentJson({ ...state, remediation }, size, witness).repeated).toEqual(witness.repeated);
});

test('actions are counted as Temporal bills them', () => {
  const table: [object, number][] = [
    [{ workflowExecutionStartedEventAttributes: {} }, 1],
    // Started and signalled in one call.
    [{ workflowExecutionSignaledEventAttributes: {} }, 0],
    [{ workflowTaskCompletedEventAttributes: {} }, 0],
    [{ activityTaskScheduledEventAttributes: {} }, 0],
    [{ activityTaskStartedEventAttributes: { attempt: 3 } }, 3],
    [{ workflowExecutionSignaledEventAttributes: {} }, 1],
    [{ timerStartedEventAttributes: {} }, 1],
    [{ startChildWorkflowExecutionInitiatedEventAttributes: {} }, 2],
    [{ upsertWorkflowSearchAttributesEventAttributes: {} }, 1],
    [{ workflowExecutionUpdateAcceptedEventAttributes: {} }, 1],
    // Two local activities of one workflow task are one action.
    [{ markerRecordedEventAttributes: { markerName: 'core_local_activity', workflowTaskCompletedEventId: 4 } }, 1],
    [{ markerRecordedEventAttributes: { markerName: 'core_local_activity', workflowTaskCompletedEventId: 4 } }, 0],
  ];
  expect(countActions(table.map(([event]) => event))).toBe(table.reduce((sum, [, actions]) => sum + actions, 0));
  expect(countActions([{ workflowExecutionStartedEventAttributes: { parentWorkflowExecution: {} } }])).toBe(0);
});
