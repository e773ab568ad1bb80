import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPackSources } from '../../src/activities/observe/pack-sources.ts';
import { createRunReproduction } from '../../src/activities/sandbox/run-reproduction.ts';
import type { Evidence } from '../../src/domain/evidence/evidence.ts';
import type { SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';
import type { RunSettings, SandboxSettings, ServiceSettings } from '../../src/domain/settings.ts';
import { at, openCase, settingsOf } from '../activities/observe/observe-case.ts';
import { createRepository } from '../fakes/repository.ts';
import { expectNothingLeft, isEngineThere, makeSandbox } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;
const incidentFrom = at(30);

type Files = Record<string, string>;
const run = (command: string[], port: number, environment: Record<string, string> = {}): RunSettings => {
  return { command, port, readyPath: '/healthz', readyTimeoutMs: 10_000, environment };
};
const sandboxOf = (rest: Partial<SandboxSettings>): SandboxSettings => {
  return { image: 'node', setup: [], memoryMb: 128, cpus: 1, timeoutMs: 30_000, ...rest };
};

/** A service of Node's standard library alone: answers as `handle` says, and writes the stack of what it throws. */
const nodeService = (handle: string): Files => ({
  'package.json': '{"type":"module"}',
  'src/orders.js': `export async function answer(url) {\n  ${handle}\n}\n`,
  'src/main.js': `
    import http from 'node:http';
    import { answer } from './orders.js';
    http.createServer(async (request, response) => {
      if (request.url === '/healthz') return response.end();
      try { const [status, body] = await answer(request.url); response.writeHead(status).end(body); }
      catch (error) { console.error(error.stack); response.writeHead(500).end('internal'); }
    }).listen(process.env.PORT);`,
});

/** A service as Python's standard library serves it: its access log is what \`http.server\` writes. */
const pythonService = (discount: string): Files => ({
  'shop/__init__.py': '',
  'shop/prices.py': `def price(cents, members):\n    return cents - cents * 10 // ${discount}\n`,
  'shop/serve.py': `
import os, http.server, urllib.parse
from shop.prices import price
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/healthz':
            self.send_response(200); self.end_headers(); return
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        try:
            body = str(price(int(query['cents']), int(query.get('members', 0)))).encode()
        except ZeroDivisionError:
            self.send_response(500); self.end_headers(); raise
        self.send_response(200); self.end_headers(); self.wfile.write(body)
http.server.ThreadingHTTPServer(('127.0.0.1', 8000), Handler).serve_forever()
`,
});

describe.skipIf(!isEngineThere)('the ways to reproduce, from evidence to verdict', () => {
  let world: Awaited<ReturnType<typeof openCase>>;
  beforeEach(async () => {
    world = await openCase();
  });
  afterEach(async () => {
    await world.close();
    await expectNothingLeft(parts.docker);
  });

  /** Commits the trees, writes the service's log, and says what resident.yaml would. */
  async function addService(
    name: string,
    trees: readonly Files[],
    rest: Partial<ServiceSettings>,
    log: readonly string[] = [],
  ) {
    const repository = createRepository(path.join(world.folder, name));
    const ids = trees.map((files, index) => repository.commit(at(index + 1), `change ${index}`, files));
    const file = path.join(world.folder, `${name}.log`);
    await writeFile(file, `${log.join('\n')}\n`);
    const settings = settingsOf(name, { source: repository.folder, logs: [{ files: file, format: 'auto' }], ...rest });
    return { ids, settings };
  }

  async function readLogs(settings: ServiceSettings): Promise<Evidence> {
    const window = { from: at(0), to: at(60) };
    const { lines } = await world.logFiles.read({ sources: settings.logs, window, incidentFrom });
    const stored = await world.store.putBody({ kind: 'logs', service: settings.name, incidentFrom, lines });
    const base = { service: settings.name, kind: 'logs', source: '', query: '', window } as const;
    return { ...base, id: `${settings.name}/logs/1`, outcome: 'found', summary: '', ...stored };
  }

  async function reproduce(
    service: string,
    suspect: { readonly service: string; readonly id: string; readonly before?: string },
    services: readonly ServiceSettings[],
  ) {
    const packed = await createPackSources({
      ...world,
      services: Object.fromEntries(services.map((settings) => [settings.name, settings])),
    })({
      incidentId: 'incident/test',
      runId: `run-${process.pid}`,
      service,
      suspectService: suspect.service,
      suspect: suspect.id,
      ...(suspect.before === undefined ? {} : { before: suspect.before }),
      neighbours: services.map(({ name }) => name).filter((name) => name !== suspect.service),
      evidence: await Promise.all(services.map(readLogs)),
      timeoutMs: 30_000,
    });
    expect(packed).not.toHaveProperty('cannotRun');
    const runReproduction = createRunReproduction({
      sandbox: parts.sandbox,
      store: world.store,
      context: () => ({
        signal: new AbortController().signal,
        heartbeat: () => undefined,
        remainingMs: () => Infinity,
      }),
    });
    return { request: packed as SandboxRequest, result: await runReproduction(packed as SandboxRequest) };
  }

  const access = (minute: number, target: string, status: number) => {
    const [, day = '', time = ''] = /^(\S+)T(\S+)\.\d+Z$/.exec(at(minute)) ?? [];
    const [year = '', , date = ''] = day.split('-');
    return `10.0.0.7 - - [${date}/Nov/${year}:${time} +0000] "GET ${target} HTTP/1.1" ${status} -`;
  };

  it('replays a line of an access log against a Python service, and bisects to the commit', async () => {
    const trees = ['100', '100 or 1', 'members', 'members + 0'].map(pythonService);
    const sandbox = sandboxOf({ image: 'python', run: run(['python3', '-u', '-m', 'shop.serve'], 8000) });
    const log = [access(5, '/price?cents=900&members=2', 200), access(40, '/price?cents=700&api_key=abc', 500)];
    const { ids, settings } = await addService('shop', trees, { language: 'python', sandbox }, log);
    const { request, result } = await reproduce('shop', { service: 'shop', id: ids[3] ?? '', before: ids[0] ?? '' }, [
      settings,
    ]);
    expect(request).toMatchObject({
      command: [],
      ways: ['request'],
      replay: { request: { path: '/price?cents=700', status: 500 } },
    });
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: ids[2], before: ids[1], reason: '' });
    expect(result.runs[0]).toMatchObject({ way: 'request', end: 'failed', command: ['GET', '/price?cents=700'] });
    expect(result.runs[0]?.outputTail).toContain('ZeroDivisionError');
    expect(result.fix).toMatchObject({ source: 'revert', of: ids[2], verdict: 'cannot-run' });
    expect(result.fix?.reason).toContain('shop/prices.py');
    expect(result.runs[0]?.outputTail).toMatch(/answered 500 in [\d.]+ ms; in production 500/);
  });

  it('sends the request to the service that alerts, beside its neighbour at the revision that is tried', async () => {
    const users = ['return [200, "ana"]', 'return [401, "who are you?"]'].map(nodeService);
    const order = nodeService(`
      const user = await fetch(process.env.USER_URL + '/me'); const bank = await fetch(process.env.BANK_URL + '/rates');
      if (user.status !== 200) return [502, 'upstream answered ' + user.status];
      return [bank.status === 503 ? 200 : 418, 'ok'];`);
    const environment = { USER_URL: 'http://127.0.0.1:{port:user}', BANK_URL: 'http://127.0.0.1:{port:bank}' };
    const start = ['node', 'src/main.js'];
    const line = (minute: number, method: string, target: string, status: number) =>
      JSON.stringify({ time: at(minute), level: 'info', msg: 'request', method, path: target, status });
    const orders = await addService(
      'order',
      [order],
      { dependsOn: ['user', 'bank'], sandbox: sandboxOf({ run: run(start, 8080, environment) }) },
      [line(5, 'GET', '/orders/7', 200), line(40, 'GET', '/orders/8', 502), line(41, 'POST', '/orders', 502)],
    );
    const userRun = run(start, 8080, { PORT: '{port}' });
    const user = await addService('user', users, { sandbox: sandboxOf({ run: userRun, test: ['false'] }) });
    const bank = await addService('bank', [nodeService('return [200, ""]')], {}, [line(42, 'GET', '/rates', 503)]);
    const { request, result } = await reproduce('order', { service: 'user', id: user.ids[1] ?? '' }, [
      orders.settings,
      user.settings,
      bank.settings,
    ]);
    expect(request.notes).toContain('bank is played by a stand-in, as its logs tell');
    expect(request.replay).toMatchObject({
      request: { service: 'order', path: '/orders/8' },
      services: [{ port: 8080 }, { port: 20_000 }],
    });
    expect(result).toMatchObject({
      verdict: 'reproduced',
      suspectService: 'user',
      firstBad: user.ids[1],
      before: user.ids[0],
    });
    expect(result.runs[0]?.outputTail).toMatch(/\[stand-in bank: GET \/rates answered 503\]/);
  });

  it('falls back to the tests when the service never gets ready, and names it', async () => {
    const test = (value: number) => ({
      'shows.test.js': `import test from 'node:test'; import assert from 'node:assert'; test('one', () => assert.equal(${value}, 1));`,
    });
    const trees = [1, 2].map((value) => ({
      ...nodeService(''),
      ...test(value),
      'src/main.js': 'setInterval(() => {}, 1e3);',
    }));
    const start = { ...run(['node', 'src/main.js'], 8080), readyTimeoutMs: 800 };
    const sandbox = sandboxOf({ run: start, test: ['node', '--test'] });
    const { ids, settings } = await addService('app', trees, { sandbox }, [access(40, '/a', 500)]);
    const { result } = await reproduce('app', { service: 'app', id: ids[1] ?? '' }, [settings]);
    expect(result).toMatchObject({ verdict: 'reproduced', firstBad: ids[1] });
    expect(result.runs[0]?.outputTail).toContain('app was not ready on port 8080 after 800 ms');
    expect(new Set(result.runs.map(({ way }) => way))).toEqual(new Set(['request', 'test']));
    expect(result.fix).toMatchObject({ source: 'revert', of: ids[1], verdict: 'fixes', newlyBroken: [] });
    expect(result.fix?.runs.map(({ end }) => end)).toEqual(['failed', 'passed', 'passed', 'failed', 'passed']);
  });
});
