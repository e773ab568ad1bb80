import { setTimeout } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { ReasonInput } from '../../src/activities/contract.ts';
import { inconclusive } from '../../src/domain/diagnosis/diagnosis.ts';
import type { ToolCall } from '../../src/domain/diagnosis/questions.ts';
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

  it('lets an engine that has spent its tokens answer at once', async () => {
    const seen: boolean[] = [];
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      budgets: { maxModelTokens: 1_000 },
      overrides: {
        reason: async (input) => {
          seen.push(input.mustAnswer);
          const usage = { modelCalls: 1, inputTokens: 990, outputTokens: 20 };
          if (!input.mustAnswer) return { kind: 'questions', calls: [], transcriptDigest: 'd', usage };
          return { kind: 'diagnosis', diagnosis: inconclusive('no room', 'fake'), usage };
        },
      },
    });
    const state = await incident.result();
    expect(seen).toEqual([false, true]);
    expect(state).toMatchObject({ modelCalls: 2, spent: { inputTokens: 1_980, outputTokens: 40 } });
    expect(state.timeline.map(({ text }) => text)).toContain(
      'The engine answers with what it knows: 1010 tokens of 1000 spent.',
    );
  });

  it.each([
    [{ maxModelCost: 1 }, 'The engine answers with what it knows: 1.25 of 1.00 US dollars spent.'],
    [{ maxEngineMs: 3_000 }, /^The engine answers with what it knows: \d+ of 0 minutes gone\.$/],
  ])('ends with the best answer so far, and says why, at the budget %j', async (budgets, why) => {
    const seen: boolean[] = [];
    const incident = await harness().open({
      ...{ mode: 'observe', decision: 'forbid', budgets },
      overrides: {
        reason: async ({ mustAnswer, step }) => {
          seen.push(mustAnswer);
          // An engine that thinks until its time is over.
          if (step === 1 && 'maxEngineMs' in budgets) await setTimeout(budgets.maxEngineMs);
          const usage = { modelCalls: 1, inputTokens: 1, outputTokens: 1, cost: 1.25 };
          // The second step answers in any case, so that a budget that is not heeded fails the test and does not hang it.
          if (!mustAnswer && step === 1) return { kind: 'questions', calls: [], transcriptDigest: 'd', usage };
          return { kind: 'diagnosis', diagnosis: inconclusive('best so far', 'fake'), usage };
        },
      },
    });
    const { diagnosis, timeline } = await incident.result();
    expect(seen.at(-1)).toBe(true);
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', engine: 'fake', statement: [{ text: 'best so far' }] });
    expect(timeline.map(({ text }) => text)).toContainEqual(expect.stringMatching(why));
  });

  it('answers the questions of an engine from evidence, source and sandbox, and goes on where one cannot be answered', async () => {
    const heard: ReasonInput[] = [];
    const incident = await harness().open({
      mode: 'observe',
      decision: 'forbid',
      overrides: {
        reason: async (input) => {
          heard.push(input);
          const usage = { modelCalls: 1, inputTokens: 1, outputTokens: 1 };
          const [service] = Object.keys(input.dependencies);
          if (input.step > 1) return { kind: 'diagnosis', diagnosis: inconclusive('enough', 'fake'), usage };
          const calls: ToolCall[] = [
            { id: 'q1', name: 'query_logs', service: service! },
            { id: 'q2', name: 'read_file', service: service!, path: 'src/a.js' },
            { id: 'q3', name: 'run_test', service: service!, change: 'c'.repeat(40) },
            { id: 'q4', name: 'blame', service: service!, path: 'src/a.js', fromLine: 1, toLine: 2 },
          ];
          return { kind: 'questions', calls, transcriptDigest: 'd', usage };
        },
        readEvidence: async ({ call }) => ({ id: call.id, text: `${call.name} answered` }),
        askSource: async ({ call }) => {
          if (call.name === 'blame') throw ApplicationFailure.nonRetryable('the repository is gone');
          return { id: call.id, text: `${call.name} answered` };
        },
        packSources: async () => ({ cannotRun: 'there is no command' }),
      },
    });
    const state = await incident.result();
    const answers = Object.fromEntries((heard[1]?.answers ?? []).map(({ id, text }) => [id, text]));
    expect(answers).toMatchObject({
      q1: 'query_logs answered',
      q2: 'read_file answered',
      q3: expect.stringContaining('there is no command') as string,
      q4: 'Not answered: the repository is gone',
    });
    const tried = state.evidence.find(({ kind }) => kind === 'reproduction');
    expect(answers['q3']).toContain(tried!.id);
    expect(heard[1]?.evidence).toContainEqual(tried);
    expect(state.evidence.map(({ kind }) => kind)).toContain('source');
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
