import { afterAll, describe, expect, test } from 'vitest';
import type { PerformInput } from '../../../src/activities/contract.ts';
import type { JudgePorts } from '../../../src/activities/remediate/judge-action.ts';
import { createPerformAction } from '../../../src/activities/remediate/perform-action.ts';
import { digestValue, sealPlan } from '../../../src/adapters/canonical-json.ts';
import type { CommandRunner } from '../../../src/adapters/commands/runner.ts';
import type { Action, Approval, Mode, Plan } from '../../../src/domain/plan/plan.ts';
import type { ServiceSettings } from '../../../src/domain/settings.ts';
import {
  approve,
  badRevision,
  makeAction,
  makeInput,
  makePlan,
  makePorts,
  makeWorld,
  oldRevision,
  removeWorlds,
} from '../../server/actions-harness.ts';

afterAll(removeWorlds);

const now = new Date('2026-01-01T00:10:00.000Z');
const expiresAt = '2026-01-01T01:00:00.000Z';
const world = makeWorld();
const action = makeAction(world);

interface Setup {
  readonly plan?: Plan;
  readonly action?: Action;
  readonly approvals?: readonly Approval[];
  readonly now?: Date;
  readonly mode?: Mode;
  readonly approvers?: readonly string[];
  readonly command?: readonly string[];
  readonly current?: string;
  readonly captured?: string;
  readonly actionsToday?: number;
}

/** Runs performAction with a runner that only notes what it would start. @returns the failure's type, or `started`. */
async function perform(setup: Setup): Promise<string> {
  const plan = setup.plan ?? makePlan(action, { expiresAt });
  const started: string[] = [];
  const commands: CommandRunner = {
    findAttempt: async () => 0,
    runAttempt: async ({ argv }, attempt) => {
      started.push(argv.join(' '));
      const exit = { exitCode: 0, signal: null, timedOut: false, error: '', endedAt: '' };
      return { kind: 'ended', exit, outputTail: '', attempt };
    },
    read: async () => ({ exitCode: 0, lastLine: setup.current ?? badRevision }),
  };
  const ports = await makePorts(makeWorld(), { commands, now: () => setup.now ?? now });
  const settings: JudgePorts['settings'] = () => {
    const all = ports.settings();
    const service = all.services['user-service'] as ServiceSettings;
    const rollback = { ...service.actions['deploy.rollback'], ...(setup.command ? { command: setup.command } : {}) };
    const { mode = service.mode, approvers = service.approvers } = setup;
    return {
      ...all,
      services: { 'user-service': { ...service, mode, approvers, actions: { 'deploy.rollback': rollback } } },
    };
  };
  const journal = { ...ports.journal, countSince: async () => setup.actionsToday ?? 0 };
  const input: PerformInput = {
    ...makeInput(world, action),
    plan,
    action: setup.action ?? plan.actions[0] ?? action,
    approvals: setup.approvals ?? [approve(plan)],
    state: { actionId: action.id, at: '', values: { revision: setup.captured ?? badRevision } },
  };
  try {
    const { result } = await createPerformAction({ ...ports, settings, journal })(input);
    return result === 'done' ? started.join() && 'started' : result;
  } catch (error) {
    expect(started).toEqual([]);
    return (error as { type?: string }).type ?? String(error);
  }
}

const sealed = (changes: Partial<Plan>, base = action) => makePlan(base, { expiresAt, ...changes });
const collaborativeHigh = (): Plan => {
  const high: Action = { ...action, risk: 'high' };
  return sealed({ mode: 'collaborative', reproduced: false, approvalsNeeded: 2 }, high);
};

describe('an action starts', () => {
  test('when the plan that somebody approved says so, and nothing changed since', async () => {
    expect(await perform({})).toBe('started');
  });

  test('without a person when plan and policy of now both let it', async () => {
    const plan = sealed({ mode: 'collaborative', decision: 'auto', approvalsNeeded: 0 });
    expect(await perform({ plan, mode: 'collaborative', approvals: [] })).toBe('started');
  });

  test('a little after the expiry when it was approved in time', async () => {
    expect(await perform({ now: new Date('2026-01-01T01:05:00.000Z') })).toBe('started');
  });

  test('after two people approved a high risk in collaborative', async () => {
    const plan = collaborativeHigh();
    expect(await perform({ plan, mode: 'collaborative', approvals: [approve(plan), approve(plan, 'ben')] })).toBe(
      'started',
    );
  });
});

describe('an action without its approval does not start', () => {
  const plan = sealed({});
  test.each<[string, readonly Approval[]]>([
    ['nobody approved', []],
    ['another plan was approved', [approve(sealed({ round: 2 }))]],
    ['a stranger approved', [approve(plan, 'mallory')]],
    ['policy claims to have approved a plan that people are asked for', [approve(plan, 'ana', { via: 'policy' })]],
    ['it came after the expiry', [approve(plan, 'ana', { at: '2026-01-01T01:00:00.001Z' })]],
    ['its time cannot be read', [approve(plan, 'ana', { at: 'yesterday' })]],
    ['somebody rejected', [approve(plan), approve(plan, 'ben', { decision: 'reject' })]],
  ])('when %s', async (_why, approvals) => {
    expect(await perform({ plan, approvals })).toBe('Action.NotApproved');
  });

  test('when one person approved twice where two are needed', async () => {
    const high = collaborativeHigh();
    const approvals = [approve(high), approve(high)];
    expect(await perform({ plan: high, mode: 'collaborative', approvals })).toBe('Action.NotApproved');
  });

  test('when the approver has been taken off the service since', async () => {
    expect(await perform({ approvers: ['ben'] })).toBe('Action.NotApproved');
  });

  test('when the mode was tightened since, and people would be asked now', async () => {
    const auto = sealed({ mode: 'collaborative', decision: 'auto', approvalsNeeded: 0 });
    expect(await perform({ plan: auto, mode: 'assist', approvals: [] })).toBe('Action.NotApproved');
  });

  test('when the budget of the day is used up, so that people would be asked now', async () => {
    const auto = sealed({ mode: 'collaborative', decision: 'auto', approvalsNeeded: 0 });
    expect(await perform({ plan: auto, mode: 'collaborative', approvals: [], actionsToday: 3 })).toBe(
      'Action.NotApproved',
    );
  });

  test('when a forged plan says `auto` in a mode that asks', async () => {
    const forged = sealed({ decision: 'auto', approvalsNeeded: 0 });
    expect(await perform({ plan: forged, approvals: [] })).toBe('Action.NotApproved');
    expect(await perform({ plan: sealed({ approvalsNeeded: 0 }), approvals: [] })).toBe('Action.NotApproved');
  });
});

describe('a plan that changed is not carried out', () => {
  const plan = sealed({});
  const other: Action = { ...action, parameters: { revision: 'c'.repeat(40) } };
  test.each<[string, Setup]>([
    ['when a byte of it changed after the approval', { plan: { ...plan, target: 'payment-service' } }],
    ['when its text says something else', { plan: { ...plan, text: `${plan.text} ` } }],
    ['when the action has other parameters than the plan', { plan, action: other }],
    [
      'when the action hides a taint that the plan shows',
      { plan: sealed({}, { ...action, tainted: ['revision'], risk: 'high' }), action },
    ],
    ['when the action is not in the plan', { plan, action: { ...action, id: 'run-1/1.2' } }],
    ['when its risk is lower than its facts give', { plan: sealed({}, { ...action, risk: 'low' }) }],
    ['when its taint was hidden by a lower risk', { plan: sealed({}, { ...action, tainted: ['revision'] }) }],
    ['when a parameter is no plain identifier', { plan: sealed({}, { ...action, parameters: { revision: '--all' } }) }],
    [
      'when it takes a parameter that the catalogue does not know',
      { plan: sealed({}, { ...action, parameters: { ...action.parameters, host: 'x' } }) },
    ],
    ['when the configured command is another one now', { plan, command: ['./other.sh', '{revision}'] }],
    ['when its words are not those of its command', { plan: sealed({}, { ...action, summary: 'Nothing to see' }) }],
    ['when its target is not the plan’s', { plan: sealed({ target: 'payment-service' }) }],
  ])('%s', async (_why, setup) => {
    expect(await perform(setup)).toBe('Action.PlanChanged');
  });

  test('even when the forger sealed it anew, because the approval is for another digest', async () => {
    const forged = sealPlan({ ...withoutSeal(plan), round: 1, incidentId: 'incident/other' });
    expect(await perform({ plan: forged, approvals: [approve(plan)] })).toBe('Action.NotApproved');
    expect(digestValue(forged)).not.toBe(digestValue(plan));
  });
});

describe('an action does not start', () => {
  test('when the plan expired', async () => {
    expect(await perform({ now: new Date('2026-01-01T01:20:00.000Z') })).toBe('Action.Expired');
    const auto = sealed({ mode: 'collaborative', decision: 'auto', approvalsNeeded: 0 });
    const late = new Date('2026-01-01T01:00:00.001Z');
    expect(await perform({ plan: auto, mode: 'collaborative', approvals: [], now: late })).toBe('Action.Expired');
    expect(await perform({ plan: sealed({ expiresAt: 'never' }) })).not.toBe('started');
  });

  test('when policy only proposed it, or forbids it now, whoever approved', async () => {
    expect(await perform({ plan: sealed({ decision: 'forbid' }) })).toBe('Policy.Denied');
    expect(await perform({ mode: 'observe' })).toBe('Policy.Denied');
    expect(await perform({ plan: sealed({ mode: 'observe' }) })).toBe('Policy.Denied');
  });

  test('when the state is not the captured one any more', async () => {
    expect(await perform({ current: 'd'.repeat(40) })).toBe('Action.StateChanged');
    expect(await perform({ captured: 'd'.repeat(40) })).toBe('Action.StateChanged');
  });

  test('when another revision runs than the one that the plan goes back from', async () => {
    expect(await perform({ current: 'd'.repeat(40), captured: 'd'.repeat(40) })).toBe('Action.StateChanged');
    expect(await perform({ current: 'v7', captured: 'v7' })).toBe('started');
  });

  test('when the wanted revision runs already', async () => {
    expect(await perform({ current: oldRevision, captured: oldRevision })).toBe('already-done');
  });
});

function withoutSeal(plan: Plan): Omit<Plan, 'digest' | 'text'> {
  const { digest: _digest, text: _text, ...facts } = plan;
  return facts;
}
