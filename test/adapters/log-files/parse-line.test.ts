import { describe, expect, it } from 'vitest';
import { createParseLine } from '../../../src/adapters/log-files/parse-line.ts';

const near = Date.parse('2026-11-21T12:00:00Z');
const parse = (line: string) => {
  const { at, ...rest } = createParseLine({ format: 'auto', nearMs: near })(line);
  return { ...rest, at: at === undefined ? undefined : new Date(at).toISOString() };
};

describe('a log line', () => {
  it.each([
    ['pino', '{"level":50,"time":1795253173581,"pid":1,"msg":"failed","req":{"id":"r1"}}', 'error', 'failed', '.581'],
    ['bunyan', '{"name":"x","level":40,"msg":"slow","time":"2026-11-21T09:26:13.581Z","v":0}', 'warn', 'slow', '.581'],
    ['winston', '{"level":"error","message":"boom","timestamp":"2026-11-21 09:26:13"}', 'error', 'boom', '.000'],
    ['zap', '{"level":"info","ts":1795253173.5812,"caller":"a.go:1","msg":"ok"}', 'info', 'ok', '.581'],
    [
      'logback',
      '{"@timestamp":"2026-11-21T11:26:13.581+02:00","level":"WARN","message":"m","mdc":{"traceId":"t"}}',
      'warn',
      'm',
      '.581',
    ],
    ['structlog', '{"event":"done","level":"info","timestamp":"2026-11-21T09:26:13.581Z"}', 'info', 'done', '.581'],
    [
      'Docker around pino',
      '{"log":"{\\"level\\":50,\\"msg\\":\\"in\\"}\\n","stream":"stdout","time":"2026-11-21T09:26:13.581Z"}',
      'error',
      'in',
      '.581',
    ],
    ['journald', '{"PRIORITY":"3","MESSAGE":"m","time":"2026-11-21T09:26:13.581Z"}', 'error', 'm', '.581'],
    ['OpenTelemetry', '{"severityNumber":13,"body":"m","time":"2026-11-21T09:26:13.581Z"}', 'warn', 'm', '.581'],
    ['a Python formatter', '{"levelno":40,"message":"m","created":1795253173.581}', 'error', 'm', '.581'],
    ['tracing of Rust', '{"timestamp":"2026-11-21T09:26:13.581Z","level":"TRACE","message":"m"}', 'debug', 'm', '.581'],
    ['Google Cloud', '{"severity":"NOTICE","textPayload":"m","time":"2026-11-21T09:26:13.581Z"}', 'info', 'm', '.581'],
    ['containerd around pino', '2026-11-21T09:26:13.581Z stdout F {"level":50,"msg":"in"}', 'error', 'in', '.581'],
    ['logfmt', 'time="2026-11-21T09:26:13Z" level=error msg="no \\"db\\"" port=5432', 'error', 'no "db"', '.000'],
    ['Python', '2026-11-21 09:26:13,581 ERROR shop.orders: msg', 'error', 'ERROR shop.orders: msg', '.581'],
    ['Go', '2026/11/21 09:26:13 listening', 'info', 'listening', '.000'],
    ['syslog', 'Nov 21 09:26:13 web app[7]: started', 'info', 'web app[7]: started', '.000'],
    [
      'RFC 5424',
      '<34>1 2026-11-21T09:26:13.581Z web app - - - ERROR x',
      'error',
      '<34>1 web app - - - ERROR x',
      '.581',
    ],
    ['klog', 'E1121 09:26:13.581234    1 a.go:1] bad', 'error', '1 a.go:1] bad', '.581'],
    ['nginx error', '2026/11/21 09:26:13 [error] 7#7: *1 upstream', 'error', '[error] 7#7: *1 upstream', '.000'],
    [
      'nginx access',
      '1.2.3.4 - - [21/Nov/2026:09:26:13 +0000] "GET /a HTTP/1.1" 502 9 "-" "c"',
      'error',
      'GET /a 502',
      '.000',
    ],
    ['a time with an offset', '2026-11-21T06:26:13-03:00 WARN late', 'warn', 'WARN late', '.000'],
    ['Redis', '1:M 21 Nov 2026 09:26:13.581 * Ready', 'info', '1:M * Ready', '.581'],
    ['time of day alone', '09:26:13.581 [main] ERROR c.S - x', 'error', '[main] ERROR c.S - x', '.581'],
  ])('of %s is understood', (_, line, level, message, fraction) => {
    expect(parse(line)).toMatchObject({ level, message, at: `2026-11-21T09:26:13${fraction}Z` });
  });

  it('gives common things one name', () => {
    const { fields } = parse('{"msg":"x","service.name":"order","trace_id":"t1","reqId":"r1","http":{"status":401}}');
    expect(fields).toMatchObject({ service: 'order', traceId: 't1', requestId: 'r1', 'http.status': 401 });
  });

  it('keeps numbers and pairs of text lines as fields', () => {
    expect(parse('2026-11-21 09:26:13 WARN call failed status=401 peer=user-service').fields).toEqual({
      status: 401,
      peer: 'user-service',
    });
  });

  it('without a level is judged by its words', () => {
    expect(parse('panic: runtime error').level).toBe('error');
    expect(parse('connection refused by peer').level).toBe('warn');
    expect(parse('finished with 0 errors, error=0').level).toBe('info');
  });

  it('that begins with the class of a Java exception continues the line before, unless it tells a time of its own', () => {
    expect(parse('java.lang.NullPointerException: price').isContinuation).toBe(true);
    expect(parse('2026-11-21 09:26:13 java.lang.NullPointerException: price').isContinuation).toBe(false);
    expect(parse('com.example.Cart started').isContinuation).toBe(false);
  });

  it('a year-less date is the one nearest to the window', () => {
    const january = createParseLine({ format: 'auto', nearMs: Date.parse('2027-01-01T00:10:00Z') });
    expect(new Date(january('Dec 31 23:59:58 web x').at ?? 0).toISOString()).toBe('2026-12-31T23:59:58.000Z');
  });

  it('of random bytes never throws, and every field is plain', () => {
    let seed = 42;
    const next = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
    const pieces = [
      '{',
      '}',
      '"',
      ':',
      '[',
      ']',
      '=',
      '2026-11-21',
      'T09:26:13',
      'level',
      '\\',
      '\u0000',
      '\ufffd',
      'e',
      '1e999',
      ' ',
      '__proto__',
      '\ud800',
    ];
    for (let round = 0; round < 5_000; round += 1) {
      const line = Array.from({ length: next() % 40 }, () =>
        next() % 3 === 0 ? String.fromCharCode(next() % 65_536) : pieces[next() % pieces.length],
      ).join('');
      const parsed = createParseLine({ format: 'auto', nearMs: near })(line);
      expect(typeof parsed.message).toBe('string');
      for (const value of Object.values(parsed.fields)) expect(['string', 'number', 'boolean']).toContain(typeof value);
    }
  });

  it('of odd JSON never throws', () => {
    for (const line of [
      '{"time":{},"level":[],"msg":7}',
      '{"msg":null}',
      '{"level":{"a":1},"error":{"message":{}}}',
      '{"log":{"level":"warn"},"message":"x"}',
      '{"instant":7}',
      '{}',
      '[1]',
      'null',
    ])
      expect(() => parse(line)).not.toThrow();
  });
});
