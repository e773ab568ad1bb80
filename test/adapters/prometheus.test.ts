import { describe, expect, it } from 'vitest';
import { createPrometheus } from '../../src/adapters/prometheus/prometheus.ts';

const answering = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  createPrometheus({
    url: 'http://prometheus.test/base/',
    fetch: async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status, headers }),
  });

describe('Prometheus trouble', () => {
  it.each([
    [400, 'BadQuery', false],
    [401, 'Unauthorized', false],
    [404, 'NotFound', false],
    [422, 'BadQuery', false],
    [429, 'RateLimited', true],
    [503, 'Unavailable', true],
  ])('status %i is %s', async (status, kind, retryable) => {
    const prometheus = answering(status, { status: 'error', errorType: 'x', error: 'because' });
    await expect(prometheus.query('up')).rejects.toMatchObject({ trouble: { system: 'Prometheus', kind, retryable } });
    await expect(prometheus.query('up')).rejects.toThrow(/`up` at http:\/\/prometheus\.test\/base .*because/);
  });

  it('a rate limit says when to come back', async () => {
    await expect(answering(429, 'slow down', { 'retry-after': '7' }).query('up')).rejects.toMatchObject({
      trouble: { retryAfterMs: 7_000 },
    });
  });

  it('an answer of something else is told as such', async () => {
    await expect(answering(200, '<html>login</html>').query('up')).rejects.toMatchObject({
      trouble: { kind: 'BadAnswer' },
    });
    await expect(
      answering(200, { status: 'success', data: { resultType: 'odd', result: [] } }).query('up'),
    ).rejects.toMatchObject({ trouble: { kind: 'BadAnswer' } });
  });

  it('a server that is down is unreachable, and one that does not answer times out', async () => {
    const down = createPrometheus({ url: 'http://127.0.0.1:9', timeoutMs: 2_000 });
    await expect(down.query('up')).rejects.toMatchObject({ trouble: { kind: 'Unreachable', retryable: true } });
    const silent = createPrometheus({
      url: 'http://prometheus.test',
      timeoutMs: 20,
      fetch: (_, init) =>
        new Promise((_resolve, reject) =>
          init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error)),
        ),
    });
    await expect(silent.query('up')).rejects.toMatchObject({ trouble: { kind: 'TimedOut', retryable: true } });
  });

  it('credentials in the URL go into a header and never into a message', async () => {
    const seen: string[] = [];
    const prometheus = createPrometheus({
      url: 'http://ana:pass9word@prometheus.test',
      fetch: async (url, init) => {
        seen.push(url instanceof Request ? url.url : url.toString(), JSON.stringify(init?.headers));
        return new Response('no', { status: 500 });
      },
    });
    await expect(prometheus.query('up')).rejects.toThrow(/^(?!.*pass9word)/);
    expect(seen[0]).not.toContain('pass9word');
    expect(seen[1]).toContain(`Basic ${Buffer.from('ana:pass9word').toString('base64')}`);
  });

  it('the bearer token is read anew for each question', async () => {
    let n = 0;
    const seen: string[] = [];
    const prometheus = createPrometheus({
      url: 'http://prometheus.test',
      bearer: () => `t${(n += 1)}`,
      fetch: async (_, init) => {
        seen.push((init?.headers as Record<string, string>)['authorization'] ?? '');
        return new Response(JSON.stringify({ status: 'success', data: { resultType: 'vector', result: [] } }));
      },
    });
    await prometheus.query('up');
    await prometheus.query('up');
    expect(seen).toEqual(['Bearer t1', 'Bearer t2']);
  });

  it('an alert keeps its own expression where rules cannot be read', async () => {
    const alert = { name: 'X', labels: {}, expression: 'a > 1' };
    expect(await answering(404, 'no').findExpression(alert)).toBe('a > 1');
    await expect(answering(404, 'no').findExpression({ name: 'X', labels: {} })).rejects.toBeDefined();
  });
});
