import { describe, expect, it } from 'vitest';
import { planReplay, type ReplayQuestion } from '../../../src/activities/observe/plan-replay.ts';
import type { EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type { SandboxSettings, ServiceSettings } from '../../../src/domain/settings.ts';
import { settingsOf } from './observe-case.ts';

const incidentFrom = '2026-11-21T10:00:00.000Z';
const at = '2026-11-21T10:05:00.000Z';

function sandboxOf(port: number, rest: Partial<SandboxSettings> = {}): SandboxSettings {
  const run = { command: ['serve'], port, readyTimeoutMs: 1_000, environment: {} };
  return { image: 'node', setup: [], memoryMb: 128, cpus: 1, timeoutMs: 60_000, run, ...rest };
}

function logsOf(service: string, method = 'GET'): EvidenceWithBody {
  const base = { service, kind: 'logs', source: '', query: '', window: { from: at, to: at } } as const;
  const fields = { method, path: '/a', status: 500 };
  return {
    evidence: { ...base, id: `${service}/logs/1`, outcome: 'found', summary: '' },
    body: { kind: 'logs', service, incidentFrom, lines: [{ at, level: 'error', message: '', fields }] },
  };
}

function plan(services: readonly ServiceSettings[], rest: Partial<ReplayQuestion> = {}) {
  return planReplay({
    services: Object.fromEntries(services.map((settings) => [settings.name, settings])),
    service: 'order',
    suspectService: 'user',
    packed: services.map(({ name }) => name),
    evidence: [logsOf('order')],
    timeoutMs: 60_000,
    ...rest,
  });
}
const order = settingsOf('order', { dependsOn: ['user', 'mail'], sandbox: sandboxOf(8080) });
const user = settingsOf('user', { sandbox: sandboxOf(8081) });
const mail = settingsOf('mail', {});

describe('planReplay', () => {
  it('starts the service of the request first and the neighbours that it reaches', () => {
    const planned = plan([order, user, mail]);
    expect(planned).toMatchObject({
      request: { service: 'order' },
      services: [{ service: 'order' }, { service: 'user' }],
    });
    expect(planned).toMatchObject({ answerTimeoutMs: 10_000 });
  });

  it('sends the request to the suspect itself where the one that alerts does not reach it', () => {
    const alone = settingsOf('order', { sandbox: sandboxOf(8080) });
    expect(plan([alone, user], { evidence: [logsOf('order'), logsOf('user')] })).toMatchObject({
      request: { service: 'user' },
      services: [{ service: 'user' }],
    });
  });

  it.each<[string, ReturnType<typeof plan>, RegExp]>([
    ['the suspect cannot be started', plan([order, settingsOf('user', {})]), /user has no `sandbox.run`/],
    ['the suspect is not packed', plan([order, user], { packed: ['order'] }), /user has no `sandbox.run`/],
    ['no log tells a failing request', plan([order, user], { evidence: [] }), /no log line of order, user/],
    [
      'the method may not be sent',
      plan([order, user], { evidence: [logsOf('order', 'POST')] }),
      /sandbox.replay.methods/,
    ],
    [
      'two listen on one port',
      plan([order, settingsOf('user', { sandbox: sandboxOf(8080) })]),
      /both listen on port 8080/,
    ],
    [
      'they would fill the machine',
      plan([order, settingsOf('user', { sandbox: sandboxOf(8081, { memoryMb: 9_000 }) })]),
      /9128 MB together/,
    ],
  ])('says why there is none where %s', (_name, planned, reason) => {
    expect('none' in planned ? planned.none : '').toMatch(reason);
  });
});
