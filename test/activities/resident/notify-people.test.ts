import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNotifyPeople } from '../../../src/activities/resident/notify-people.ts';
import { createNotifier } from '../../../src/adapters/notifier.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(status: number | 'silent', got: string[]): Promise<string> {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push(body);
      if (status !== 'silent') response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server?.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/very-secret-path`;
}

function notify(urls: readonly (() => string)[], logged: unknown[] = [], timeoutMs = 5_000) {
  const notifier = createNotifier({ urls, timeoutMs });
  const redact = (text: string) => text.replaceAll('hunter2', '[[SECRET]]');
  return createNotifyPeople({ notifier, redact, log: (...entry) => logged.push(entry) });
}

const notice = {
  incidentId: 'incident/order',
  kind: 'closed',
  text: 'It is\u001b[31m over hunter2 <!channel> @here',
  to: ['ana'],
} as const;

describe('notifyPeople', () => {
  it('posts the notice as JSON, without secrets, mentions or control characters', async () => {
    const got: string[] = [];
    const url = await listen(200, got);
    await notify([() => url])(notice);
    expect(got.map((body) => JSON.parse(body) as unknown)).toEqual([
      { kind: 'closed', incidentId: 'incident/order', text: 'It is over [[SECRET]] ‹!channel› ＠here', to: ['ana'] },
    ]);
  });

  it('tells the log when no webhook is configured', async () => {
    const logged: unknown[] = [];
    await notify([], logged)(notice);
    expect(JSON.stringify(logged)).toContain('no webhook is configured');
    expect(JSON.stringify(logged)).not.toContain('hunter2');
  });

  it.each([
    [503, false],
    [429, false],
    [404, true],
    [302, true],
  ])('fails on %d, and keeps the URL to itself', async (status, nonRetryable) => {
    const url = await listen(status, []);
    const error = await notify([() => url])(notice).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ type: 'Webhook.NotTaken', nonRetryable });
    expect(String(error)).toContain(`webhook 1 answered ${status}`);
    expect(JSON.stringify(error) + String(error)).not.toContain('very-secret-path');
  });

  it('gives up on a webhook that does not answer in time', async () => {
    const url = await listen('silent', []);
    await expect(notify([() => url], [], 50)(notice)).rejects.toMatchObject({
      nonRetryable: false,
      message: expect.stringContaining('no answer within 50 ms') as string,
    });
  });

  it('tells the others when one webhook fails', async () => {
    const got: string[] = [];
    const url = await listen(200, got);
    const broken = () => {
      throw new Error('the variable HOOK is not set');
    };
    await expect(notify([broken, () => url])(notice)).rejects.toThrow('webhook 1: the variable HOOK is not set');
    expect(got).toHaveLength(1);
  });
});
