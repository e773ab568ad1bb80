import { describe, expect, it } from 'vitest';
import { findCallFailures, readPeers } from '../../../src/domain/analysis/calls.ts';
import { explainHarmless, readHunks } from '../../../src/domain/analysis/changes/diffs.ts';
import { examine } from '../../../src/domain/analysis/examine.ts';
import { readGuidance } from '../../../src/domain/analysis/guidance.ts';
import { findLogPatterns } from '../../../src/domain/analysis/logs/patterns.ts';
import { findMetricShifts } from '../../../src/domain/analysis/metrics/shifts.ts';
import { findNumberChanges } from '../../../src/domain/analysis/changes/numbers-in-diffs.ts';
import { readFrames } from '../../../src/domain/analysis/symptoms.ts';
import { splitWords } from '../../../src/domain/analysis/words.ts';
import type { LogLine, MetricSeries } from '../../../src/domain/evidence/evidence.ts';
import { at, chatter, commit, deploy, incident, incidentFrom, repeat, window, wrap } from './incident.ts';

function patternsOf(lines: readonly LogLine[]) {
  const { evidence, body } = wrap('svc', 'logs', { kind: 'logs', service: 'svc', incidentFrom, lines });
  if (body?.kind !== 'logs') throw new Error('no logs');
  return findLogPatterns(evidence, { ...body, lines: [...lines].sort((a, b) => (a.at < b.at ? -1 : 1)) });
}

function shiftsOf(name: string, values: (n: number) => number) {
  const points = Array.from({ length: 90 }, (_, n) => [at(n - 30), values(n)] as const);
  const series: MetricSeries = { name, expression: name, labels: {}, points };
  const { evidence } = wrap('svc', 'metrics', { kind: 'metrics', service: 'svc', incidentFrom, series: [series] });
  return findMetricShifts(evidence, { kind: 'metrics', service: 'svc', incidentFrom, series: [series] });
}

const error =
  (message: string, fields: LogLine['fields'] = {}) =>
  () =>
    ({ level: 'error', message, fields }) as const;

describe('log patterns', () => {
  it('are new when never seen before, and dated by their first line', () => {
    const [pattern] = patternsOf([...chatter(), ...repeat(45, 60, 20, error('cannot reach store'))]);
    expect(pattern).toMatchObject({ kind: 'new', before: 0, after: 45, firstAt: at(45) });
  });

  it('are grown when their rate rises beyond chance', () => {
    const [pattern] = patternsOf([
      ...chatter(),
      ...repeat(-30, 45, 300, error('slow store')),
      ...repeat(45, 60, 5, error('slow store')),
    ]);
    expect(pattern?.kind).toBe('grown');
    expect(Math.abs(Date.parse(pattern?.firstAt ?? '') - Date.parse(at(45)))).toBeLessThan(120_000);
  });

  it('are not found where errors come at their usual rate', () => {
    expect(patternsOf([...chatter(), ...repeat(-29, 60, 120, error('usual trouble'))])).toEqual([]);
  });

  it('are not found in what a service writes because it has just started', () => {
    expect(
      patternsOf([
        ...chatter(20, 60),
        ...repeat(21, 60, 60, () => ({ level: 'warn', message: 'stock is low', fields: {} })),
      ]),
    ).toEqual([]);
  });

  it('tell answers of different status apart', () => {
    const lines = [
      ...chatter(),
      ...repeat(-30, 60, 30, error('upstream answered', { status: 404 })),
      ...repeat(50, 60, 10, error('upstream answered', { status: 401 })),
    ];
    expect(patternsOf(lines).map((pattern) => [pattern.kind, pattern.status])).toEqual([['new', 401]]);
  });
});

describe('metric shifts', () => {
  it('see a step in a noisy series, with direction and time', () => {
    expect(shiftsOf('error_ratio', (n) => 0.01 + 0.002 * Math.sin(n) + (n >= 75 ? 0.4 : 0))).toMatchObject([
      { kind: 'step', direction: 'up', meaning: 'failures', firstAt: at(45) },
    ]);
  });

  it('see a step in a series that never moved before (MAD of zero)', () => {
    expect(shiftsOf('panics', (n) => (n >= 80 ? 3 : 0))).toMatchObject([{ kind: 'step', firstAt: at(50) }]);
  });

  it('see no shift in noise, in a constant, in a counter, and in a lone spike', () => {
    expect(shiftsOf('latency', (n) => 100 + 10 * Math.sin(n * 1.7) + 5 * Math.cos(n * 0.9))).toEqual([]);
    expect(shiftsOf('up', () => 1)).toEqual([]);
    expect(shiftsOf('latency', (n) => (n === 70 ? 900 : 100 + (n % 3)))).toEqual([]);
  });

  it('see a slow climb that began long before the incident', () => {
    expect(shiftsOf('memory_bytes', (n) => (n < 20 ? 100 : 100 + 6 * (n - 20)) + (n % 2))).toMatchObject([
      { kind: 'climb', direction: 'up', meaning: 'saturation' },
    ]);
  });

  it('see a gauge that counted down by the clock and passed zero', () => {
    expect(shiftsOf('seconds_until_expiry', (n) => (75 - n) * 60)).toMatchObject([
      { kind: 'deadline', firstAt: at(45) },
    ]);
  });
});

describe('diffs', () => {
  const of = (path: string, ...lines: string[]) =>
    commit('svc', 0, 'x', path, ['@@ -1,3 +1,3 @@', ...lines].join('\n'));
  const reason = (change: ReturnType<typeof of>) => explainHarmless(change, readHunks(change));

  it('that cannot do harm are told apart from those that can', () => {
    expect(reason(of('docs/guide.md', '-a', '+b'))).toContain('documentation');
    expect(reason(of('src/a_test.go', '-a', '+b'))).toContain('tests');
    expect(reason(of('src/a.py', '-# old words', '+# new words'))).toContain('comments');
    expect(reason(of('src/a.js', '-  run( x )', '+    run(x)'))).toContain('white space');
    expect(reason(of('src/a.js', "-  log.info('a');", "+  log.info('b');"))).toContain('logged');
    expect(reason(of('src/a.js', '-  const limit = 5;', '+  const limit = 4;'))).toBeUndefined();
    expect(reason(of('src/a.js'))).toBeUndefined();
  });

  it('tell which constant moved, with units worked out', () => {
    const numbers = (...lines: string[]) => findNumberChanges(readHunks(of('a', ...lines)));
    expect(numbers('-TTL = 24 * 60 * 60', '+TTL = 60 * 60')).toMatchObject([{ name: 'TTL', from: 86_400, to: 3600 }]);
    expect(numbers('-  timeout: 30s', '+  timeout: 500ms')).toMatchObject([{ name: 'timeout', from: 30, to: 0.5 }]);
    expect(numbers('-Policy{Attempts: 8, Delay: 5}', '+Policy{Attempts: 2}')).toMatchObject([
      { name: 'Attempts', from: 8, to: 2 },
    ]);
    expect(numbers('-{"pool": 10, "port": 80}', '+{"pool": 2, "port": 80}')).toMatchObject([
      { name: 'pool', from: 10, to: 2 },
    ]);
  });
});

describe('words and frames', () => {
  it('come apart at case, underscores and dots, and meet across endings', () => {
    expect(splitWords('maxPoolConnections')).toEqual(
      splitWords('max pool connection').filter((word) => word !== 'max'),
    );
    expect(splitWords('retries_exhausted')).toEqual(splitWords('retry exhaust'));
  });

  it('are read from stacks of several languages, without libraries', () => {
    const files = (text: string) => readFrames(text, 'e').map((frame) => `${frame.file}:${frame.line ?? 0}`);
    expect(files('    at seat (/app/src/seats.js:12:3)\n    at next (/app/node_modules/x/y.js:1:1)')).toEqual([
      'app/src/seats.js:12',
    ]);
    expect(files('  File "/srv/app/seats.py", line 7, in seat')).toEqual(['srv/app/seats.py:7']);
    expect(files('\tat com.acme.Seats.find(Seats.java:44)')).toEqual(['Seats.java:44']);
    expect(files('acme/seats.(*Plan).Find(seats.go:18) -> net/http.HandlerFunc')).toEqual(['seats.go:18']);
  });
});

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

describe('guidance', () => {
  it('is read clause by clause, negations as against', () => {
    const opinions = readGuidance(['It is not user-service, look at payment'], ['user-service', 'payment-service'], []);
    expect(Object.fromEntries(opinions)).toEqual({ 'user-service': 'against', 'payment-service': 'for' });
  });
});

describe('examination of one service', () => {
  it('numbers its findings, cites evidence and names whom it suspects', () => {
    const change = commit('svc', 40, 'x', 'a.js', '@@ -1 +1 @@\n-a\n+b');
    const input = incident(
      {
        svc: {
          lines: [
            ...chatter(),
            ...repeat(45, 60, 9, error('upstream store answered 500', { upstream: 'store', status: 500 })),
          ],
          changes: [change],
          deploys: [{ ...deploy(change, 41), previous: 'a1b2c3d4' }],
        },
      },
      {},
    );
    const { findings, suspects, summary } = examine({
      service: 'svc',
      dependencies: ['store', 'mail'],
      evidence: input.evidence,
    });
    expect(findings.map((finding) => finding.id)).toEqual(findings.map((_, i) => `svc/finding/${i + 1}`));
    expect(new Set(findings.map((finding) => finding.kind))).toEqual(
      new Set(['log-pattern', 'call-failure', 'change', 'deploy']),
    );
    expect(findings.find((finding) => finding.kind === 'deploy')).toMatchObject({ replaces: 'a1b2c3d4' });
    expect(findings.every((finding) => finding.claim.evidence.length > 0)).toBe(true);
    expect(suspects).toEqual(['store', 'mail']);
    expect(summary).toContain('store');
  });

  it('says healthy of a service that is, and nothing of one that it cannot see', () => {
    const input = incident({ svc: { lines: chatter() } }, {});
    expect(examine({ service: 'svc', dependencies: [], evidence: input.evidence })).toMatchObject({
      findings: [{ kind: 'healthy' }],
      suspects: [],
      summary: 'svc looks healthy.',
    });
    expect(examine({ service: 'svc', dependencies: [], evidence: [] }).summary).toContain('could be read');
    expect(window.from < incidentFrom).toBe(true);
  });
});
