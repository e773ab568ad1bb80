import { describe, expect, test } from 'vitest';
import { createFakeIncidentClient } from '../fakes/incident-client.ts';
import { bearer, createGateway, createNotification, post } from './parts.ts';

const url = '/webhooks/alertmanager';

describe('who may send', () => {
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
  test.each([
    ['the bearer token', bearer('old-token')],
    ['the next bearer token, while it is being changed', bearer('new-token')],
    ['the scheme in small letters', { authorization: 'bearer old-token' }],
    ['basic credentials', basic('am:p4ssword')],
  ])('%s opens the door', async (_, headers) => {
    const { app } = createGateway();
    expect((await app.request(url, post(createNotification([{}]), headers))).status).toBe(202);
  });

  test.each([
    ['no header', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a wrong token', bearer('old-tokem')],
    ['the beginning of a token', bearer('old-toke')],
    ['a token with something behind it', { authorization: 'Bearer old-token x' }],
    ['another scheme', { authorization: 'Digest old-token' }],
    ['the password as a bearer token', bearer('p4ssword')],
    ['another user with the password', basic('ma:p4ssword')],
    ["a person's token", bearer('ana-token')],
  ])('%s gets the same 401, and reaches nothing', async (_, headers) => {
    const { app, incidents } = createGateway();
    const response = await app.request(url, post(createNotification([{}]), headers));
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: 'Unauthorized. Show the credentials that resident.yaml names.' });
    expect(incidents.delivered).toEqual([]);
  });

  test.each(['GET', 'PUT', 'DELETE'])(
    'a %s is told that alerts are posted, with or without credentials',
    async (method) => {
      const { app } = createGateway();
      for (const path of [url, '/webhooks/pagerduty']) {
        const response = await app.request(path, { method });
        expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
      }
    },
  );

  test('a sender that is not configured is told so', async () => {
    const response = await createGateway().app.request('/webhooks/pagerduty', post({}));
    expect(response.status).toBe(404);
  });
});

describe('what becomes of a notification', () => {
  test('each alert reaches its service, and the answer names incident, run and count', async () => {
    const { app, incidents } = createGateway();
    const body = createNotification([
      {},
      { labels: { alertname: 'Slow', job: 'payments' } },
      { labels: { alertname: 'Slow', service: 'nobody', app: 'orders' } },
    ]);
    const response = await app.request(url, post(body));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({
      incidents: [
        { service: 'orders', incidentId: 'incident/orders', runId: 'fake-run', alerts: 2 },
        { service: 'payments', incidentId: 'incident/payments', runId: 'fake-run', alerts: 1 },
      ],
      unmapped: [],
    });
    expect(incidents.delivered[0]?.alerts[0]).toMatchObject({
      sender: 'alertmanager',
      fingerprint: '82d4fc82b9a1f2b0',
      status: 'firing',
      name: 'HighErrorRatio',
      service: 'orders',
      severity: 'critical',
      summary: 'Errors above 5 %',
      startsAt: '2026-11-21T09:49:43.636Z',
      expression: 'rate(errors[1m]) > 0.05',
    });
    expect(incidents.delivered[0]?.alerts[0]).not.toHaveProperty('endsAt');
  });

  test('a repeat has the same id; another start or status has another', async () => {
    const { app, incidents } = createGateway();
    for (const alert of [{}, {}, { startsAt: '2026-11-21T10:49:43Z' }, { fingerprint: 'ffff' }]) {
      await app.request(url, post(createNotification([alert])));
    }
    const ids = incidents.delivered.map(({ alerts }) => alerts[0]?.id);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  test('alerts of unknown services are named beside those that were taken', async () => {
    const body = createNotification([
      {},
      { labels: { alertname: 'X', service: 'ghost' } },
      { labels: { alertname: 'Y' } },
    ]);
    const response = await createGateway().app.request(url, post(body));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      incidents: [{ service: 'orders', alerts: 1 }],
      unmapped: [
        { name: 'X', reason: 'service=ghost names no configured service' },
        { name: 'Y', reason: 'it has none of the labels service, resident_service, job, app' },
      ],
    });
  });

  test('when no alert names a known service, 400 lists the services there are', async () => {
    const response = await createGateway().app.request(
      url,
      post(createNotification([{ labels: { service: 'ghost' } }])),
    );
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain('Known services: orders, payments.');
  });

  test('a resolved alert attaches to an open incident, and never opens one', async () => {
    const attached: string[] = [];
    const incidents = createFakeIncidentClient({
      attach: async (service) => {
        attached.push(service);
        return service === 'orders'
          ? { service, incidentId: `incident/${service}`, runId: 'open-run', alerts: 1 }
          : undefined;
      },
    });
    const { app } = createGateway(incidents);
    const resolved = { status: 'resolved', endsAt: '2026-11-21T09:59:43Z' };
    const body = createNotification([resolved, { ...resolved, labels: { service: 'payments' } }]);
    const response = await app.request(url, post(body));
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({
      incidents: [{ service: 'orders', runId: 'open-run' }],
      resolvedWithoutIncident: ['payments'],
    });
    expect(attached).toEqual(['orders', 'payments']);
    expect(incidents.delivered).toEqual([]);
  });

  test('what the sender left out of a group is kept as a number', async () => {
    const { app, incidents } = createGateway();
    await app.request(url, post(createNotification([{}, {}], 3)));
    expect(incidents.delivered[0]?.alerts.map((alert) => alert.truncatedAlerts)).toEqual([3, 3]);
  });

  test('when Temporal does not take the alerts, the sender is asked to send again', async () => {
    const incidents = createFakeIncidentClient({
      openOrAttach: async () => {
        throw new Error('14 UNAVAILABLE');
      },
    });
    const response = await createGateway(incidents).app.request(url, post(createNotification([{}])));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
  });
});

describe('bodies that are not taken', () => {
  const change = (key: string, value: unknown) => ({ ...createNotification([{}]), [key]: value });
  test.each<[string, unknown, number, RegExp]>([
    ['that is not JSON', '{"version": "4"', 400, /not JSON/],
    ['without content', '', 400, /not JSON/],
    ['of another version', change('version', '3'), 400, /version: must be/],
    ['without alerts', change('alerts', []), 400, /alerts/],
    [
      'with labels that are no text',
      change('alerts', [{ status: 'firing', labels: { a: 1 }, startsAt: '2026-11-21T09:49:43Z' }]),
      400,
      /alerts\.0\.labels\.a/,
    ],
    ['with a time that is none', createNotification([{ startsAt: 'yesterday' }]), 400, /alerts\.0\.startsAt/],
    ['that nests without end', '['.repeat(2_000), 400, /nests deeper/],
    [
      'larger than the limit',
      createNotification([{ annotations: { summary: 'x'.repeat(20_000) } }]),
      413,
      /larger than 16384 bytes/,
    ],
  ])('a body %s is refused with the reason', async (_, body, status, reason) => {
    const { app, incidents } = createGateway();
    const response = await app.request(url, post(body));
    expect([response.status, JSON.stringify(await response.json())]).toEqual([status, expect.stringMatching(reason)]);
    expect(incidents.delivered).toEqual([]);
  });

  test('a body that does not tell its length is cut off at the limit', async () => {
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1_024;
        controller.enqueue(new Uint8Array(1_024).fill(32));
      },
    });
    const request = { method: 'POST', headers: bearer('old-token'), body: endless, duplex: 'half' };
    expect((await createGateway().app.request(url, request as RequestInit)).status).toBe(413);
    expect(sent).toBeLessThan(64 * 1_024);
  });

  test('a compressed body is refused before it is unpacked', async () => {
    const response = await createGateway().app.request(
      url,
      post('x', { ...bearer('old-token'), 'content-encoding': 'gzip' }),
    );
    expect(response.status).toBe(415);
  });

  test('a key that would change prototypes is dropped', async () => {
    const { app, incidents } = createGateway();
    const text = JSON.stringify(createNotification([{}])).replace(
      '"alertname"',
      '"__proto__":{"polluted":"yes"},"alertname"',
    );
    expect((await app.request(url, post(text))).status).toBe(202);
    expect(Object.keys(incidents.delivered[0]?.alerts[0]?.labels ?? {})).not.toContain('__proto__');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
