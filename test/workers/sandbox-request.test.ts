import { describe, expect, test } from 'vitest';
import type { FailureSignature, SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';
import { parseSandboxRequest } from '../../src/workers/sandbox-request.ts';

const archive = { service: 'order-service', revision: 'a'.repeat(40), digest: 'b'.repeat(64), bytes: 10 };
const request: SandboxRequest = {
  incidentId: 'incident/order-service',
  runId: '01a1fef1-152c-723c-a5ac-f25657c02d2a',
  image: 'node:22',
  workService: 'order-service',
  setup: [['npm', 'ci', '--offline']],
  command: ['node', '--test', ''],
  suspectService: 'order-service',
  revisions: [archive, { ...archive, revision: 'v1.2/rc-1' }],
  suspectIndex: 1,
  neighbours: [{ ...archive, service: 'user_service.v2' }],
  limits: { memoryMb: 512, cpus: 0.5, timeoutMs: 300_000, outputBytes: 1_000_000 },
};
const expectedError: FailureSignature = {
  type: 'TypeError',
  template: 'Cannot read <*>',
  printed: "Cannot read 'sum'",
  frames: [{ service: 'app', file: 'src/total.js', line: 3, symbol: 'total' }],
  test: 'it totals',
  status: 500,
};
const parse = (change: object) => parseSandboxRequest({ ...request, ...change }, ['registry.example/app:stable']);

describe('a request to the sandbox worker', () => {
  test.each([
    ['as the product makes it', {}],
    ['with an image by its digest', { image: `registry.example/app@sha256:${'c'.repeat(64)}` }],
    ['with an image by its id', { image: `sha256:${'c'.repeat(64)}` }],
    ['with an image that resident.yaml names', { image: 'registry.example/app:stable' }],
    ['with fields that stay on this side', { notes: ['user-service is taken at HEAD'] }],
    ['with what production shows', { expected: [expectedError] }],
    ['with what a commit changed', { revisions: [archive, { ...archive, change: 'lockfile' }] }],
  ])('is taken %s', (_, change) => {
    expect(parse(change)).toEqual({ ...request, ...change });
  });

  test.each<[string, object, RegExp]>([
    ['an image that nobody named', { image: 'postgres:16' }, /image: postgres:16 is no known language/],
    ['an image with odd characters', { image: 'node; id' }, /image: must be the name of an image/],
    ['a path for a service', { workService: '../etc' }, /workService: must be a plain service name/],
    ['a path for a neighbour', { neighbours: [{ ...archive, service: 'a/b' }] }, /neighbours.0.service/],
    ['a command as text', { command: 'rm -rf /' }, /command: /],
    ['a command without a program', { command: [] }, /command/],
    ['an empty program', { command: [''] }, /command.0/],
    ['a NUL in an argument', { command: ['echo', 'a\0b'] }, /command.1: must not hold a NUL/],
    ['an argument longer than the kernel takes', { setup: [['echo', 'x'.repeat(131_072)]] }, /setup.0.1/],
    ['a digest that is a path', { revisions: [{ ...archive, digest: '../../secret' }] }, /revisions.0.digest/],
    ['a revision that is none', { revisions: [{ ...archive, revision: '$(id)' }] }, /revisions.0.revision/],
    ['an index beyond the revisions', { suspectIndex: 2 }, /suspectIndex: must be the place of a revision/],
    ['a history of another length', { history: [[], [0], [1]] }, /history: must name for each revision its parents/],
    ['a parent that comes later', { history: [[0]] }, /history: must name for each revision its parents/],
    ['gaps of another length', { gaps: [0, 0, 0, 0, 0] }, /gaps: must hold a number for each revision/],
    ['notes without end', { notes: Array.from({ length: 1_001 }, () => 'a') }, /notes: /],
    [
      'an expected error without end',
      { expected: [{ template: 'x'.repeat(10_001), frames: [] }] },
      /expected.0.template/,
    ],
    ['no limits', { limits: undefined }, /limits/],
    ['more memory than any machine', { limits: { ...request.limits, memoryMb: 1e9 } }, /limits.memoryMb/],
    ['endless time', { limits: { ...request.limits, timeoutMs: 1e12 } }, /limits.timeoutMs/],
    ['a field that nobody reads', { HostConfig: { Privileged: true } }, /HostConfig/],
    ['a field in an expected error', { expected: [{ ...expectedError, command: ['id'] }] }, /expected.0: .*command/],
    ['a kind of change that is none', { revisions: [archive, { ...archive, change: 'all' }] }, /revisions.1.change/],
    ['settings of Docker', { limits: { ...request.limits, Privileged: true } }, /Privileged/],
  ])('with %s is refused for good, and says why', (_, change, message) => {
    const failure = expect.objectContaining({
      type: 'Sandbox.BadRequest',
      nonRetryable: true,
      message: expect.stringMatching(message) as string,
    }) as Error;
    expect(() => parse(change)).toThrow(failure);
  });

  test('that is nothing at all is refused as well', () => {
    expect(() => parseSandboxRequest(undefined, [])).toThrow(/The sandbox takes no such request: it: /);
  });
});
