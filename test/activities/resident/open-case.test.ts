import { describe, expect, it } from 'vitest';
import { createOpenCase } from '../../../src/activities/resident/open-case.ts';
import type { ResidentSettings, ServiceSettings } from '../../../src/domain/settings.ts';
import { fastTimings } from '../../fakes/activities.ts';
import { settingsOf } from '../observe/observe-case.ts';

const service = (name: string, change: Partial<ServiceSettings> = {}): ServiceSettings =>
  settingsOf(name, { approvers: ['ana'], ...change });

const sandbox = { image: 'node', setup: [], memoryMb: 512, cpus: 1, timeoutMs: 60_000 };

function settings(): ResidentSettings {
  const services = [
    service('order', {
      dependsOn: ['user', 'bank'],
      source: '/src/order',
      sandbox: { ...sandbox, test: ['node', '--test'] },
      actions: { 'deploy.rollback': { command: ['x'] } },
    }),
    service('user', { dependsOn: ['db', 'order'], sandbox: { ...sandbox, test: ['t'] } }),
    service('db', { source: '/src/db', mode: 'observe' }),
    service('unrelated'),
  ];
  return {
    file: 'resident.yaml',
    stateFolder: '.resident',
    digest: 'd'.repeat(64),
    temporal: { namespace: 'default' },
    gateway: { host: '127.0.0.1', port: 0, maxBodyBytes: 1, serviceLabels: ['service', 'job'], webhooks: {} },
    people: [],
    engine: { kind: 'claude', model: 'm' },
    lessonsRepository: 'lessons',
    notifyUrls: [],
    timings: fastTimings,
    sandbox: {},
    budgets: {
      maxEngineSteps: 4,
      maxModelTokens: 1_000_000,
      maxModelCost: 10,
      maxEngineMs: 600_000,
      maxRounds: 2,
      maxResidents: 8,
    },
    services: Object.fromEntries(services.map((item) => [item.name, item])),
  };
}

const open = createOpenCase({
  readSettings: settings,
  findPreviousRun: async (name, runId) => (name === 'order' ? `before ${runId}` : undefined),
});

describe('openCase', () => {
  it('says what else is collected of each service: traces of all where there is a trace server, flags and events where a file is named', async () => {
    const collectsOf = async (change: Partial<ResidentSettings>) => {
      const openWith = createOpenCase({
        readSettings: () => ({ ...settings(), ...change }),
        findPreviousRun: async () => undefined,
      });
      const opened = await openWith({ service: 'order', runId: 'r1' });
      return Object.values(opened.settings.services).map(({ collects }) => collects);
    };
    const services = {
      order: service('order', { dependsOn: ['user'], flagsFile: '/f' }),
      user: service('user', { eventsFile: '/e' }),
    };
    const traces = { jaeger: { url: 'http://jaeger.test' } };
    expect(await collectsOf({ services, traces })).toEqual([
      ['traces', 'flags'],
      ['traces', 'events'],
    ]);
    expect(await collectsOf({ services })).toEqual([['flags'], ['events']]);
    expect(await collectsOf({})).toEqual([undefined, undefined, undefined]);
  });

  it('takes a snapshot of every service that suspicion can reach, and no other', async () => {
    const opened = await open({ service: 'order', runId: 'r2' });
    expect(Object.keys(opened.settings.services)).toEqual(['order', 'user', 'db']);
    expect(opened.settings.service).toEqual({
      service: 'order',
      owner: 'team',
      dependsOn: ['user', 'bank'],
      mode: 'assist',
      approvers: ['ana'],
      hasSource: true,
      canReproduce: true,
      actions: ['deploy.rollback'],
    });
    expect(opened.settings).toMatchObject({ engine: 'claude/m', configDigest: 'd'.repeat(64), timings: fastTimings });
    expect(opened.previousRunId).toBe('before r2');
  });

  it('counts no service as reproducible without both source and command', async () => {
    const { services } = (await open({ service: 'order', runId: 'r' })).settings;
    expect([services['user']?.canReproduce, services['db']?.canReproduce]).toEqual([false, false]);
  });

  it('leaves out the link where there was no incident before', async () => {
    expect(await open({ service: 'user', runId: 'r' })).not.toHaveProperty('previousRunId');
  });

  it.each(['billing', '__proto__', 'constructor', ''])(
    'refuses the unknown service "%s" for good, and says what to do',
    async (name) => {
      await expect(open({ service: name, runId: 'r' })).rejects.toMatchObject({
        type: 'Resident.UnknownService',
        nonRetryable: true,
        message: expect.stringContaining('Configured: db, order, unrelated, user.') as string,
      });
    },
  );
});
