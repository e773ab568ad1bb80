import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createExamineService } from '../../src/activities/reason/examine-service.ts';
import { createReason } from '../../src/activities/reason/reason.ts';
import { readBundle } from '../../src/adapters/bundle/read.ts';
import { createEvidenceStore, type EvidenceStore } from '../../src/adapters/evidence-store.ts';
import { exportBundle } from '../../src/cli/export-bundle.ts';
import { run } from '../../src/cli/run.ts';
import { createIncidentClient } from '../../src/client/incident-client.ts';
import { readLastArgument, type LastArgument } from '../../src/client/last-argument.ts';
import type { CollectInput } from '../../src/activities/contract.ts';
import { analyseBundle } from '../../src/domain/analysis/analysis.ts';
import { createAnalyst } from '../../src/domain/analysis/analyst.ts';
import type { Diagnosis } from '../../src/domain/diagnosis/diagnosis.ts';
import type { Evidence, EvidenceBody, EvidenceKind, Span } from '../../src/domain/evidence/evidence.ts';
import { brokenFleet, culprit } from '../adapters/bundle/broken-fleet.ts';
import type { ServiceView } from '../../src/domain/settings.ts';
import { createFakeActivities, type FakeOptions } from '../fakes/activities.ts';
import { describeWithServer, type Running } from './incident-harness.ts';

let folder = '';
let store: EvidenceStore;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'export-test-'));
  store = createEvidenceStore({ folder: path.join(folder, 'evidence') });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Activities over a real store, and the real analyst: the harness's service is `web` of the fleet, its dependency `payment`. */
function collectFleet(): NonNullable<FakeOptions['overrides']> {
  const analyst = createAnalyst();
  const collect = (kind: EvidenceKind) => async (input: CollectInput) => collectOne(kind, input);
  return {
    collectLogs: collect('logs'),
    collectMetrics: collect('metrics'),
    collectChanges: collect('changes'),
    collectDeploys: collect('deploys'),
    recallLessons: async (input) => nothing('lessons', input),
    collectSource: async (input) => nothing('source', input),
    examineService: createExamineService({ store }),
    reason: createReason({ store, engines: { primary: analyst, fallback: analyst } }),
  };
}

const isFurther = (kind: EvidenceKind): boolean => ['traces', 'flags', 'events'].includes(kind);

/** The fleet's services collect traces, flags and events as well: requests fail, a flag was set, a container was killed. */
function collectFurther(): NonNullable<FakeOptions['overrides']> {
  const { window, incidentFrom } = brokenFleet();
  const fromMs = Date.parse(window.from);
  const partMs = (Date.parse(window.to) - fromMs) / 40;
  const give =
    (kind: EvidenceKind, make: (service: string) => EvidenceBody) =>
    async ({ evidenceId, service }: CollectInput): Promise<Evidence> => ({
      ...nothing(kind, { evidenceId, service, window, alerts: [] }),
      outcome: 'found',
      ...(await store.putBody(make(service))),
    });
  const spansOf = (service: string) =>
    Array.from({ length: 40 }, (_, n): Span => {
      const at = new Date(fromMs + n * partMs).toISOString().replace('Z', '042Z');
      const isFailing = at >= incidentFrom;
      return {
        traceId: `${service}-${n}`,
        id: `${n}`,
        service,
        name: 'GET /',
        kind: 'server',
        at,
        durationMs: 12.345,
        status: isFailing ? 'error' : 'ok',
        fields: { 'http.response.status_code': isFailing ? 500 : 200 },
      };
    });
  return {
    openCase: async (input) => {
      const { settings } = await createFakeActivities(input.service).activities.openCase(input);
      const services = Object.entries(settings.services).map(([name, view]): [string, ServiceView] => [
        name,
        { ...view, collects: ['traces', 'flags', 'events'] },
      ]);
      return { settings: { ...settings, services: Object.fromEntries(services) } };
    },
    collectTraces: give('traces', (service) => ({ kind: 'traces', service, incidentFrom, spans: spansOf(service) })),
    collectFlags: give('flags', (service) => ({
      kind: 'flags',
      service,
      flags: [{ id: 'f1', service, flag: 'dark-mode', at: window.from, from: 'off', to: 'on', by: 'ben' }],
    })),
    collectEvents: give('events', (service) => ({
      kind: 'events',
      service,
      incidentFrom,
      events: [
        {
          at: incidentFrom,
          severity: 'warn',
          object: `Pod/${service}`,
          reason: 'Odd',
          message: 'an odd thing',
          count: 2,
        },
      ],
    })),
  };
}

function nothing(
  kind: EvidenceKind,
  { evidenceId: id, service, window }: Omit<CollectInput, 'incidentFrom'>,
): Evidence {
  return { id, service, kind, source: 'test', query: '', window, outcome: 'empty', summary: 'nothing' };
}

async function collectOne(kind: EvidenceKind, { service, evidenceId }: CollectInput): Promise<Evidence> {
  const original = service.endsWith('-db') ? 'payment' : 'web';
  const rename = (text: string) =>
    text.replaceAll('payment', `${service.replace(/-db$/, '')}-db`).replaceAll('"web"', `"${service}"`);
  const found = brokenFleet().input.evidence.find(
    ({ evidence }) => evidence.service === original && evidence.kind === kind,
  );
  if (!found) throw new Error(`The fleet has no ${kind} of ${original}.`);
  const { evidence, body } = JSON.parse(rename(JSON.stringify(found))) as { evidence: Evidence; body?: EvidenceBody };
  const { digest: _digest, ...told } = evidence;
  return { ...told, id: evidenceId, service, ...(body ? await store.putBody(body) : {}) };
}

describeWithServer('an incident that is exported', (harness) => {
  async function argued(running: Running): Promise<LastArgument> {
    await running.until((state) => state.diagnosis !== undefined && state.phase !== 'investigate');
    const incidents = createIncidentClient(harness().client, { debounceMs: 0 });
    const [own] = await incidents.fetchHistories(`incident/${running.service}`);
    const argument = own && readLastArgument(own);
    if (!argument) throw new Error('The history tells of no argument.');
    return argument;
  }

  test('is analysed offline with the diagnosis that its engine gave, to the last word', async () => {
    const running = await harness().open({ overrides: collectFleet() });
    const argument = await argued(running);
    const target = path.join(folder, 'same');
    const { lost } = await exportBundle(target, argument, store);
    const { diagnosis } = analyseBundle(await readBundle(target));
    expect(lost).toEqual([]);
    expect(diagnosis).toEqual(argument.answered);
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: `${running.service}-db`, change: culprit.id });
    expect(diagnosis.missing.join()).toContain('Prometheus did not answer');
    await running.handle.terminate('end of the test');
  });

  test('keeps its traces, flags and events: the analysis offline finds in them what its engine found', async () => {
    const running = await harness().open({ overrides: { ...collectFleet(), ...collectFurther() } });
    const argument = await argued(running);
    const target = path.join(folder, 'further');
    const { files, lost } = await exportBundle(target, argument, store);
    expect(lost).toEqual([]);
    expect(files).toEqual(
      expect.arrayContaining(['traces', 'flags', 'events'].map((kind) => `${kind}/${running.service}.ndjson`)),
    );
    const bundle = await readBundle(target);
    const read = bundle.input.evidence.flatMap(({ body }) => (body && isFurther(body.kind) ? [body] : []));
    const asked = argument.asked.evidence.filter(({ kind }) => isFurther(kind));
    expect(read).toEqual(await Promise.all(asked.map(({ digest }) => store.getBody(digest ?? ''))));
    expect(bundle.input.findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['trace', 'flag', 'event']));
    expect(analyseBundle(bundle).diagnosis).toEqual(argument.answered);
    await running.handle.terminate('end of the test');
  });

  test('goes into the folder of `resident export`, with the bodies of the state folder, and `resident analyze` reads it', async () => {
    const running = await harness().open({ overrides: collectFleet() });
    const { answered } = await argued(running);
    const config = path.join(folder, 'resident.yaml');
    const { address } = (harness().client.connection as Connection).options;
    await writeFile(
      config,
      `version: 1\nstateFolder: ${folder}\ntemporal: { address: "${address}" }\nservices: { ${running.service}: { owner: team } }\n`,
    );
    let out = '';
    const stdout = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => Boolean((out += String(text))) || true);
    const target = path.join(folder, 'exported');
    try {
      expect(await run(['export', running.service, '--config', config, '--output', target, '--json'])).toBe(0);
      expect(JSON.parse(out)).toMatchObject({
        lost: [],
        files: expect.arrayContaining(['state.json', 'bundle.json']) as unknown,
      });
      out = '';
      expect(await run(['analyze', target, '--json'])).toBe(0);
    } finally {
      stdout.mockRestore();
    }
    const { diagnosis } = JSON.parse(out) as { diagnosis: Diagnosis };
    expect(diagnosis).toMatchObject({
      change: culprit.id,
      statement: answered?.statement,
      evidence: answered?.evidence,
    });
    await running.handle.terminate('end of the test');
  });

  test('says which bodies its store has lost, and still has a bundle', async () => {
    const running = await harness().open({ overrides: collectFleet() });
    const argument = await argued(running);
    const logs = argument.asked.evidence.find(({ kind, service }) => kind === 'logs' && service === running.service);
    const target = path.join(folder, 'lost');
    const { lost } = await exportBundle(target, argument, {
      getBody: async (digest) => {
        if (digest === logs?.digest) throw new Error('the folder was cleaned');
        return store.getBody(digest);
      },
    });
    expect(lost).toEqual([logs?.id]);
    const { input } = await readBundle(target);
    expect(input.evidence.find(({ evidence }) => evidence.id === logs?.id)?.evidence).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('the folder was cleaned') as unknown,
    });
    await running.handle.terminate('end of the test');
  });

  test('leaves no secret in its bundle that people or senders wrote', async () => {
    const running = await harness().open({ overrides: collectFleet() });
    const argument = await argued(running);
    const secret = 'password=hunter2hunter2';
    const alerts = argument.asked.alerts.map((alert) => ({ ...alert, annotations: { note: secret } }));
    const target = path.join(folder, 'secret');
    await exportBundle(target, { asked: { ...argument.asked, alerts, guidance: [`try ${secret}`] } }, store);
    const written = await Promise.all(
      ['bundle.json', 'alerts.ndjson'].map((file) => readFile(path.join(target, file), 'utf8')),
    );
    expect(written.join()).toContain('SECRET');
    expect(written.join()).not.toContain('hunter2');
    await running.handle.terminate('end of the test');
  });
});
