import { userInfo } from 'node:os';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/run.ts';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import { StateUnavailable } from '../../src/client/read.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { createFakeIncidentClient, type FakeIncidentClient } from '../fakes/incident-client.ts';
import { closedState } from '../incident-state.ts';

let incidents: FakeIncidentClient;
let out = '';
let err = '';

vi.mock('../../src/client/incident-client.ts', async (original) => ({
  ...(await original<object>()),
  createIncidentClient: () => incidents,
}));

beforeEach(() => {
  [out, err] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((out += String(text))) || true);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => Boolean((err += String(text))) || true);
  // Nothing is sent there: the client is a fake.
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function use(replace: Partial<IncidentClient>): void {
  incidents = createFakeIncidentClient(replace);
}

function waitingFor(approvers: readonly string[]): IncidentState {
  if (!closedState.plan) throw new Error('The state of the tests holds no plan.');
  return { ...closedState, awaitingApproval: true, plan: { ...closedState.plan, approvers } };
}

const digest = closedState.plan?.digest ?? '';

describe('resident approve', () => {
  test('says as whom it decides and who may, before it decides', async () => {
    use({ getState: async () => waitingFor(['ana', 'ben']) });
    expect(await run(['approve', 'orders', '--by', 'ana', '--yes'])).toBe(0);
    expect(out).toMatch(
      /^Deciding as ana\. May decide for user-service: ana, ben; 1 approval needed\.\nApproved by ana\./,
    );
    expect(incidents.decisions).toMatchObject([{ decision: { by: 'ana', planDigest: digest } }]);
  });

  test("refuses a name that nobody gave, the system user's, when that may not decide; nothing is sent", async () => {
    use({ getState: async () => waitingFor(['ana', 'ben']) });
    for (const plan of [['--yes'], ['--plan', digest]]) {
      err = '';
      expect(await run(['approve', 'orders', ...plan])).toBe(3);
      expect(err).toContain(`you are ${userInfo().username} here`);
      expect(err).toContain('People who may: ana, ben. Say who you are with --by NAME.');
    }
    expect(incidents.decisions).toEqual([]);
  });

  test('takes the system user where it may decide, and leaves a name that was given to the incident to judge', async () => {
    use({ getState: async () => waitingFor([userInfo().username]) });
    expect(await run(['approve', 'orders', '--yes'])).toBe(0);
    expect(await run(['approve', 'orders', '--by', 'mallory', '--yes'])).toBe(0);
    expect(incidents.decisions).toHaveLength(2);
  });

  test('decides about a whole digest also where no worker can be asked', async () => {
    use({ getState: () => Promise.reject(new StateUnavailable('no-worker', 'No worker answered.')) });
    expect(await run(['approve', 'orders', '--by', 'ana', '--plan', digest])).toBe(0);
    expect(await run(['approve', 'orders', '--by', 'ana', '--yes'])).toBe(1);
    expect(incidents.decisions).toHaveLength(1);
  });
});

describe('resident open', () => {
  test('says whether it opened an incident or added to the open one', async () => {
    const opened = { service: 'orders', incidentId: 'incident/orders', runId: 'r1', alerts: 1 };
    use({});
    expect(await run(['open', 'orders', '--summary', 'x'])).toBe(0);
    expect(out).toMatch(/^Opened incident\/orders, run fake-run/);
    out = '';
    use({ attach: async () => opened });
    expect(await run(['open', 'orders', '--summary', 'x'])).toBe(0);
    expect(out).toMatch(/^orders has an open incident; this was added to it: incident\/orders, run r1/);
    out = '';
    expect(await run(['open', 'orders', '--summary', 'x', '--json'])).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...opened, attached: true });
  });
});
