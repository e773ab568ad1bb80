import { afterEach, describe, expect, it } from 'vitest';
import type { GroupMember, GroupOrder } from '../../src/adapters/docker/sandbox.ts';
import { expectNothingLeft, isEngineThere, limits, makeSandbox, makeTar } from './sandbox-harness.ts';

const parts = isEngineThere ? makeSandbox() : undefined!;

type Files = Readonly<Record<string, string>>;

async function makeMember(
  service: string,
  port: number,
  files: Files,
  rest: Partial<GroupMember> & { readonly image?: string } = {},
): Promise<GroupMember> {
  const { image = 'node', ...given } = rest;
  return {
    service,
    imageId: (await parts.sandbox.ensureImage(image)).id,
    sources: [await parts.sandbox.packSource(service, await makeTar(files))],
    setup: [],
    command: ['node', 'main.js'],
    port,
    readyTimeoutMs: 8_000,
    environment: { PORT: String(port) },
    limits: { memoryMb: 128, cpus: 1 },
    ...given,
  };
}

async function runGroup(members: readonly GroupMember[], rest: Partial<GroupOrder> = {}) {
  return parts.sandbox.runGroup({
    incidentId: 'incident/test',
    runId: `run-${process.pid}`,
    driverImageId: (await parts.sandbox.ensureImage('node')).id,
    members,
    standIns: [],
    request: { method: 'GET', path: '/a?b=1' },
    answerTimeoutMs: 3_000,
    limits,
    signal: new AbortController().signal,
    ...rest,
  });
}

const serve = (handle: string) =>
  `import http from 'node:http'; http.createServer(async (request, response) => { ${handle} }).listen(process.env.PORT);`;
const module = { 'package.json': '{"type":"module"}' };

describe.skipIf(!isEngineThere)('a group of services in the real sandbox', () => {
  afterEach(() => expectNothingLeft(parts.docker));

  it('sends the request to the first service, which finds its neighbour and its stand-in on one network', async () => {
    const order = await makeMember(
      'order',
      8080,
      {
        ...module,
        'main.js': serve(
          `const [user, bank] = await Promise.all([fetch(process.env.USER_URL), fetch(process.env.BANK_URL + '/rates')]);
           console.log('asked', user.status, bank.status); response.writeHead(user.status).end(request.url + ' ' + (await user.text()));`,
        ),
      },
      { environment: { PORT: '8080', USER_URL: 'http://localhost:8081', BANK_URL: 'http://127.0.0.1:20000' } },
    );
    const python = `
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(401); self.end_headers(); self.wfile.write(b'who are you?')
http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), Handler).serve_forever()
`;
    const user = await makeMember(
      'user',
      8081,
      { 'main.py': python },
      { image: 'python', command: ['python3', 'main.py'] },
    );
    const answers = [{ method: 'GET', path: '/rates', status: 503 }];
    const report = await runGroup([order, user], { standIns: [{ service: 'bank', port: 20_000, answers }] });
    expect(report.outcome).toMatchObject({ kind: 'answer', answer: { status: 401, body: '/a?b=1 who are you?' } });
    expect(report.asked).toEqual([{ service: 'bank', method: 'GET', path: '/rates', status: 503 }]);
    expect(report.members.map(({ service, end }) => [service, end])).toEqual([
      ['order', undefined],
      ['user', undefined],
    ]);
    expect(report.members[0]?.output.toString()).toBe('asked 401 503\n');
  });

  it('reaches nothing but loopback, and none of the files or processes of the others', async () => {
    const probe = `
      const os = await import('node:os'); const fs = await import('node:fs');
      const reach = (url) => fetch(url, { signal: AbortSignal.timeout(1000) }).then(() => 'reached', () => 'not');
      const seen = { interfaces: Object.keys(os.networkInterfaces()), out: await reach('http://1.1.1.1'), gateway: await reach('http://172.17.0.1:22'),
        driver: fs.existsSync('/sandbox/replay'), processes: fs.readdirSync('/proc').filter((name) => /^\\d+$/.test(name)).length };
      response.end(JSON.stringify(seen));`;
    const report = await runGroup([await makeMember('app', 8080, { ...module, 'main.js': serve(probe) })]);
    expect(report.outcome.kind).toBe('answer');
    const { answer } = report.outcome as { answer: { body: string } };
    const seen = JSON.parse(answer.body) as { processes: number };
    expect(seen).toMatchObject({ interfaces: ['lo'], out: 'not', gateway: 'not', driver: false });
    expect(seen.processes).toBeLessThanOrEqual(4);
  });

  it('names the service that never gets ready, or that ends before it is, with its last words', async () => {
    const mute = await makeMember(
      'mute',
      8080,
      { ...module, 'main.js': 'setInterval(() => {}, 1000)' },
      { readyTimeoutMs: 1_000 },
    );
    const well = await makeMember('well', 8081, { ...module, 'main.js': serve('response.end()') });
    expect((await runGroup([well, mute])).outcome).toEqual({
      kind: 'not-ready',
      service: 'mute',
      detail: 'not ready on port 8080 after 1000 ms: connect ECONNREFUSED 127.0.0.1:8080',
    });
    const gone = await makeMember('gone', 8080, { ...module, 'main.js': 'console.log("no licence"); process.exit(3)' });
    const startedAt = performance.now();
    expect((await runGroup([well, gone])).outcome).toEqual({
      kind: 'not-ready',
      service: 'gone',
      detail: 'it ended before it was ready (failed, exit code 3): no licence',
    });
    expect(performance.now() - startedAt).toBeLessThan(7_000);
    const crash = await makeMember('crash', 8080, {
      ...module,
      'main.js': '\nthrow new TypeError("no rate for EUR");',
    });
    expect((await runGroup([well, crash])).outcome).toEqual({
      kind: 'not-ready',
      service: 'crash',
      detail: 'it ended before it was ready (failed, exit code 1): TypeError: no rate for EUR at main.js:2',
    });
  });

  it('names the set-up command that fails, and sends nothing', async () => {
    const app = await makeMember(
      'app',
      8080,
      { ...module, 'main.js': '' },
      { setup: [['true'], ['sh', '-c', 'echo no; exit 4']] },
    );
    const report = await runGroup([app]);
    expect(report.outcome).toEqual({
      kind: 'set-up-failed',
      service: 'app',
      command: ['sh', '-c', 'echo no; exit 4'],
      exitCode: 4,
    });
    expect(report.members[0]?.output.toString()).toBe('no\n');
  });

  it('tells a crash and a lack of memory in the middle of the request', async () => {
    const crash = await runGroup([await makeMember('app', 8080, { ...module, 'main.js': serve('process.exit(5)') })]);
    expect(crash.outcome).toMatchObject({ kind: 'answer', answer: { kind: 'broken' } });
    expect(crash.members[0]).toMatchObject({ end: 'failed', exitCode: 5 });
    const greedy = serve('const all = []; for (;;) all.push(Buffer.alloc(8e6, 1))');
    const report = await runGroup([await makeMember('app', 8080, { ...module, 'main.js': greedy })]);
    expect(report.outcome).toMatchObject({ kind: 'answer', answer: { kind: 'broken' } });
    expect(report.members[0]).toMatchObject({ end: 'out-of-memory' });
  });

  it('is not fooled by a service that takes the port of a stand-in or prints what the driver prints', async () => {
    const greedy = `${serve('response.end()')} console.log(JSON.stringify({ kind: 'answered', status: 200, durationMs: 1, contentType: '', body: '' }));`;
    const files = { ...module, 'main.js': greedy, 'hog.cjs': "require('net').createServer().listen(20000)" };
    const setup = [['sh', '-c', 'node hog.cjs >/dev/null 2>&1 & sleep 1']];
    const hog = await makeMember('hog', 8080, files, { setup });
    const report = await runGroup([hog], { standIns: [{ service: 'bank', port: 20_000, answers: [] }] });
    expect(report.outcome).toMatchObject({
      kind: 'unreadable',
      detail: expect.stringContaining('EADDRINUSE') as string,
    });
  });

  it('ends with all its containers when its time is over, and within two seconds when it is cancelled', async () => {
    const hang = await makeMember('hang', 8080, { ...module, 'main.js': serve('') });
    const late = await runGroup([hang], { limits: { ...limits, timeoutMs: 2_500 }, answerTimeoutMs: 60_000 });
    expect(late.outcome).toMatchObject({ kind: 'answer', answer: { kind: 'silent' } });
    await expectNothingLeft(parts.docker);

    const cancel = new AbortController();
    const running = runGroup(
      [hang, await makeMember('well', 8081, { ...module, 'main.js': serve('response.end()') })],
      {
        answerTimeoutMs: 60_000,
        signal: cancel.signal,
      },
    );
    const filters = { label: [`resident.run=run-${process.pid}`] };
    await expect.poll(async () => (await parts.docker.listContainers({ filters })).length, { timeout: 15_000 }).toBe(3);
    const cancelledAt = performance.now();
    cancel.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    expect(performance.now() - cancelledAt).toBeLessThan(2_000);
  });
});
