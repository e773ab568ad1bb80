import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createIncidentClient } from '../../src/client/incident-client.ts';
import { toIncidentJson } from '../../src/client/incident-json.ts';
import type { FollowEvent } from '../../src/client/follow.ts';
import { createAlert, describeWithServer } from './incident-harness.ts';

describeWithServer('the client', (harness) => {
  const createIncidents = (debounceMs = 0) => createIncidentClient(harness().client, { debounceMs });
  const isWaiting = (state: { awaitingApproval: boolean }) => state.awaitingApproval;

  test('a burst on one service is one run, and every alert of it is in its history before the call returns', async () => {
    const incidents = createIncidents(60_000);
    const service = `burst-${randomUUID()}`;
    const alerts = Array.from({ length: 5 }, (_, index) => createAlert(service, { id: `a${index}` }));
    const opened = await incidents.openOrAttach(service, alerts.slice(0, 1));
    const others = await Promise.all(alerts.slice(1).map((alert) => incidents.openOrAttach(service, [alert])));
    expect(new Set(others.map((other) => other.runId))).toEqual(new Set([opened.runId]));
    const events = (await incidents.fetchHistories(opened.incidentId, opened.runId))[0]?.history.events ?? [];
    const signals = events.flatMap((event) => event.workflowExecutionSignaledEventAttributes?.input?.payloads ?? []);
    const kept = signals.flatMap(
      ({ data }) => JSON.parse(Buffer.from(data ?? []).toString('utf8')) as { id: string }[],
    );
    expect(kept.map(({ id }) => id)).toEqual(alerts.map(({ id }) => id));
    // What came at the same time went together; the debounce holds, with no workflow task among the signals.
    expect(signals).toHaveLength(2);
    expect(events.some((event) => event.workflowTaskStartedEventAttributes)).toBe(false);
    await harness().client.workflow.getHandle(opened.incidentId).terminate('end of the test');
  });

  test('an alert on a closed incident opens a new run, at once after the close; a resolved one does not', async () => {
    const incidents = createIncidents(60_000);
    const service = `again-${randomUUID()}`;
    const first = await incidents.openOrAttach(service, [createAlert(service)]);
    await harness().client.workflow.getHandle(first.incidentId).terminate('closed');
    expect(await incidents.attach(service, [createAlert(service, { status: 'resolved' })])).toBeUndefined();
    const second = await incidents.openOrAttach(service, [createAlert(service, { id: 'later' })]);
    expect(second.runId).not.toBe(first.runId);
    expect((await incidents.attach(service, [createAlert(service, { id: 'third' })]))?.runId).toBe(second.runId);
    await harness().client.workflow.getHandle(first.incidentId).terminate('end of the test');
  });

  test('secrets in an alert do not reach its history', async () => {
    const incidents = createIncidentClient(harness().client, { debounceMs: 60_000 });
    const service = `secret-${randomUUID()}`;
    const annotations = { summary: 'Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcdefghijklmnop' };
    const { incidentId } = await incidents.openOrAttach(service, [
      createAlert(service, { annotations, summary: annotations.summary }),
    ]);
    const histories = await incidents.fetchHistories(incidentId);
    const payloads = JSON.stringify(histories).replace(/"data":"([^"]*)"/g, (_, data: string) =>
      Buffer.from(data, 'base64').toString(),
    );
    expect(payloads).toContain('[[SECRET:');
    expect(payloads).not.toContain('eyJzdWIiOiIxIn0');
    await harness().client.workflow.getHandle(incidentId).terminate('end of the test');
  });

  test('a decision is answered: refused with the reason, accepted, repeated, contradicted', async () => {
    const incidents = createIncidents();
    const running = await harness().open();
    const { plan, incidentId } = await running.until(isWaiting);
    const planDigest = plan?.digest ?? '';
    const approve = { planDigest, decision: 'approve', by: 'ana' } as const;
    expect(await incidents.decide(incidentId, { ...approve, by: 'mallory' })).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('may not decide') as string,
    });
    expect(await incidents.decide(incidentId, { ...approve, planDigest: 'stale' })).toMatchObject({
      status: 'refused',
      reason: expect.stringContaining('another plan') as string,
    });
    expect(await incidents.decide(incidentId, approve)).toEqual({ status: 'accepted', via: 'update' });
    // Who is not sure that it arrived sends it again, also when the incident has gone on or is closed.
    const again = { status: 'accepted', via: 'update', alreadyDecided: true };
    expect(await incidents.decide(incidentId, approve)).toEqual(again);
    expect(await incidents.decide(incidentId, { ...approve, decision: 'reject', reason: 'no' })).not.toMatchObject({
      status: 'accepted',
    });
    const state = await running.result();
    expect(state.outcome).toBe('recovered');
    expect(state.approvals).toHaveLength(1);
    expect(await incidents.decide(incidentId, approve)).toEqual(again);
    expect(await incidents.decide(incidentId, { ...approve, by: 'ben' })).toMatchObject({ status: 'not-found' });
  });

  test('without a worker in time the decision is left as a signal, and says so', async () => {
    const incidents = createIncidents();
    const service = `asleep-${randomUUID()}`;
    const incidentId = `incident/${service}`;
    const asleep = { workflowId: incidentId, taskQueue: 'nobody-works-here', args: [{ service }] };
    await harness().client.workflow.start('incident', asleep);
    const decision = { planDigest: 'd', decision: 'approve', by: 'ana' } as const;
    const answer = await incidents.decide(incidentId, decision, { answerWithinMs: 1_000 });
    expect(answer).toMatchObject({ status: 'sent', via: 'signal' });
    const [own] = await incidents.fetchHistories(incidentId);
    const signals = own?.history.events?.map((event) => event.workflowExecutionSignaledEventAttributes?.signalName);
    expect(signals).toContain('approve');
    await harness().client.workflow.getHandle(incidentId).terminate('end of the test');
  });

  test('an incident is followed to its end, listed, shown as JSON, and its history measured with its children', async () => {
    const incidents = createIncidents();
    const running = await harness().open();
    const { plan, incidentId, runId } = await running.until(isWaiting);
    const following = collect(incidents.follow(incidentId, { pollMs: 50 }));
    await incidents.decide(incidentId, { planDigest: plan?.digest ?? '', decision: 'approve', by: 'ana' });
    const events = await following;
    const state = await incidents.getState(incidentId, runId);
    expect(events.filter((event) => event.kind === 'entry').map((event) => event.entry)).toEqual(state.timeline);
    expect(events.at(-1)).toMatchObject({ kind: 'end', state: { outcome: 'recovered' } });

    const size = await incidents.describeHistory(incidentId, runId);
    expect(size.events).toBeGreaterThan(20);
    expect(size.childEvents).toBeGreaterThan(20);
    expect(size.actions).toBeGreaterThan(10);
    expect(size.actions).toBeLessThan(size.events + size.childEvents);
    const json = toIncidentJson(state, size);
    expect(json).toMatchObject({
      incidentId,
      outcome: 'recovered',
      approval: { by: 'ana', via: 'update' },
      plan: { digest: plan?.digest },
      kills: [],
      repeated: { modelCalls: 0, actions: 0 },
      history: size,
    });
    await expect
      .poll(
        async () => (await incidents.list({ service: running.service })).map((row) => [row.incidentId, row.outcome]),
        {
          timeout: 10_000,
        },
      )
      .toEqual([[incidentId, 'recovered']]);
    expect(await incidents.list({ service: running.service, open: true })).toEqual([]);
  });

  test('an incident that never was is said to be none', async () => {
    await expect(createIncidents().getState('incident/never-was')).rejects.toThrow('There is no incident/never-was');
  });
});

async function collect(events: AsyncIterable<FollowEvent>): Promise<FollowEvent[]> {
  const all: FollowEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
