import { ApplicationFailure } from '@temporalio/common';
import { expect, it } from 'vitest';
import type { CollectInput } from '../../src/activities/contract.ts';
import { createProposePlan } from '../../src/activities/resident/propose-plan.ts';
import { sealPlan } from '../../src/adapters/canonical-json.ts';
import { createPolicy } from '../../src/adapters/cedar.ts';
import type { Evidence, EvidenceKind, FlagChange } from '../../src/domain/evidence/evidence.ts';
import type { FurtherSource, ServiceSettings } from '../../src/domain/settings.ts';
import { createFakeActivities, type FakeOptions } from '../fakes/activities.ts';
import { describeWithServer } from './incident-harness.ts';

/** Fakes of an incident whose services collect these sources too. */
function collecting(collects: readonly FurtherSource[], more: FakeOptions['overrides'] = {}): FakeOptions {
  return {
    withoutPlan: 'nothing fits',
    overrides: {
      openCase: async (input) => {
        const { settings } = await createFakeActivities(input.service).activities.openCase(input);
        const services = Object.fromEntries(
          Object.entries(settings.services).map(([name, view]) => [name, { ...view, collects }]),
        );
        return { settings: { ...settings, services } };
      },
      ...more,
    },
  };
}

const found =
  (kind: EvidenceKind, digest: string) =>
  async ({ evidenceId: id, service, window }: CollectInput): Promise<Evidence> => ({
    id,
    service,
    kind,
    source: 'test',
    query: '',
    window,
    outcome: 'found',
    summary: 'found',
    digest,
  });

describeWithServer('traces, flags and events', (harness) => {
  it('are collected where they are configured, each under an id of its own', async () => {
    const incident = await harness().open(collecting(['traces', 'flags', 'events']));
    const { evidence } = await incident.result();
    const own = evidence.filter(({ service }) => service === incident.service).map(({ id }) => id);
    for (const kind of ['traces', 'flags', 'events']) expect(own).toContain(`${incident.service}/${kind}/1`);
    expect(incident.calls).toContain(`collect traces ${incident.service}-db`);
  });

  it('are asked for by nobody where they are not', async () => {
    const incident = await harness().open({ withoutPlan: 'nothing fits' });
    await incident.result();
    expect(incident.calls.filter((call) => /collect (?:traces|flags|events)/.test(call))).toEqual([]);
    expect(incident.calls).toContain(`collect deploys ${incident.service}`);
  });

  it('whose collection fails for good leave a gap, and the investigation goes on', async () => {
    const collectFlags = async (): Promise<Evidence> => {
      throw ApplicationFailure.nonRetryable('the worker is broken');
    };
    const incident = await harness().open(collecting(['flags'], { collectFlags }));
    const { evidence, outcome } = await incident.result();
    expect(evidence.find(({ id }) => id === `${incident.service}/flags/1`)).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('the worker is broken') as unknown,
    });
    expect(outcome).toBe('handed-over');
  });

  it('a flag that is the cause is handed to a person with its old value: nothing is rolled back, nothing is touched', async () => {
    const policy = await createPolicy();
    const change: FlagChange = {
      id: 'new-checkout@2026-11-21T09:00:00Z',
      service: 'any',
      flag: 'new-checkout',
      at: '2026-11-21T09:00:00Z',
      from: 'off',
      to: 'on',
      by: 'ben',
    };
    const digest = 'd'.repeat(64);
    const deployed = ['a', 'b'].map((letter, n) => ({
      id: `d${n}`,
      service: 'any',
      revision: letter.repeat(40),
      at: `2026-11-2${n}T08:00:00Z`,
      status: 'succeeded' as const,
    }));
    const proposePlan = createProposePlan({
      settings: () => {
        const actions = { 'deploy.rollback': { command: ['./deploy.sh', '{revision}'], current: ['./current.sh'] } };
        const entry = (name: string) =>
          [name, { name, actions, deploysFile: '/d' } as unknown as ServiceSettings] as const;
        return {
          services: Object.fromEntries([entry('any'), ...Array.from({ length: 50 }, (_, n) => entry(`svc${n}-db`))]),
        };
      },
      readBody: async (asked) =>
        asked === digest
          ? { kind: 'flags', service: 'any', flags: [change] }
          : { kind: 'deploys', service: 'any', deploys: deployed },
      policy,
      sealPlan,
      holdsCommit: async () => false,
      countActionsSince: async () => 0,
    });
    const { withoutPlan: _unused, ...options } = collecting(['flags'], {
      proposePlan,
      collectFlags: found('flags', digest),
      collectDeploys: found('deploys', 'e'.repeat(64)),
    });
    const incident = await harness().open({
      ...options,
      diagnosis: { change: change.id, category: 'config-change', suspects: [] },
    });
    const state = await incident.result();
    expect(state.plan).toBeUndefined();
    expect(state.outcome).toBe('handed-over');
    expect(state.outcomeReason).toContain('`new-checkout`');
    expect(state.outcomeReason).toContain('from `off` to `on`');
    expect(state.outcomeReason).toContain('`ben` did it');
    expect(incident.calls.filter((call) => /capture|perform|undo/.test(call))).toEqual([]);
  });
});
