import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { renderPath } from '../../src/config/faults.ts';
import { lookForEngine } from '../../src/setup/look-for-engine.ts';
import { checkWorld } from '../../src/setup/world/check-world.ts';
import { createRepository } from '../fakes/repository.ts';

let folder = '';
const servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'resident-world-'));
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const at = (name: string) => path.join(folder, name);

async function check(
  text: string,
  more: { prometheus?: { url: string }; jaeger?: { url: string }; env?: Record<string, string> } = {},
) {
  const env = { PATH: process.env['PATH'] ?? '', HOME: folder, DOCKER_HOST: 'unix:///absent/docker.sock', ...more.env };
  const world = { raw: parse(text) as unknown, folder, cacheFolder: at('cache'), ...more, env };
  const { faults, notes } = await checkWorld(world);
  const tell = (found: (typeof faults)[number]) => `${renderPath(found.path)} ${found.message}`;
  return { faults: faults.map(tell), notes: notes.map(tell) };
}

test('a fleet whose names all lead somewhere has neither faults nor notes', async () => {
  createRepository(at('repos/shop')).commit('2026-11-21T10:00:00Z', 'first', { 'run-tests': '' });
  mkdirSync(at('logs'));
  writeFileSync(at('logs/shop.log.1'), '{}\n');
  writeFileSync(
    at('deploys.jsonl'),
    '{"service":"shop","revision":"abcdef1","at":"2026-11-21T10:00:00Z"}\n{"service":"other","revision":"abcdef1","at":"2026-11-21T10:00:00Z"}\n',
  );
  writeFileSync(at('deploy.sh'), '#!/bin/sh\n');
  chmodSync(at('deploy.sh'), 0o755);
  expect(
    await check(`services:
  shop:
    source: ./repos/shop
    logs: [{ files: ./logs/shop.log }]
    deploys: { file: ./deploys.jsonl }
    sandbox: { image: node, test: [./run-tests], setup: [[npm, ci]] }
    actions:
      deploy.rollback: { command: [./deploy.sh, '{revision}'], current: [git, log] }
      config.rollback: { repository: ./repos/shop }
`),
  ).toEqual({ faults: [], notes: [] });
});

test('files: a pattern without files and a record to come are notes, a record that cannot be read is a fault', async () => {
  mkdirSync(at('folder'));
  writeFileSync(at('bad.jsonl'), 'deployed!\n');
  writeFileSync(at('others.jsonl'), '{"service":"other","flag":"f","at":"2026-11-21T10:00:00Z"}\n');
  const { faults, notes } = await check(`services:
  a: { logs: [{ files: ./logs/*.log }], deploys: { file: ./later.jsonl } }
  b: { deploys: { file: ./folder } }
  c: { deploys: { file: ./bad.jsonl } }
  d: { flags: { file: ./others.jsonl } }
`);
  expect(faults).toEqual([expect.stringMatching(/^services\.b\.deploys\.file cannot be read: EISDIR/)]);
  expect(notes).toEqual([
    `services.a.logs[0].files matches no file now (${at('logs/*.log')}); is the path right, from the folder of this file?`,
    `services.a.deploys.file names ${at('later.jsonl')}, which does not exist yet`,
    'services.c.deploys.file has 1 line without a deploy record that can be read; line 1 is not JSON (half written?)',
    'services.d.flags.file records no flag of d; "service" of each line must be that name',
  ]);
});

test('engine: Claude without its key is a note, since the analyst works alone then', async () => {
  const text = 'engine: { kind: claude }\nservices: {}\n';
  expect(await check(text)).toEqual({
    faults: [],
    notes: [expect.stringMatching(/^engine\.kind is claude, and ANTHROPIC_API_KEY is not set here: /)],
  });
  expect((await check(text, { env: { ANTHROPIC_API_KEY: 'a key' } })).notes).toEqual([]);
  expect((await check('engine: { kind: analyst }\nservices: {}\n')).notes).toEqual([]);
});

test('sources: a folder that is not there, is no repository, or has no commits is a fault', async () => {
  mkdirSync(at('plain'));
  createRepository(at('empty'));
  createRepository(at('around')).commit('2026-11-21T10:00:00Z', 'first', { README: '' });
  mkdirSync(at('around/uncommitted'));
  const { faults } = await check(`services:
  a: { source: ./absent }
  b: { source: ./plain }
  c: { source: ./empty }
  d: { source: ./around/uncommitted }
  e: { actions: { config.rollback: { repository: ./plain } } }
`);
  expect(faults.sort()).toEqual([
    `services.a.source names ${at('absent')}, which does not exist; clone it there, or correct the path`,
    `services.b.source ${at('plain')} is not a Git repository; name one, or run \`git init\` and commit there`,
    `services.c.source ${at('empty')} has no commits; commit what runs there, or name the repository that has them`,
    `services.d.source ${at('around/uncommitted')} has no commits; commit what runs there, or name the repository that has them`,
    `services.e.actions.config.rollback.repository ${at('plain')} is not a Git repository; name one, or run \`git init\` and commit there`,
  ]);
});

test('commands: a program that cannot be run here is a fault, a file of a repository or an argument is a note', async () => {
  writeFileSync(at('restart.sh'), '');
  const repository = createRepository(at('repo'));
  repository.commit('2026-11-21T10:00:00Z', 'first', { README: '' });
  const { faults, notes } = await check(`services:
  a:
    source: ./repo
    sandbox: { image: node, reproduce: [./absent-test, x], test: [npm, test] }
    actions:
      deploy.rollback: { command: [./deploy.sh, '{revision}'], current: [restart.sh] }
      service.restart: { command: [./restart.sh] }
      config.rollback: { repository: ./repo, reload: [git, ./reload.conf] }
`);
  expect(faults).toEqual([
    `services.a.actions.deploy.rollback.command[0] names ${at('deploy.sh')}, which does not exist; correct the path, or write it`,
    'services.a.actions.deploy.rollback.current[0] names restart.sh, which is not on the PATH; write ./restart.sh for the one beside this file',
    `services.a.actions.service.restart.command[0] names ${at('restart.sh')}, which cannot be run; chmod +x it`,
  ]);
  expect(notes).toEqual([
    `services.a.actions.config.rollback.reload[1] names ${at('reload.conf')}, which does not exist; commands run in the folder of this file`,
    'services.a.sandbox.reproduce[0] names ./absent-test, which is not in ./repo now; it must be there at the revisions that are tried',
  ]);
});

test('Prometheus: one that does not answer, or is something else, is a note', async () => {
  const answers = await listen(JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [0, '1'] } }));
  expect((await check('services: {}', { prometheus: { url: answers } })).notes).toEqual([]);
  const other = await listen('<html>');
  expect((await check('services: {}', { prometheus: { url: other } })).notes).toEqual([
    expect.stringMatching(/^prometheus\.url does not answer as Prometheus now: .*not of the Prometheus API/),
  ]);
  expect((await check('services: {}', { prometheus: { url: await findClosed() } })).notes).toEqual([
    expect.stringMatching(/^prometheus\.url does not answer as Prometheus now: .*ECONNREFUSED/),
  ]);
});

test('flags and events: a record to come and lines that are none are notes, a record that cannot be read is a fault', async () => {
  mkdirSync(at('folder'));
  writeFileSync(at('flags.jsonl'), '{"flag":"dark","at":"2026-11-21T10:00:00Z","ticket":7}\n{"flag":"dark"}\n');
  writeFileSync(at('events.jsonl'), '{"service":"b","object":"Pod/b","message":"m","at":"2026-11-21T10:00:00Z"}\n');
  const { faults, notes } = await check(`services:
  a: { flags: { file: ./flags.jsonl }, events: { file: ./events.jsonl } }
  b: { flags: { file: ./folder }, events: { file: ./later.jsonl } }
`);
  expect(faults).toEqual([expect.stringMatching(/^services\.b\.flags\.file cannot be read: EISDIR/)]);
  expect(notes).toEqual([
    expect.stringMatching(
      /^services\.a\.flags\.file has 1 line without a flag record that can be read; line 2 at: is missing/,
    ),
    'services.a.events.file records no event of a; "service" of each line must be that name',
    `services.b.events.file names ${at('later.jsonl')}, which does not exist yet`,
  ]);
});

test('traces: a server that does not answer, is something else, or does not know a service, is a note', async () => {
  const services = 'services: { a: {}, b: { traces: { service: shop.b } }, c: { traces: { service: shop.c } } }';
  const jaeger = { url: await listen(JSON.stringify({ data: ['a', 'shop.b'], errors: null })) };
  expect((await check(services, { jaeger })).notes).toEqual([
    'services.c.traces.service has no traces as shop.c; the trace server knows a, shop.b: write traces: { service: NAME } where the name is another',
  ]);
  expect((await check(services, { jaeger: { url: await listen('<html>') } })).notes).toEqual([
    expect.stringMatching(/^traces\.jaeger\.url does not answer as Jaeger's query API now: .*select\/jaeger/),
  ]);
  expect((await check(services, { jaeger: { url: await findClosed() } })).notes).toEqual([
    expect.stringMatching(/^traces\.jaeger\.url does not answer as Jaeger's query API now: .*ECONNREFUSED/),
  ]);
});

test('sandboxes: a program of another language, a slip of the pen and a lockfile that is not there are notes', async () => {
  createRepository(at('repo')).commit('2026-11-21T10:00:00Z', 'first', { 'requirements-test.txt': '' });
  const { faults, notes } = await check(`services:
  a: { source: ./repo, sandbox: { image: node, test: [python3, -m, x], setup: [[cp, a, b], [npm, ci]] } }
  b: { source: ./repo, language: python, sandbox: { test: [pytst], reproduce: [python3.11, x], dependencies: requirements-tst.txt } }
  c: { source: ./repo, language: python, sandbox: { test: [pytest], dependencies: requirements-test.txt } }
  d: { source: ./repo, sandbox: { image: 'node@sha256:${'a'.repeat(64)}', test: [pytest], dependencies: none } }
`);
  expect(faults).toEqual([]);
  expect(notes).toEqual([
    'services.a.sandbox.test[0] names python3, which is not in the image for node; it is in the one for python',
    'services.b.sandbox.test[0] names pytst, which is not known to be in the image for python; did you mean pytest?',
    'services.b.sandbox.dependencies names requirements-tst.txt, which is not in ./repo now, so nothing would be prepared',
  ]);
});

test('images: one that the engine does not hold, and a sandbox without any, are notes', async () => {
  const socket = at('docker.sock');
  const engine = createServer((request, response) => {
    response.statusCode = /^\/(?:version|images\/held%?.*\/json)/.test(request.url ?? '') ? 200 : 404;
    response.end('{"Version":"28.0"}');
  });
  servers.push(engine);
  await new Promise<void>((resolve) => engine.listen(socket, resolve));
  const { faults, notes } = await check(
    `services:
  a: { sandbox: { image: 'held:1', test: [t] } }
  b: { sandbox: { image: 'registry.example/absent:1', test: [t] } }
  c: { sandbox: { test: [t] } }
  d: { language: python, sandbox: { test: [t] } }
`,
    { env: { DOCKER_HOST: `unix://${socket}` } },
  );
  expect(faults).toEqual([]);
  expect(notes).toEqual([
    expect.stringMatching(
      /^services\.b\.sandbox\.image names registry\.example\/absent:1: .* `resident images build --pull`/,
    ),
    expect.stringMatching(/^services\.c\.sandbox has neither an image nor a language/),
  ]);
});

test('images: a slip of the pen and a version that this machine lacks are notes without any engine', async () => {
  const { faults, notes } = await check(`services:
  a: { sandbox: { image: pythn, test: [t] } }
  b: { sandbox: { image: 'node:99', test: [t] } }
  c: { sandbox: { image: 'registry.example/absent:1', test: [t] } }
  d: { sandbox: { image: deployed, test: [t] } }
`);
  expect(faults).toEqual([]);
  expect(notes).toEqual([
    'services.a.sandbox.image names pythn: it is no language of ours; did you mean `python`?',
    expect.stringMatching(/^services\.b\.sandbox\.image names node:99: .*node 99 is asked for, and it has \d+\.\d+/),
  ]);
});

test('images: Resident asks an engine of its own when no other runs, also for the runtime', async (context) => {
  if (await lookForEngine({ env: {}, cacheFolder: at('cache') })) return context.skip('another engine runs here');
  mkdirSync(at('cache/docker-run'), { recursive: true });
  const engine = createServer((request, response) => {
    response.statusCode = /^\/(?:version|info|images\/held)/.test(request.url ?? '') ? 200 : 404;
    response.end('{"Version":"28.0","Runtimes":{"runc":{}}}');
  });
  servers.push(engine);
  await new Promise<void>((resolve) => engine.listen(at('cache/docker-run/docker.sock'), resolve));
  const { notes } = await check(
    `sandbox: { runtime: runsc }
services:
  a: { sandbox: { image: 'held:1', test: [t] } }
  b: { sandbox: { image: 'registry.example/absent:1', test: [t] } }
`,
    { env: { DOCKER_HOST: '' } },
  );
  expect(notes).toEqual([
    expect.stringMatching(
      /^services\.b\.sandbox\.image names registry\.example\/absent:1: the Docker engine does not hold/,
    ),
    expect.stringMatching(/^sandbox\.runtime names runsc, which the Docker engine does not know \(it has runc\)/),
  ]);
});

async function findClosed(): Promise<string> {
  const url = await listen('');
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return url;
}

async function listen(body: string): Promise<string> {
  const server = createServer((_, response) => response.end(body));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
