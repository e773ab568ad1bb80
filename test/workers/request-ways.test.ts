import { describe, expect, test } from 'vitest';
import type { ReplayPlan } from '../../src/domain/reproduction/replay.ts';
import { parseSandboxRequest } from '../../src/workers/sandbox-request.ts';
import { makeSandboxRequest } from '../fakes/sandbox-request.ts';

const archive = { service: 'app', revision: 'a'.repeat(40), digest: 'b'.repeat(64), bytes: 10 };
const start: ReplayPlan['services'][number] = {
  service: 'app',
  image: 'python',
  setup: [],
  command: ['python3', 'main.py'],
  port: 8080,
  readyPath: '/healthz',
  readyTimeoutMs: 30_000,
  environment: { USER_URL: 'http://127.0.0.1:8081' },
  memoryMb: 128,
  cpus: 1,
};
const replay: ReplayPlan = {
  request: {
    method: 'GET',
    path: '/orders/7?x=1',
    status: 500,
    at: '2026-11-21T10:00:00.000Z',
    service: 'app',
    fault: 'server-error',
    evidenceId: 'app/logs/1',
    failures: 3,
  },
  services: [start],
  standIns: [{ service: 'bank', port: 20_000, answers: [{ method: 'GET', path: '/rates', status: 503 }] }],
  answerTimeoutMs: 10_000,
};
const script = { path: 'test/shows-it.test.js', digest: 'c'.repeat(64), command: ['node', 'x'], by: 'claude/x' };
const request = makeSandboxRequest({ revisions: [archive] });
const parse = (change: object) => parseSandboxRequest({ ...request, ...change }, []);
const withReplay = (change: object) => ({ ways: ['request'], replay: { ...replay, ...change } });
const withRequest = (change: object) => withReplay({ request: { ...replay.request, ...change } });
const withStart = (change: object) => withReplay({ services: [{ ...start, ...change }] });

describe('the other ways in a request to the sandbox worker', () => {
  test.each<[string, object]>([
    ['a replay without a command', { command: [], ways: ['request'], replay }],
    ['a replay before the tests', { ways: ['request', 'test'], replay }],
    ['a script', { ways: ['test', 'script'], script }],
    ['a fix to be taken back', { fix: { test: { image: 'node', setup: [], command: ['npm', 'test'] } } }],
    ['a written fix', { fix: { written: { by: 'claude/x', archive: { ...archive, revision: 'with the fix' } } } }],
    [
      'a written fix and what it changes',
      {
        fix: {
          written: {
            by: 'claude/x',
            archive: { ...archive, revision: 'with the fix' },
            changes: { paths: ['src/a.js'], left: 0, guarded: [], digest: 'a'.repeat(64) },
          },
        },
      },
    ],
    ['a refused fix', { fix: { written: { by: 'claude/x', refused: 'it is no unified diff' } } }],
  ])('are taken: %s', (_, change) => {
    expect(parse(change)).toEqual({ ...request, ...change });
  });

  test.each<[string, object, RegExp]>([
    ['no command where it is a way', { command: [] }, /command: must hold a program/],
    ['no replay where it is a way', { ways: ['request'] }, /replay: must be there/],
    ['no script where it is a way', { ways: ['script'] }, /script: must be there/],
    ['an unknown way', { ways: ['guess'] }, /ways\.0/],
    [
      'a second request in the path',
      withRequest({ path: '/a HTTP/1.1\r\nHost: x\r\n\r\nDELETE /all' }),
      /request\.path/,
    ],
    ['a path that is an address', withRequest({ path: 'http://169.254.169.254/' }), /request\.path/],
    ['a method that is none', withRequest({ method: 'CONNECT' }), /request\.method/],
    ['headers', withRequest({ headers: { authorization: 'Bearer x' } }), /headers/],
    ['an image that nobody named', withStart({ image: 'postgres:16' }), /image: postgres:16 is no known language/],
    [
      'an image for the tests that nobody named',
      { fix: { test: { image: 'evil:1', setup: [], command: ['x'] } } },
      /image: evil:1/,
    ],
    ['a variable with odd characters', withStart({ environment: { 'A=B\nC': 'x' } }), /environment/],
    ['a port that is none', withStart({ port: 0 }), /services\.0\.port/],
    ['settings of Docker', withStart({ Privileged: true }), /Privileged/],
    ['no services', withReplay({ services: [] }), /replay\.services/],
    ['a script outside the service', { ways: ['script'], script: { ...script, path: '../x.js' } }, /script\.path/],
    ['an absolute script', { ways: ['script'], script: { ...script, path: '/etc/x' } }, /script\.path/],
    ['a script as text', { ways: ['script'], script: { ...script, text: 'rm' } }, /script/],
    ['a diff as text', { fix: { diff: '--- a' } }, /fix/],
  ])('with %s are refused for good', (_, change, message) => {
    const failure = expect.objectContaining({
      type: 'Sandbox.BadRequest',
      message: expect.stringMatching(message) as string,
    }) as Error;
    expect(() => parse(change)).toThrow(failure);
  });
});
