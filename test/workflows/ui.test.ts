import type { WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { expect, it } from 'vitest';
import { residentWorkflowId } from '../../src/domain/names.ts';
import { createIntake } from '../../src/client/intake.ts';
import { createAlert, describeWithServer } from './incident-harness.ts';

/** What the Temporal UI shows of a run: its definition is `temporal.api.sdk.v1.WorkflowMetadata`. */
interface Metadata {
  readonly currentDetails: string;
  readonly definition: Record<
    'signalDefinitions' | 'updateDefinitions' | 'queryDefinitions',
    readonly { readonly name: string; readonly description?: string }[]
  >;
}

type Event = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

const summaryOf = ({ userMetadata }: Event): string =>
  userMetadata?.summary ? String(defaultPayloadConverter.fromPayload(userMetadata.summary)) : '';
const readMetadata = (handle: WorkflowHandle): Promise<Metadata> => handle.query('__temporal_workflow_metadata');

/** A summary that is missing leaves a person with the name of a function. */
async function expectSummaries(handle: WorkflowHandle): Promise<number> {
  const { events = [] } = await handle.fetchHistory();
  const wanted = (events ?? []).filter(
    (event) =>
      event.activityTaskScheduledEventAttributes ??
      event.timerStartedEventAttributes ??
      event.startChildWorkflowExecutionInitiatedEventAttributes,
  );
  const silent = wanted
    .filter((event) => summaryOf(event) === '')
    .map((event) => `${handle.workflowId} ${String(event.eventId)}`);
  expect(silent).toEqual([]);
  return wanted.length;
}

describeWithServer('the Temporal UI', (harness) => {
  it('has a summary for every activity, timer and child of the incident, its residents and its repair', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'ana' });
    await incident.result();
    const { client } = harness();
    const children = [
      residentWorkflowId(incident.service, incident.service),
      residentWorkflowId(incident.service, `${incident.service}-db`),
      `remediation/${plan?.target ?? ''}`,
    ];
    expect(await expectSummaries(incident.handle)).toBeGreaterThan(5);
    for (const id of children) {
      const handle = client.workflow.getHandle(id);
      expect(await expectSummaries(handle)).toBeGreaterThan(2);
      const { events } = await handle.fetchHistory();
      expect(summaryOf((events ?? [])[0] as Event)).not.toBe('');
      expect((await readMetadata(handle)).currentDetails).toContain('## Re');
    }
  });

  it('tells what to do while a decision is wanted, and the outcome after the end', async () => {
    const incident = await harness().open();
    const { plan } = await incident.until((state) => state.awaitingApproval);
    const waiting = await readMetadata(incident.handle);
    expect(waiting.currentDetails).toContain('waiting for your decision');
    expect(waiting.currentDetails).toContain(JSON.stringify({ planDigest: plan?.digest, by: 'ana' }));
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'mallory' });
    await incident.until((state) => state.refusals.length === 1);
    expect((await readMetadata(incident.handle)).currentDetails).toContain('Decisions that did not count');
    await incident.handle.signal('approve', { planDigest: plan?.digest ?? '', by: 'ana' });
    await incident.result();
    expect((await readMetadata(incident.handle)).currentDetails).toMatch(/^## \S+: recovered/);
  });

  it('describes every signal, update and query, approve and reject first', async () => {
    const incident = await harness().open({ decision: 'forbid' });
    const { definition } = await readMetadata(incident.handle);
    const own = [
      ...definition.signalDefinitions,
      ...definition.updateDefinitions,
      ...definition.queryDefinitions.filter(({ name }) => !name.startsWith('__')),
    ];
    expect(own.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
    expect(definition.signalDefinitions.slice(0, 2).map(({ name }) => name)).toEqual(['approve', 'reject']);
    await incident.result();
  });

  it('opens with a summary and details that need no worker, whatever the alert holds', async () => {
    const { client } = harness();
    const service = 'unread-service';
    const hostile = '日本"\\\n'.repeat(4_000);
    await createIntake(client, { debounceMs: 60_000 }).openOrAttach(service, [
      createAlert(service, { name: hostile, summary: hostile }),
    ]);
    const handle = client.workflow.getHandle(`incident/${service}`);
    const described = await handle.describe();
    expect(await described.staticSummary()).toContain('日本');
    expect(await described.staticDetails()).toContain('How to read this page');
    await handle.terminate();
  });
});
