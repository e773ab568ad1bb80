import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createJaeger } from '../../../src/adapters/jaeger/jaeger.ts';

const window = { from: '2026-11-21T09:00:00.000Z', to: '2026-11-21T09:10:00.000Z' };
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that takes only the question that Jaeger's API knows, in its form; everything else is a 400. */
async function strictServer(respond: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://jaeger.test');
    const names = [...url.searchParams.keys()].sort().join();
    const isTraces = url.pathname === '/base/api/traces' && names === 'end,limit,service,start';
    const isMicros = ['start', 'end'].every((name) => /^\d{16}$/.test(url.searchParams.get(name) ?? ''));
    if (request.method !== 'GET' || !isTraces || !isMicros)
      response.writeHead(400).end('{"errors":[{"msg":"strict"}]}');
    else respond(response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`;
}

const trace = {
  traceID: 't1',
  spans: [
    { traceID: 't1', spanID: 's1', operationName: 'op', startTime: 1_795_000_000_000_000, duration: 1, processID: 'p' },
  ],
  processes: { p: { serviceName: 'cart' } },
};
const answer =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
const find = async (respond: (response: ServerResponse) => void, timeoutMs = 5_000) =>
  createJaeger({ url: await strictServer(respond), timeoutMs }).findTraces('cart', window, 50);

describe('Jaeger', () => {
  it('is asked for one service, in microseconds, and answers whole traces', async () => {
    expect(await find(answer({ data: [trace], errors: null }))).toEqual([
      { id: 't1', spans: [expect.objectContaining({ id: 's1', service: 'cart' })] },
    ]);
  });

  it('without traces answers none, in either of the forms that servers have for it', async () => {
    expect(await find(answer({ data: [], errors: null }))).toEqual([]);
    expect(await find(answer({ data: null }))).toEqual([]);
  });

  it.each([
    [400, 'BadQuery', false],
    [401, 'Unauthorized', false],
    [404, 'NotFound', false],
    [429, 'RateLimited', true],
    [500, 'Unavailable', true],
  ])('that answers %i is %s, in its own words', async (status, kind, retryable) => {
    const found = find(answer({ data: null, errors: [{ code: status, msg: 'because' }] }, status));
    await expect(found).rejects.toMatchObject({ trouble: { system: 'Jaeger', kind, retryable } });
    await expect(found).rejects.toThrow(
      new RegExp(`/api/traces of cart at http://127.0.0.1:\\d+/base answered ${status}: because`),
    );
  });

  it('that has nothing but an error to tell has failed, whatever its status', async () => {
    await expect(find(answer({ data: null, errors: [{ code: 500, msg: 'storage is gone' }] }))).rejects.toThrow(
      /storage is gone/,
    );
  });

  it('is told from a page of something else, from JSON cut in the middle, and from JSON of another API', async () => {
    const badAnswer = { trouble: { kind: 'BadAnswer', retryable: false } };
    await expect(find(answer('<!doctype html><title>Log in</title>'))).rejects.toMatchObject(badAnswer);
    await expect(find(answer(JSON.stringify({ data: [trace] }).slice(0, -9)))).rejects.toMatchObject(badAnswer);
    await expect(find(answer({ data: [{ traceID: 't1' }] }))).rejects.toMatchObject(badAnswer);
  });

  it('whose answer breaks off, or never comes, is told with what to look at', async () => {
    const cut = find((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"data":[', () => response.destroy());
    });
    await expect(cut).rejects.toMatchObject({ trouble: { kind: 'Unreachable', retryable: true } });
    await expect(cut).rejects.toThrow(/traces\.jaeger\.url/);
    await expect(find(() => undefined, 50)).rejects.toMatchObject({ trouble: { kind: 'TimedOut', retryable: true } });
  });

  it('that answers without end is not read without end', async () => {
    const endless = find((response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(1_000_000, ' ');
      const write = () => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', write);
      };
      write();
    });
    await expect(endless).rejects.toMatchObject({ trouble: { kind: 'TooLarge' } });
  });

  it('gets the token in a header, which no message holds', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(500).end('no');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(createJaeger({ url, bearer: () => 't0ken' }).listServices()).rejects.toThrow(/^(?!.*t0ken)/);
    expect(seen).toEqual(['Bearer t0ken']);
  });
});
