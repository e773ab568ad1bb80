import { describe, expect, it } from 'vitest';
import type { EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { chooseRequest, listAnswers } from '../../../src/domain/reproduction/choose-request.ts';
import { readRequest } from '../../../src/domain/reproduction/read-request.ts';

const incidentFrom = '2026-11-21T10:00:00.000Z';
const at = (second: number) => new Date(Date.parse(incidentFrom) + second * 1_000).toISOString();
const line = (message: string, rest: Partial<LogLine> = {}): LogLine => ({
  at: at(5),
  level: 'info',
  message,
  fields: {},
  ...rest,
});

function logsOf(service: string, lines: readonly LogLine[]): EvidenceWithBody {
  const window = { from: at(-600), to: at(600) };
  const evidence = { id: `${service}/logs/1`, service, kind: 'logs', source: 'x', query: 'x', window } as const;
  return {
    evidence: { ...evidence, outcome: 'found', summary: '' },
    body: { kind: 'logs', service, incidentFrom, lines },
  };
}

const request = (method: string, path: string, status: number, second: number, durationMs?: number): LogLine =>
  line(`${method} ${path} ${status}`, {
    at: at(second),
    fields: { method, path, status, ...(durationMs === undefined ? {} : { durationMs }) },
  });

const choose = (lines: readonly LogLine[], methods: Record<string, string[]> = {}) =>
  chooseRequest({ evidence: [logsOf('app', lines)], services: ['app'], methods });

describe('readRequest', () => {
  it.each([
    [
      'an access log line',
      line('GET /a?b=1 500', { fields: { method: 'GET', path: '/a?b=1', status: 500 } }),
      '/a?b=1',
    ],
    [
      'JSON by OpenTelemetry',
      line('x', {
        fields: {
          'http.request.method': 'get',
          'url.path': '/a',
          'url.query': 'b=1',
          'http.response.status_code': 500,
        },
      }),
      '/a?b=1',
    ],
    [
      'JSON by pino',
      line('request completed', {
        fields: { 'req.method': 'GET', 'req.url': '/a?b=1', 'res.statusCode': 500, responseTime: 3 },
      }),
      '/a?b=1',
    ],
    [
      'JSON by nginx',
      line('x', { fields: { request: 'GET /a?b=1 HTTP/1.1', status: '500', request_time: 0.003 } }),
      '/a?b=1',
    ],
    ['text', line('GET /a?b=1 500 in 3.0 ms request=77'), '/a?b=1'],
    ['the line of http.server', line('"GET /a?b=1 HTTP/1.1" 500 -'), '/a?b=1'],
    [
      'a whole address',
      line('x', { fields: { method: 'GET', url: 'http://shop.example/a?b=1', status: 500 } }),
      '/a?b=1',
    ],
  ])('reads %s', (_name, given, path) => {
    expect(readRequest(given)).toMatchObject({ method: 'GET', path, status: 500 });
  });

  it('reads durations in milliseconds whatever unit they are written in', () => {
    expect(readRequest(line('GET /a 200 in 3.5 ms'))?.durationMs).toBe(3.5);
    expect(readRequest(line('GET /a 200 1.5s'))?.durationMs).toBe(1_500);
    expect(readRequest(line('x', { fields: { request: 'GET /a', request_time: 0.25 } }))?.durationMs).toBe(250);
  });

  it('leaves out parameters that hold or held a credential, and keeps those that only sound like one', () => {
    const path = '/a?api_key=1&author=ana&accessToken=2&page=[[SECRET:known]]&keyword=x&code=9&session=1';
    expect(readRequest(line(`GET ${path} 500`))?.path).toBe('/a?author=ana&keyword=x');
  });

  it.each([
    ['a route pattern', 'GET /orders/:id 500'],
    ['a secret in the path', 'GET /reset/[[SECRET:known]] 500'],
    ['no request', 'listening on /var/run/app.sock'],
    ['an unknown method', 'BREW /coffee 418'],
    ['control characters', 'GET /a\u0007b 500'],
  ])('reads no request from %s', (_name, message) => {
    expect(readRequest(line(message))?.path ?? '').not.toMatch(/:id|SECRET|b$|sock|coffee/);
  });
});

describe('chooseRequest', () => {
  it('takes the newest request of the route that fails most and did not fail before', () => {
    const chosen = choose([
      ...[1, 2, 3].map((n) => request('GET', `/orders/${n}`, 200, -n)),
      ...[1, 2, 3, 4].map((n) => request('GET', '/broken', 500, -n)),
      ...[1, 2, 3, 4, 5, 6].map((n) => request('GET', '/broken', 500, n)),
      ...[4, 5].map((n) => request('GET', `/orders/${n}`, 500, n, 12)),
      request('GET', '/rare', 503, 9),
    ]);
    expect(chosen).toEqual({
      method: 'GET',
      path: '/orders/5',
      status: 500,
      durationMs: 12,
      at: at(5),
      service: 'app',
      fault: 'server-error',
      evidenceId: 'app/logs/1',
      failures: 2,
    });
  });

  it('takes a client error only where the route was good before', () => {
    const refused = request('GET', '/me', 401, 3);
    expect(choose([refused])).toHaveProperty('none');
    expect(choose([request('GET', '/me', 200, -3), refused])).toMatchObject({ path: '/me', fault: 'client-error' });
  });

  it('takes a request that became slow when nothing fails', () => {
    const lines = [
      request('GET', '/s', 200, -2, 40),
      request('GET', '/s', 200, -1, 60),
      request('GET', '/s', 200, 2, 900),
    ];
    expect(choose(lines)).toMatchObject({ path: '/s', fault: 'slow', durationMs: 900 });
    expect(choose(lines.slice(0, 2))).toHaveProperty('none');
  });

  it('takes an error line without a status as a failure', () => {
    const chosen = choose([line('Internal Server Error: GET /pay', { level: 'error' })]);
    expect(chosen).toMatchObject({ path: '/pay', fault: 'server-error' });
    expect(chosen).not.toHaveProperty('status');
  });

  it('sends nothing that changes data unless the configuration allows the method, and says so', () => {
    const lines = [request('POST', '/orders', 500, 3)];
    expect(choose(lines)).toMatchObject({
      none: expect.stringContaining('POST, which `sandbox.replay.methods`') as string,
    });
    expect(choose(lines, { app: ['GET', 'POST'] })).toMatchObject({ method: 'POST', path: '/orders' });
  });

  it('looks at the services in the order given', () => {
    const evidence = [logsOf('back', [request('GET', '/b', 500, 1)]), logsOf('app', [request('GET', '/a', 502, 1)])];
    expect(chooseRequest({ evidence, services: ['app', 'back'], methods: {} })).toMatchObject({ path: '/a' });
    expect(chooseRequest({ evidence, services: ['back'], methods: {} })).toMatchObject({ path: '/b' });
  });
});

describe('listAnswers', () => {
  it('lists what a neighbour answered, the newest of each path', () => {
    const lines = [
      request('GET', '/rates', 200, -5),
      request('GET', '/rates', 503, 5),
      request('GET', '/day', 200, -5),
    ];
    expect(listAnswers([logsOf('rates', lines)], 'rates')).toEqual([
      { method: 'GET', path: '/rates', status: 503 },
      { method: 'GET', path: '/day', status: 200 },
    ]);
  });
});
