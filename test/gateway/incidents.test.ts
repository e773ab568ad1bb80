import { describe, expect, test } from 'vitest';
import type { DecisionAnswer } from '../../src/client/decisions.ts';
import { refuseDecision, type Plan } from '../../src/domain/plan/plan.ts';
import { createFakeIncidentClient } from '../fakes/incident-client.ts';
import { bearer, createGateway, createNotification, post } from './parts.ts';

const decision = { planDigest: 'd'.repeat(64), decision: 'approve' };

describe('deciding over HTTP', () => {
  test('the token says who decides, whatever the body claims', async () => {
    const { app, incidents } = createGateway();
    const response = await app.request('/incidents/orders/decision', post(decision, bearer('ana-token')));
    expect(response.status).toBe(200);
    expect(incidents.decisions).toEqual([{ incidentId: 'incident/orders', decision: { ...decision, by: 'ana' } }]);
    const forged = await app.request(
      '/incidents/orders/decision',
      post({ ...decision, by: 'ben' }, bearer('ana-token')),
    );
    expect(forged.status).toBe(400);
  });

  test.each([{}, bearer('cy-token'), bearer('old-token')])(
    'without a token of a person nothing is decided',
    async (headers) => {
      const { app, incidents } = createGateway();
      const response = await app.request('/incidents/orders/decision', post(decision, headers));
      expect(response.status).toBe(401);
      expect(incidents.decisions).toEqual([]);
    },
  );

  test('a rejection needs a reason', async () => {
    const { app, incidents } = createGateway();
    const reject = { ...decision, decision: 'reject' };
    const refused = await app.request('/incidents/orders/decision', post(reject, bearer('ben-token')));
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('needs a reason')]);
    const path = '/incidents/incident%2Forders/decision';
    expect((await app.request(path, post({ ...reject, reason: 'not now' }, bearer('ben-token')))).status).toBe(200);
    expect(incidents.decisions[0]?.decision).toEqual({ ...reject, by: 'ben', reason: 'not now' });
  });

  const plan = {
    digest: decision.planDigest,
    approvers: ['ben'],
    target: 'orders',
    decision: 'ask',
  } as unknown as Plan;
  const ask = (by: string, planDigest = decision.planDigest) =>
    refuseDecision(plan, [], { planDigest, decision: 'approve', by }, true) ?? '';
  test.each<[string, DecisionAnswer, number]>([
    ['the same decision once more', { status: 'accepted', via: 'update', alreadyDecided: true }, 200],
    ['a person who may not decide', { status: 'refused', via: 'update', reason: ask('ana') }, 403],
    ['a stale digest', { status: 'refused', via: 'update', reason: ask('ben', 'old') }, 409],
    ['an incident that is closed', { status: 'not-found', reason: 'not open' }, 404],
    ['a worker that does not answer', { status: 'sent', via: 'signal', reason: 'stored' }, 202],
  ])('%s is answered with its reason', async (_, answer, status) => {
    const { app } = createGateway(createFakeIncidentClient({ decide: async () => answer }));
    const response = await app.request('/incidents/incident/orders/decision', post(decision, bearer('ana-token')));
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ by: 'ana', ...answer }),
    ]);
  });
});

describe('reading over HTTP', () => {
  test('an incident is found by id, by escaped id and by service', async () => {
    const { app, incidents } = createGateway();
    for (const id of ['incident/orders', 'incident%2Forders', 'orders']) {
      const response = await app.request(`/incidents/${id}`, { headers: bearer('ana-token') });
      expect(response.status).toBe(404);
    }
    expect(incidents.asked).toEqual(['incident/orders', 'incident/orders', 'incident/orders']);
  });

  test('the list needs a token of a person', async () => {
    const { app } = createGateway();
    expect((await app.request('/incidents')).status).toBe(401);
    const response = await app.request('/incidents', { headers: bearer('ana-token') });
    expect(await response.json()).toEqual({ incidents: [] });
  });
});

describe('the gateway about itself', () => {
  test('it is alive without Temporal, and ready only with it', async () => {
    const down = createFakeIncidentClient({
      ping: async () => {
        throw new Error('refused');
      },
    });
    const alive = await createGateway(down).app.request('/healthz');
    expect(alive.status).toBe(200);
    expect(await alive.json()).toMatchObject({
      status: 'alive',
      name: 'resident',
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as unknown,
      checks: expect.stringContaining('/readyz asks Temporal') as unknown,
    });
    expect((await createGateway(down).app.request('/readyz')).status).toBe(503);
    expect((await createGateway().app.request('/readyz')).status).toBe(200);
  });

  test('it counts webhooks by sender and code, and alerts by service', async () => {
    const { app } = createGateway();
    await app.request('/webhooks/alertmanager', post(createNotification([{}, {}])));
    await app.request('/webhooks/alertmanager', post('{', bearer('wrong')));
    const text = await (await app.request('/metrics')).text();
    expect(text).toContain('resident_gateway_webhooks_total{sender="alertmanager",code="202"} 1\n');
    expect(text).toContain('resident_gateway_webhooks_total{sender="alertmanager",code="401"} 1\n');
    expect(text).toContain('resident_gateway_alerts_total{sender="alertmanager",service="orders",status="firing"} 2\n');
    expect(text).toContain('resident_gateway_webhook_seconds_count 2\n');
  });
});
