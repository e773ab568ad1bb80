import { describe, expect, it } from 'vitest';
import { chooseRequest } from '../../../src/domain/reproduction/choose-request.ts';
import { readRequest } from '../../../src/domain/reproduction/read-request.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';

const line = (message: string, fields: LogLine['fields'] = {}): LogLine => ({
  at: '2026-01-01T00:10:00.000Z',
  level: 'error',
  message,
  fields,
});
const read = (target: string) => [
  readRequest(line(`GET ${target} HTTP/1.1" 500`))?.path,
  readRequest(line('request', { method: 'GET', path: target, status: 500 }))?.path,
];
const hex = '9f8e7d6c5b4a39281706f5e4d3c2b1a0';

describe('a request of a log', () => {
  it.each([
    ...[
      'otp=123456',
      'pass=hunter2',
      'passphrase=x',
      'ticket=ST-1-abcdef',
      'hmac=ab',
      'SAMLResponse=PHNhbWxw',
      'pin=1234',
    ],
    ...[
      'x-amz-credential=AK',
      'bearer=abc',
      'user_pwd=a',
      'APIKEY=z',
      'ACCESSTOKEN=z',
      'state=abc',
      'nonce=q',
      'csrf=1',
    ],
    ...['a[token]=x', 'refreshTokens=1', 'tokens=1', 'auth_token_v2=ab', 'key1=ab', 'token2=abc', 'code=9', 'sig=ab'],
    ...['to%6ben=abc', '%74oken=abc', 'to%256ben=abc', 'a%5Btoken%5D=x', 'sign=ab', 'sessionid=ab', 'JSESSIONID=ab'],
    ...[
      'u=http://alice:hunter2@c/',
      'next=%2Freset%3Ftoken%3Dabc',
      `q=${hex}`,
      'q=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln',
    ],
    ...['q=mfrggzdfmztwq2lknnwg23tpoaxxq', 'q=aB3-dE5_fG7hI9jK1lM3nO', `q=%39${hex.slice(1)}`, `${hex}`, 'broken=%zz'],
  ])('is read without the parameter %s', (parameter) => {
    expect(read(`/r?a=1&${parameter}&b=2`)).toEqual(['/r?a=1&b=2', '/r?a=1&b=2']);
  });

  it.each([
    ...[
      'author=ana',
      'keyword=x',
      'country=de',
      'passenger=2',
      'page=17',
      'design=a',
      'shipping=fast',
      'from=2026-01-01',
    ],
    ...['id=12345678901234567890123', 'order=3e7a1f0c-9a77-4f0e-8c3b-1f2a3b4c5d6e', 'q=how-to-bake-a-cake-in-2024'],
    ...['name=InternationalizationSettings'.slice(0, 25), 'at=2026-01-01T00:10:00.000Z', 'q=blue+mug'],
  ])('is read with the parameter %s', (parameter) => {
    expect(read(`/r?${parameter}`)).toEqual([`/r?${parameter}`, `/r?${parameter}`]);
  });

  it.each([
    ...[
      `/reset-password/${hex}`,
      `/dl/${hex}`,
      '/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl',
      '/r;jsessionid=ABC123',
    ],
    ...[
      '/reset/abc123',
      '/reset-password/3e7a1f0c-9a77-4f0e-8c3b-1f2a3b4c5d6e',
      '/otp/123456',
      '/token/ab12',
      '/verify/839201',
    ],
    ...[
      `/a/%39${hex.slice(1)}`,
      '/magic-link/x1y2z3',
      '/a/token=abc/b',
      '/invite/Xk29fPq',
      '/files/aB3dE5fG7hI9jK1lM3nO/a.png',
    ],
    ...['/reset/[[SECRET:known]]', '/broken/%zz'],
  ])('is not read at all where its path holds a credential: %s', (path) => {
    expect(read(path)).toEqual([undefined, undefined]);
  });

  it.each([
    ...[
      '/orders/7',
      '/orders/3e7a1f0c-9a77-4f0e-8c3b-1f2a3b4c5d6e',
      '/tickets/123456',
      '/sessions/1234',
      '/api/v2/users/ana',
    ],
    ...[
      '/blog/how-to-bake-a-cake-in-2024',
      '/p/iphone-15-pro-max-256gb-blue',
      '/verify/email',
      '/auth/login',
      '/oauth2/v1/x',
    ],
    ...['/a/1234567890123456789012345', '/static/app.js', '/reset', '/internationalization/settings'],
  ])('is read where its path holds none: %s', (path) => {
    expect(read(path)).toEqual([path, path]);
  });

  it('is read in little time whatever it holds', () => {
    const startedAt = performance.now();
    for (const part of ['a', 'a-', '%25', '//a:', 'a=', ';', 'A1', '['])
      for (const path of [`/${part.repeat(60_000 / part.length)}`, `/r?x=${part.repeat(60_000 / part.length)}`])
        read(path);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  it('is told to be left out, and why, where no other shows the trouble', () => {
    const logs = {
      kind: 'logs',
      service: 'app',
      incidentFrom: '2026-01-01T00:00:00.000Z',
      lines: [line(`GET /reset-password/${hex} HTTP/1.1" 500`)],
    };
    const evidence = [{ evidence: { id: 'app/logs/1' }, body: logs }] as never;
    const chosen = chooseRequest({ evidence, services: ['app'], methods: {} });
    expect(chosen).toEqual({ none: expect.stringContaining('1 request of the incident holds in the path') as string });
    expect(JSON.stringify(chosen)).not.toContain(hex);
  });
});
