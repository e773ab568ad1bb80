import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCollectTraces } from '../../src/activities/observe/collect-traces.ts';
import { createEvidenceStore } from '../../src/adapters/evidence-store.ts';
import { createJaeger, type Jaeger } from '../../src/adapters/jaeger/jaeger.ts';
import { childEnvironment } from '../../src/config.ts';
import { examine } from '../../src/domain/analysis/examine-service.ts';
import type { TracesBody } from '../../src/domain/evidence/evidence.ts';
import { createRedact } from '../../src/domain/redaction.ts';
import { freePort } from '../../src/setup/free-port.ts';
import { answersHttp } from '../../src/setup/probe.ts';
import { startServer, type StartedServer } from '../../src/setup/process.ts';
import { findJaeger } from '../find-program.ts';
import { until } from '../until.ts';

const program = await findJaeger();
if (!program) console.warn('SKIPPED: no `jaeger` on the PATH or in the cache, and RESIDENT_TEST_JAEGER is not set');

const minute = 60_000;
const now = Date.now();
const iso = (minutesAgo: number) => new Date(now - minutesAgo * minute).toISOString();
const window = { from: iso(90), to: iso(0) };
const incidentFrom = iso(30);

let folder = '';
let server: StartedServer;
let jaeger: Jaeger;
let intake = '';

/** Jaeger with its storage in memory, and nothing listening but these three ports. */
async function startJaeger(command: string): Promise<void> {
  const [query, grpc, otlp] = [await freePort(), await freePort(), await freePort()];
  const configFile = path.join(folder, 'jaeger.yaml');
  const service = {
    extensions: ['jaeger_storage', 'jaeger_query'],
    pipelines: { traces: { receivers: ['otlp'], exporters: ['jaeger_storage_exporter'] } },
    telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
  };
  const at = (port: number) => ({ endpoint: `127.0.0.1:${port}` });
  await writeFile(
    configFile,
    JSON.stringify({
      service,
      extensions: {
        jaeger_storage: { backends: { memory: { memory: { max_traces: 10_000 } } } },
        jaeger_query: { storage: { traces: 'memory' }, http: at(query), grpc: at(grpc) },
      },
      receivers: { otlp: { protocols: { http: at(otlp) } } },
      exporters: { jaeger_storage_exporter: { trace_storage: 'memory' } },
    }),
  );
  intake = `http://127.0.0.1:${otlp}/v1/traces`;
  server = await startServer({
    title: 'Jaeger',
    command,
    args: ['--config', configFile],
    env: childEnvironment(),
    logFile: path.join(folder, 'jaeger.log'),
    pidFile: path.join(folder, 'jaeger.pid.json'),
    mark: configFile,
    isReady: async () =>
      (await answersHttp(`http://127.0.0.1:${query}/api/services`)) && (await isListening(`${intake}`)),
  });
  jaeger = createJaeger({ url: `http://127.0.0.1:${query}` });
}

/** Any answer will do: the intake takes no GET. */
async function isListening(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

interface SpanToSend {
  readonly service: string;
  readonly id: number;
  readonly parent?: number;
  readonly kind: 2 | 3;
  readonly fromMs: number;
  readonly durationMs: number;
  readonly isFailing: boolean;
}

const hex = (value: number, length: number) => value.toString(16).padStart(length, '0');

/** OTLP over HTTP in its JSON form (https://opentelemetry.io/docs/specs/otlp/#otlphttp). */
async function send(traceId: number, spans: readonly SpanToSend[]): Promise<void> {
  const nanos = (ms: number) => `${Math.round(ms * 1000)}000`;
  const resourceSpans = spans.map((span) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: span.service } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: hex(traceId, 32),
            spanId: hex(traceId * 100 + span.id, 16),
            ...(span.parent === undefined ? {} : { parentSpanId: hex(traceId * 100 + span.parent, 16) }),
            name: span.kind === 3 ? 'call' : 'GET /stock',
            kind: span.kind,
            startTimeUnixNano: nanos(span.fromMs),
            endTimeUnixNano: nanos(span.fromMs + span.durationMs),
            attributes: [
              { key: 'http.response.status_code', value: { intValue: span.isFailing ? '503' : '200' } },
              { key: 'note', value: { stringValue: 'password=hunter2hunter2' } },
            ],
            status: span.isFailing ? { code: 2, message: 'no stock' } : {},
          },
        ],
      },
    ],
  }));
  const response = await fetch(intake, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans }),
  });
  if (!response.ok) throw new Error(`Jaeger took no spans: ${response.status} ${await response.text()}`);
}

/** A request that the shop's cart takes and that asks its stock, which fails in the last half hour. */
async function sendRequest(n: number, minutesAgo: number): Promise<void> {
  const fromMs = now - minutesAgo * minute + 0.123;
  const isFailing = minutesAgo < 30;
  await send(n, [
    { service: 'shop.cart', id: 1, kind: 2, fromMs, durationMs: 20, isFailing },
    { service: 'shop.cart', id: 2, parent: 1, kind: 3, fromMs: fromMs + 2, durationMs: 16.5, isFailing },
    { service: 'stock', id: 3, parent: 2, kind: 2, fromMs: fromMs + 3, durationMs: 14, isFailing },
  ]);
}

beforeAll(async () => {
  if (!program) return;
  folder = await mkdtemp(path.join(tmpdir(), 'resident-jaeger-'));
  await startJaeger(program);
  for (let n = 1; n <= 80; n++) await sendRequest(n, n % 2 === 0 ? 31 + (n * 50) / 80 : 1 + (n * 25) / 80);
  const isThere = async () =>
    (await jaeger.findTraces('stock', { from: window.from, to: iso(-1) }, 1_000)).length === 80;
  await until('80 traces are there', isThere, 30_000);
}, 60_000);

afterAll(async () => {
  if (!program) return;
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!program)('a real Jaeger', () => {
  it('answers whole traces with their parents, kinds, times and statuses', async () => {
    const [found] = await jaeger.findTraces('shop.cart', { from: iso(30), to: iso(0) }, 1);
    const spans = [...(found?.spans ?? [])].sort((a, b) => (a.at < b.at ? -1 : 1));
    expect(spans.map(({ service, kind, status }) => `${service} ${kind} ${status}`)).toEqual([
      'shop.cart server error',
      'shop.cart client error',
      'stock server error',
    ]);
    const [root, call, callee] = spans;
    expect(root?.parentId).toBeUndefined();
    expect([call?.parentId, callee?.parentId]).toEqual([root?.id, call?.id]);
    expect(call?.durationMs).toBe(16.5);
    expect(root?.at).toMatch(/T[\d:]{8}\.\d{6}Z$/);
    expect(root?.fields['http.response.status_code']).toBe(503);
  });

  it('answers no more than it is asked for, and nothing for a time without requests', async () => {
    expect(await jaeger.findTraces('stock', window, 5)).toHaveLength(5);
    expect(await jaeger.findTraces('stock', { from: iso(600), to: iso(500) }, 5)).toEqual([]);
    expect(await jaeger.findTraces('nobody', window, 5)).toEqual([]);
    expect([...(await jaeger.listServices())].sort()).toEqual(['shop.cart', 'stock']);
  });

  it('is collected from on both sides of the incident, under the names of resident.yaml, without secrets, and examined', async () => {
    const store = createEvidenceStore({ folder: path.join(folder, 'evidence') });
    const services = { cart: { name: 'cart', tracedAs: 'shop.cart' }, stock: { name: 'stock' } };
    const collect = createCollectTraces({ store, redact: createRedact(), services, jaeger });
    const asked = { service: 'cart', window, incidentFrom, alerts: [] };
    const evidence = await collect({ ...asked, evidenceId: 'cart/traces/1' });
    expect(evidence).toMatchObject({ id: 'cart/traces/1', outcome: 'found', query: 'service shop.cart' });
    expect(evidence.summary).toBe(
      '40 traces, 40 with a failing span; in the baseline before 40 traces, 0 with a failing span; 240 spans of 2 services',
    );
    const body = (await store.getBody(evidence.digest ?? '')) as TracesBody;
    expect(new Set(body.spans.map((span) => span.service))).toEqual(new Set(['cart', 'stock']));
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const { findings, suspects } = examine({
      service: 'cart',
      dependencies: ['stock'],
      evidence: [{ evidence, body }],
    });
    expect(findings.map(({ claim }) => claim.text).join()).toMatch(
      /40 of 40 failing requests fail first in .* of stock/,
    );
    expect(suspects).toContain('stock');
  });

  it('that does not know a service by that name tells which names it knows', async () => {
    const store = createEvidenceStore({ folder: path.join(folder, 'evidence') });
    const collect = createCollectTraces({ store, redact: createRedact(), services: {}, jaeger });
    expect(
      await collect({ service: 'cart', window, incidentFrom, alerts: [], evidenceId: 'cart/traces/1' }),
    ).toMatchObject({ outcome: 'empty', reason: expect.stringMatching(/knows no cart\. .*shop\.cart/) as unknown });
  });
});
