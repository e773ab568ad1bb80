import { ApplicationFailure } from '@temporalio/common';
import type { AllActivities, CollectInput } from '../../src/activities/contract.ts';
import type { Diagnosis } from '../../src/domain/diagnosis/diagnosis.ts';
import type { Evidence, EvidenceKind } from '../../src/domain/evidence/evidence.ts';
import type { Action, Mode, Plan, PolicyDecision } from '../../src/domain/plan/plan.ts';
import type { Reading } from '../../src/domain/plan/remediation.ts';
import type { Budgets, ServiceView, Timings } from '../../src/domain/settings.ts';

/** Fakes of every activity, for tests of the workflows alone: nothing here touches a source, a sandbox or a service. */

export const fastTimings: Timings = {
  debounceMs: 0,
  approvalTimeoutMs: 20_000,
  reminderMs: 10_000,
  escalationMs: 15_000,
  watchMs: 60,
  watchReadings: 3,
  lookbackMs: 60_000,
  baselineMs: 60_000,
  changesMs: 3_600_000,
  queryTimeoutMs: 5_000,
  heartbeatTimeoutMs: 5_000,
  sandboxTimeoutMs: 5_000,
  actionTimeoutMs: 5_000,
  busyTargetRetryMs: 100,
};

export interface FakeOptions {
  readonly mode?: Mode;
  readonly decision?: PolicyDecision;
  readonly approvalsNeeded?: number;
  readonly actions?: number;
  readonly timings?: Partial<Timings>;
  readonly budgets?: Partial<Budgets>;
  readonly diagnosis?: Partial<Diagnosis>;
  readonly withoutPlan?: string;
  /** States of the one condition, reading after reading; the last one stays. */
  readonly readings?: readonly Reading['state'][];
  readonly overrides?: Partial<AllActivities>;
}

export interface FakeActivities {
  readonly activities: AllActivities;
  /** Names of the activities called, with what matters of their input, in order. */
  readonly calls: string[];
}

const suspect = 'b'.repeat(40);
const before = 'a'.repeat(40);

export function createFakeActivities(service: string, options: FakeOptions = {}): FakeActivities {
  const calls: string[] = [];
  const timings = { ...fastTimings, ...options.timings };
  const dependency = `${service}-db`;
  const view = (name: string, dependsOn: readonly string[]): ServiceView => ({
    service: name,
    owner: 'team-owner',
    dependsOn,
    mode: options.mode ?? 'assist',
    approvers: ['ana', 'ben'],
    hasSource: true,
    canReproduce: true,
    actions: ['deploy.rollback'],
  });
  const services = { [service]: view(service, [dependency]), [dependency]: view(dependency, []) };
  let readingCount = 0;
  let round = 0;
  const collect = (kind: EvidenceKind) => async (input: CollectInput) => {
    calls.push(`collect ${kind} ${input.service}`);
    return fakeEvidence(input.evidenceId, input.service, kind);
  };
  const activities: AllActivities = {
    openCase: async () => ({
      settings: {
        service: view(service, [dependency]),
        services,
        timings,
        budgets: {
          maxEngineSteps: 3,
          maxModelTokens: 1_000_000,
          maxModelCost: 10,
          maxEngineMs: 600_000,
          maxRounds: 2,
          maxResidents: 8,
          ...options.budgets,
        },
        engine: 'fake',
        canNotify: true,
        configDigest: 'c',
      },
    }),
    recallLessons: async (input) => fakeEvidence(input.evidenceId, input.service, 'lessons'),
    proposePlan: async (input) => {
      round += 1;
      if (options.withoutPlan !== undefined) return { plan: null, reason: options.withoutPlan };
      if (input.rejected.length > 0) return { plan: null, reason: 'nothing else to propose' };
      return { plan: fakePlan(dependency, input.runId, round, options, timings), reason: '' };
    },
    notifyPeople: async ({ kind }) => {
      calls.push(`notify ${kind}`);
    },
    closeCase: async ({ state }) => {
      calls.push(`close ${state.outcome}`);
      return { report: 'report.md', lesson: 'lesson' };
    },
    collectLogs: collect('logs'),
    collectMetrics: collect('metrics'),
    collectChanges: collect('changes'),
    collectDeploys: collect('deploys'),
    collectTraces: collect('traces'),
    collectFlags: collect('flags'),
    collectEvents: collect('events'),
    packSources: async () => ({ cannotRun: 'this is a fake' }),
    locateFailure: async ({ location }) => location,
    readConditions: async () => {
      const states = options.readings ?? ['ok'];
      const state = states[Math.min(readingCount, states.length - 1)] ?? 'ok';
      readingCount += 1;
      return [{ at: new Date().toISOString(), name: 'errors', expression: 'e', value: 0, threshold: '< 1', state }];
    },
    examineService: async (input) => {
      calls.push(`examine ${input.service}`);
      return { findings: [], suspects: [], summary: 'looked at' };
    },
    reason: async () => ({
      kind: 'diagnosis',
      diagnosis: fakeDiagnosis(dependency, options.diagnosis),
      usage: { modelCalls: 0, inputTokens: 0, outputTokens: 0 },
    }),
    collectSource: async (input) => fakeEvidence(input.evidenceId, input.service, 'source'),
    askSource: async ({ call }) => ({ id: call.id, text: '' }),
    readEvidence: async ({ call }) => ({ id: call.id, text: '' }),
    runReproduction: async () => {
      throw ApplicationFailure.nonRetryable('never called');
    },
    reapSandboxes: async () => ({ removed: 0 }),
    readRunning: async () => ({ reason: 'no `current` is configured' }),
    captureState: async ({ action }) => {
      calls.push(`capture ${action.id}`);
      return { actionId: action.id, at: new Date().toISOString(), values: { revision: suspect } };
    },
    performAction: async ({ action }) => {
      calls.push(`perform ${action.id}`);
      return { actionId: action.id, result: 'done', detail: '' };
    },
    checkAction: async ({ action }) => {
      calls.push(`check ${action.id}`);
      return { detail: '' };
    },
    undoAction: async ({ action }) => {
      calls.push(`undo ${action.id}`);
      return { status: 'undone', detail: '' };
    },
    ...options.overrides,
  };
  return { activities, calls };
}

function fakeEvidence(id: string, service: string, kind: EvidenceKind): Evidence {
  return { id, service, kind, source: 'fake', query: '', window: { from: '', to: '' }, outcome: 'empty', summary: '' };
}

function fakeDiagnosis(service: string, partial: Partial<Diagnosis> = {}): Diagnosis {
  return {
    verdict: 'cause',
    service,
    change: suspect,
    category: 'code-change',
    confidence: 0.8,
    statement: [],
    evidence: [],
    against: [],
    ruledOut: [],
    before,
    suspects: [suspect],
    signatures: [],
    missing: [],
    lessons: [],
    engine: 'fake',
    ...partial,
  };
}

function fakePlan(target: string, runId: string, round: number, options: FakeOptions, timings: Timings): Plan {
  const actions = Array.from({ length: options.actions ?? 1 }, (_unused, index): Action => ({
    id: `action-${index + 1}`,
    type: 'deploy.rollback',
    target,
    parameters: { revision: before },
    risk: 'medium',
    summary: `Roll ${target} back`,
    undo: 'deploy the revision again',
    check: 'the revision runs',
    tainted: [],
  }));
  const decision = options.decision ?? 'ask';
  return {
    digest: `digest-${round}`,
    incidentId: 'incident',
    runId,
    round,
    target,
    actions,
    mode: options.mode ?? 'assist',
    decisions: actions.map((action) => ({ actionId: action.id, decision, policies: [], reason: '' })),
    decision,
    policyDigest: 'p',
    approvers: ['ana', 'ben'],
    approvalsNeeded: options.approvalsNeeded ?? 1,
    reproduced: false,
    expiresAt: new Date(Date.now() + timings.approvalTimeoutMs).toISOString(),
    text: 'the plan',
  };
}
