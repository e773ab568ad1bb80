import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readDriverLine, readDriverReport, splitLines } from '../../src/adapters/docker/driver-report.ts';

const driver = path.resolve(import.meta.dirname, '../../docker/replay/driver.js');
const line = (value: object) => `${JSON.stringify(value)}\n`;
const answered = { kind: 'answered', status: 500, durationMs: 3, contentType: 'text/plain', body: 'no' };

describe('readDriverReport', () => {
  it('reads what the driver says', () => {
    const asked = { kind: 'asked', service: 'bank', method: 'GET', path: '/a', status: 200 };
    const text = [{ kind: 'listening' }, { kind: 'ready', service: 'app' }, asked, answered].map(line).join('');
    expect(readDriverReport(text)).toEqual({
      ready: ['app'],
      notReady: [],
      asked: [{ service: 'bank', method: 'GET', path: '/a', status: 200 }],
      answer: answered,
    });
  });

  it.each([
    ['text', 'all tests passed\n'],
    ['an unknown line', line({ kind: 'verdict', value: 'reproduced' })],
    ['a field more', line({ ...answered, verdict: 'reproduced' })],
    ['a status that is a text', line({ ...answered, status: '500' })],
    ['a status out of range', line({ ...answered, status: 1e9 })],
    ['a duration below zero', line({ ...answered, durationMs: -1 })],
    ['a huge body', line({ ...answered, body: 'x'.repeat(4_001) })],
    ['a line that is too long', line({ kind: 'trouble', detail: 'x'.repeat(30_000) })],
    ['half a line', line(answered).slice(0, 20)],
    ['two answers', line(answered) + line({ ...answered, status: 200 })],
    ['a flood', line({ kind: 'listening' }).repeat(1_001)],
    ['an object from the prototype', '{"kind":"__proto__"}\n'],
  ])('believes nothing of a report that holds %s', (_name, text) => {
    const report = readDriverReport(line({ kind: 'ready', service: 'app' }) + text);
    expect(report.fault).toBeTruthy();
    expect(report).toMatchObject({ ready: [], notReady: [], asked: [] });
    expect(report).not.toHaveProperty('answer');
  });

  it('passes lines on as they become whole, however they are cut', () => {
    const seen: (string | undefined)[] = [];
    const take = splitLines((text) => seen.push(readDriverLine(text)?.kind));
    for (const byte of Buffer.from(line({ kind: 'listening' }) + line(answered) + 'x\n')) take(Buffer.from([byte]));
    expect(seen).toEqual(['listening', 'answered', undefined]);
  });
});

describe('the driver', () => {
  let folder: string;
  const servers: http.Server[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'driver-'));
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
    await rm(folder, { recursive: true });
  });

  async function listen(handle: http.RequestListener): Promise<number> {
    const server = http.createServer(handle).listen(0, '127.0.0.1');
    servers.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    return (server.address() as AddressInfo).port;
  }

  async function findFreePort(): Promise<number> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }

  async function drive(port: number, rest: object = {}) {
    const plan = {
      standIns: [],
      services: [{ service: 'app', port, readyTimeoutMs: 300 }],
      request: { port, method: 'GET', path: '/a?b=1' },
      answerTimeoutMs: 300,
      ...rest,
    };
    const file = path.join(folder, 'plan.json');
    await writeFile(file, JSON.stringify(plan));
    const child = spawn(process.execPath, [driver, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    return readDriverReport((await buffer(child.stdout)).toString());
  }

  it('sends the request with no credentials and tells the answer', async () => {
    let seen: http.IncomingMessage | undefined;
    const port = await listen((request, response) => {
      seen = request;
      response.writeHead(500, { 'content-type': 'text/plain' }).end('no');
    });
    const report = await drive(port);
    expect(report).toMatchObject({ ready: ['app'], answer: { ...answered, durationMs: expect.any(Number) as number } });
    expect(seen).toMatchObject({ method: 'GET', url: '/a?b=1' });
    expect(Object.keys(seen?.headers ?? {}).sort()).toEqual(['accept', 'connection', 'host', 'user-agent']);
  });

  it('answers for a neighbour as its logs tell, and well otherwise', async () => {
    const bank = await findFreePort();
    const port = await listen((_request, response) => {
      const ask = async (target: string) => (await fetch(`http://127.0.0.1:${bank}${target}`)).status;
      void Promise.all([ask('/rates?day=1'), ask('/rates?day=2'), ask('/other')]).then((all) =>
        response.end(all.join()),
      );
    });
    const answers = [
      { method: 'GET', path: '/rates', status: 503 },
      { method: 'GET', path: '/rates?day=2', status: 404 },
      { method: 'POST', path: '/other', status: 500 },
    ];
    const report = await drive(port, { standIns: [{ service: 'bank', port: bank, answers }] });
    expect(report.answer).toMatchObject({ status: 200, body: '503,404,200' });
    expect(report.asked).toHaveLength(3);
  });

  it('tells a crash, a silence and an answer without end apart', async () => {
    const crash = await listen((request) => void request.socket.destroy());
    expect((await drive(crash)).answer).toMatchObject({ kind: 'broken', detail: 'ECONNRESET' });
    const hang = await listen(() => undefined);
    expect((await drive(hang)).answer).toMatchObject({ kind: 'silent' });
    const endless = await listen((_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(1_000)), 1);
      response.once('close', () => clearInterval(timer));
    });
    expect((await drive(endless)).answer).toMatchObject({ kind: 'answered', body: 'x'.repeat(4_000) });
  });

  it('waits for the readiness path, and says what a service that is never ready answered', async () => {
    let tries = 0;
    const port = await listen((request, response) => {
      const isReady = request.url !== '/healthz' || (tries += 1) > 2;
      response.writeHead(isReady ? 200 : 503).end();
    });
    const service = { service: 'app', port, readyPath: '/healthz' };
    expect((await drive(port, { services: [{ ...service, readyTimeoutMs: 2_000 }] })).answer).toMatchObject({
      status: 200,
    });
    expect(tries).toBe(3);
    const never = await listen((_request, response) => void response.writeHead(503).end());
    const report = await drive(never, { services: [{ ...service, port: never, readyTimeoutMs: 200 }] });
    expect(report.notReady).toEqual([
      { service: 'app', detail: `not ready on port ${never} after 200 ms: /healthz answered 503` },
    ]);
    expect(report).not.toHaveProperty('answer');
  });

  it('says when a port of a stand-in is taken, and then sends nothing', async () => {
    const port = await listen((_request, response) => void response.end());
    const report = await drive(port, { standIns: [{ service: 'bank', port, answers: [] }] });
    expect(report.fault).toContain('EADDRINUSE');
  });
});
