import { describe, expect, it } from 'vitest';
import { findCallFailures, readPeers } from '../../../src/domain/analysis/calls.ts';
import { findLogPatterns } from '../../../src/domain/analysis/logs/patterns.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { at, chatter, incidentFrom, repeat, wrap } from './incident.ts';

function patternsOf(lines: readonly LogLine[]) {
  const { evidence, body } = wrap('svc', 'logs', { kind: 'logs', service: 'svc', incidentFrom, lines });
  if (body?.kind !== 'logs') throw new Error('no logs');
  return findLogPatterns(evidence, { ...body, lines: [...lines].sort((a, b) => (a.at < b.at ? -1 : 1)) });
}

const error =
  (message: string, fields: LogLine['fields'] = {}) =>
  () =>
    ({ level: 'error', message, fields }) as const;

describe('failing calls', () => {
  const line = (message: string, fields: LogLine['fields'] = {}): LogLine => ({
    at: at(50),
    level: 'error',
    message,
    fields,
  });

  it('name outside systems by host, address or field', () => {
    expect(readPeers(line('connect ECONNREFUSED 127.0.0.1:9'))).toContain('127.0.0.1:9');
    expect(readPeers(line('POST https://api.bank.example/v1/pay returned 503'))).toContain('api.bank.example');
    expect(readPeers(line('getaddrinfo ENOTFOUND mail.partner.example'))).toContain('mail.partner.example');
    expect(readPeers(line('charge failed', { upstream: 'acquirer' }))).toEqual(['acquirer']);
  });

  it('go to a known callee, and never to one who calls this service', () => {
    const patterns = patternsOf([...chatter(), ...repeat(45, 60, 9, error('web asked in vain, store answered 500'))]);
    const calls = findCallFailures(patterns, ['svc', 'web', 'store'], { web: ['svc'], svc: ['store'] });
    expect(calls).toMatchObject([{ from: 'svc', to: 'store', isKnown: true, mode: 'server-error' }]);
  });

  it('go to the host that another line of the service names as an address', () => {
    const patterns = patternsOf([
      ...chatter(),
      ...repeat(45, 60, 9, error('POST https://pay.bank.example/v2 failed: 503')),
      ...repeat(45, 60, 9, error('pay.bank.example answered late, trying again')),
    ]);
    expect(findCallFailures(patterns, ['svc'], {}).map((call) => call.to)).toEqual([
      'pay.bank.example',
      'pay.bank.example',
    ]);
  });

  it('go to the callee whose own words end the line, and to no other', () => {
    const said = 'could not extend file: No space left on device';
    const patterns = [
      ...patternsOf([...chatter(), ...repeat(45, 60, 9, error(`query failed: ${said}`))]),
      ...patternsOf(repeat(45, 60, 9, error(`4711 ERROR: ${said}`))).map((item) => ({ ...item, service: 'store' })),
    ];
    const calleesOf = (dependencies: Record<string, string[]>) =>
      findCallFailures(patterns, ['svc', 'store'], dependencies).map(({ from, to }) => `${from} ${to}`);
    expect(calleesOf({ svc: ['store'] })).toEqual(['svc store']);
    expect(calleesOf({})).toEqual([]);
  });

  describe('that a client tells by status alone', () => {
    const from = (service: string, message: string, fields: LogLine['fields'] = {}) =>
      patternsOf([...chatter(), ...repeat(45, 60, 9, error(message, fields))]).map((item) => ({ ...item, service }));
    const asked = from('svc', 'POST /v2/search: 429 Too Many Requests, retry after 1 s');
    const calls = (patterns: Parameters<typeof findCallFailures>[0], ...callees: string[]) =>
      findCallFailures(patterns, ['svc', ...callees], { svc: callees })
        .filter((call) => call.from === 'svc')
        .map(({ to, mode }) => `${to} ${mode}`);

    it('go to the callee that tells of the same status', () => {
      const gate = from('gate', 'request throttled', { status: 429 });
      expect(calls([...asked, ...gate], 'gate', 'mail')).toEqual(['gate server-error']);
      expect(calls([...asked, ...gate, ...from('mail', 'too many, 429')], 'gate', 'mail')).toEqual([]);
    });

    it('go to the only callee where nobody else can have answered', () => {
      expect(calls(asked, 'gate')).toEqual(['gate server-error']);
      expect(calls(from('svc', 'Request failed with status code 503'), 'gate')).toEqual(['gate server-error']);
      expect(calls(asked, 'gate', 'mail')).toEqual([]);
    });

    it('are not read from an access log, which tells what the service itself answered', () => {
      for (const line of ['"POST /v2/search HTTP/1.1" 500 12', 'POST /v2/search 500 12ms', 'form answered 500'])
        expect(calls(from('svc', line), 'gate')).toEqual([]);
    });
  });
});
