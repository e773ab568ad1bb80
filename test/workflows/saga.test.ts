import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import { remediationWorkflowId, taskQueues } from '../../src/domain/names.ts';
import { fastTimings } from '../fakes/activities.ts';
import { describeWithServer } from './incident-harness.ts';

const auto = { mode: 'semi-auto', decision: 'auto' } as const;

describeWithServer('saga', (harness) => {
  it('registers each undo before its action and undoes newest first when a check fails', async () => {
    const incident = await harness().open({
      ...auto,
      actions: 2,
      overrides: {
        checkAction: async ({ action }) => {
          if (action.id === 'action-2') throw ApplicationFailure.nonRetryable('it did not take', 'Action.CheckFailed');
          return { detail: '' };
        },
      },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('rolled-back');
    expect(state.outcomeReason).toContain('It did not take');
    expect(incident.calls.filter((call) => /capture|perform|undo/.test(call))).toEqual([
      'capture action-1',
      'perform action-1',
      'capture action-2',
      'perform action-2',
      'undo action-2',
      'undo action-1',
    ]);
    expect(state.undo.map((record) => [record.actionId, record.status])).toEqual([
      ['action-2', 'undone'],
      ['action-1', 'undone'],
    ]);
  });

  it('undoes an action that may have happened although it failed', async () => {
    const incident = await harness().open({
      ...auto,
      overrides: {
        performAction: async () => {
          throw ApplicationFailure.nonRetryable('the command broke off', 'Action.CommandFailed');
        },
      },
    });
    expect((await incident.result()).outcome).toBe('rolled-back');
    expect(incident.calls).toContain('undo action-1');
  });

  it('undoes the plan when the service does not recover, and when it recovers and breaks again', async () => {
    const unhelped = await harness().open({ ...auto, readings: ['breached'] });
    expect((await unhelped.result()).outcome).toBe('rolled-back');
    expect(unhelped.calls).toContain('undo action-1');
    const regressed = await harness().open({
      ...auto,
      timings: { watchMs: 200, watchReadings: 10 },
      readings: ['ok', 'breached', 'breached', 'ok'],
    });
    const state = await regressed.result();
    expect(state.outcome).toBe('rolled-back');
    expect(state.readings).toHaveLength(3);
  });

  it('never reports success when an undo fails: the other undos run and the incident ends rollback-incomplete', async () => {
    const incident = await harness().open({
      ...auto,
      actions: 2,
      readings: ['breached'],
      overrides: {
        undoAction: async ({ action }) =>
          action.id === 'action-2' ? { status: 'failed', detail: 'no way back' } : { status: 'undone', detail: '' },
      },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('rollback-incomplete');
    expect(state.undo.map((record) => record.status)).toEqual(['failed', 'undone']);
    expect(incident.calls).toContain('notify rollback-incomplete');
  });

  it('undoes what was done when the incident is cancelled during the watch', async () => {
    const incident = await harness().open({ ...auto, timings: { watchMs: 60_000, watchReadings: 3 } });
    await incident.until((state) => state.phase === 'watch');
    await incident.handle.cancel();
    const state = await incident.result();
    expect(state.outcome).toBe('cancelled');
    expect(incident.calls).toContain('undo action-1');
    expect(incident.calls).toContain('close cancelled');
  });

  it('changes nothing and hands over when the last judgement before acting refuses', async () => {
    const incident = await harness().open({
      ...auto,
      overrides: {
        performAction: async () => {
          throw ApplicationFailure.nonRetryable('the policy changed', 'Policy.Denied');
        },
      },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('handed-over');
    expect(incident.calls).not.toContain('undo action-1');
  });

  it('does not call an action done that nobody had to do', async () => {
    const performAction = async ({ action }: { action: { id: string } }) =>
      ({ actionId: action.id, result: 'already-done', detail: 'it runs already' }) as const;
    const incident = await harness().open({ ...auto, overrides: { performAction } });
    const texts = (await incident.result()).timeline.map(({ text }) => text);
    expect(texts).toContain('Nothing had to be done: what the plan wants is there already; watching for recovery.');
    expect(texts.join()).not.toMatch(/action is done/);
  });

  it('does not call it recovered when nothing could be read', async () => {
    const incident = await harness().open({ ...auto, readings: ['unknown'] });
    expect((await incident.result()).outcome).toBe('handed-over');
    expect(incident.calls).not.toContain('undo action-1');
  });

  it('lets one plan work per target: the second waits for the end of the first', async () => {
    const first = await harness().open({ ...auto, timings: { watchMs: 60_000, watchReadings: 1 } });
    const { plan } = await first.until((state) => state.phase === 'watch');
    const second = await harness().open({ mode: 'assist' });
    const shared = remediationWorkflowId(`${second.service}-db`);
    const input = {
      plan,
      approvals: [],
      alerts: [],
      watchedServices: [],
      timings: { ...fastTimings, watchMs: 60_000, watchReadings: 1 },
    };
    const blocker = await harness().client.workflow.start('remediation', {
      workflowId: shared,
      taskQueue: taskQueues.resident,
      args: [input],
    });
    const waiting = await second.until((state) => state.awaitingApproval);
    await second.handle.signal('approve', { planDigest: waiting.plan?.digest ?? '', by: 'ana' });
    await second.until((state) => state.timeline.some((entry) => entry.text.includes('Another plan is at work')));
    await blocker.cancel();
    expect((await second.result()).outcome).toBe('recovered');
    await first.handle.cancel();
    await first.result();
  });
});
