import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { describeWithServer } from './incident-harness.ts';

describeWithServer('investigation', (harness) => {
  it('asks the residents of the alerting service and of its dependencies', async () => {
    const incident = await harness().open({ mode: 'observe', decision: 'forbid' });
    const state = await incident.result();
    expect(state.reports.map((report) => report.service)).toEqual([incident.service, `${incident.service}-db`]);
    expect(incident.calls).toContain(`collect logs ${incident.service}-db`);
  });

  it('names a source that gives up as a gap and goes on', async () => {
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        collectLogs: async () => {
          throw ApplicationFailure.nonRetryable('the disk is gone');
        },
        examineService: async () => {
          throw ApplicationFailure.nonRetryable('cannot examine');
        },
      },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('handed-over');
    const gap = state.evidence.find((item) => item.kind === 'logs');
    expect(gap).toMatchObject({ outcome: 'failed', reason: 'the disk is gone' });
  });

  it('recognises repeats, attaches new alerts, and opens a new incident for one that comes while closing', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        closeCase: async () => {
          await gate;
          return { report: 'report.md' };
        },
      },
    });
    await incident.signalAlert();
    await incident.signalAlert({ id: 'alert-2', name: 'LatencyHigh' });
    const open = await incident.until((state) => state.phase === 'close');
    expect(open.repeatedAlerts).toBe(1);
    expect(open.alerts.map((alert) => alert.id)).toEqual(['alert-1', 'alert-2']);
    const firstRun = open.runId;
    await incident.signalAlert({ id: 'alert-3' });
    release();
    const next = await incident.until((state) => state.runId !== firstRun);
    expect(next.alerts.map((alert) => alert.id)).toEqual(['alert-3']);
    await incident.result();
  });

  it('ends inconclusive, no-fault or handed over when there is nothing to propose', async () => {
    const endings: [NonNullable<IncidentState['diagnosis']>['verdict'], IncidentState['outcome']][] = [
      ['inconclusive', 'inconclusive'],
      ['no-fault', 'no-fault'],
      ['cause', 'handed-over'],
    ];
    for (const [verdict, outcome] of endings) {
      const incident = await harness().open({ withoutPlan: 'no action fits', diagnosis: { verdict } });
      const state = await incident.result();
      expect(state.outcome).toBe(outcome);
      expect(state.outcomeReason).toBe('No action fits');
    }
  });

  it('hands the incident over when a phase breaks for good', async () => {
    const incident = await harness().open({
      overrides: {
        proposePlan: async () => {
          throw ApplicationFailure.nonRetryable('the policy file is broken', 'Policy.Invalid');
        },
      },
    });
    const state = await incident.result();
    expect(state.outcome).toBe('handed-over');
    expect(state.outcomeReason).toContain('the policy file is broken');
  });

  it('stops asking an engine at its budget of steps', async () => {
    const seen: boolean[] = [];
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        reason: async (input) => {
          seen.push(input.mustAnswer);
          return {
            kind: 'questions',
            calls: [],
            transcriptDigest: 'd',
            usage: { modelCalls: 1, inputTokens: 1, outputTokens: 1 },
          };
        },
      },
    });
    await incident.until(() => seen.length >= 3);
    expect(seen.slice(0, 3)).toEqual([false, false, true]);
    await incident.handle.cancel();
    await incident.result();
  });

  it('asks no more residents than its budget, and says who was not asked', async () => {
    const incident = await harness().open({ mode: 'observe', decision: 'forbid', budgets: { maxResidents: 1 } });
    const state = await incident.result();
    expect(state.reports.map((report) => report.service)).toEqual([incident.service]);
    expect(incident.calls).not.toContain(`examine ${incident.service}-db`);
    expect(state.timeline.map(({ text }) => text)).toContain(
      `Not asked, the limit of 1 resident is reached: ${incident.service}-db.`,
    );
  });

  it('investigates no more rounds than its budget, whatever people answer', async () => {
    const incident = await harness().open({ budgets: { maxRounds: 1 } });
    const { plan } = await incident.until((state) => state.awaitingApproval);
    const reason = 'look again';
    await incident.handle.signal('reject', { planDigest: plan?.digest ?? '', by: 'ana', reason });
    const state = await incident.result();
    expect(state).toMatchObject({ outcome: 'rejected', round: 1 });
    expect(incident.calls.filter((call) => call.startsWith('examine'))).toHaveLength(2);
  });

  it('asks the accused service what it runs before it proposes, and goes on without an answer', async () => {
    const told: (string | undefined)[] = [];
    const asked: string[] = [];
    const open = (readRunning: () => Promise<{ revision?: string }>) =>
      harness().open({
        overrides: {
          readRunning: async ({ service }) => {
            asked.push(service);
            return readRunning();
          },
          proposePlan: async ({ current }) => {
            told.push(current);
            return { plan: null, reason: 'enough for this test' };
          },
        },
      });
    const answered = await open(async () => ({ revision: 'abc' }));
    await answered.result();
    const silent = await open(() => Promise.reject(ApplicationFailure.nonRetryable('no worker')));
    await silent.result();
    expect(asked).toEqual([`${answered.service}-db`, `${silent.service}-db`]);
    expect(told).toEqual(['abc', undefined]);
  });

  it('counts alerts that fire once more, and not that their end is told twice', async () => {
    const incident = await harness().open();
    await incident.until((state) => state.awaitingApproval);
    for (const status of ['firing', 'resolved', 'resolved'] as const)
      await incident.signalAlert({ status, id: `alert-1${status === 'resolved' ? '-end' : ''}` });
    await incident.handle.cancel();
    expect((await incident.result()).repeatedAlerts).toBe(1);
  });
});
