import { describe, expect, it } from 'vitest';
import { judgeReplay } from '../../../src/domain/reproduction/judge-replay.ts';
import type { ChosenRequest, ReplayAnswer } from '../../../src/domain/reproduction/replay.ts';

const recorded = (rest: Partial<ChosenRequest>): ChosenRequest => ({
  method: 'GET',
  path: '/a',
  at: '2026-11-21T10:00:00.000Z',
  service: 'app',
  fault: 'server-error',
  evidenceId: 'app/logs/1',
  failures: 1,
  ...rest,
});
const answered = (status: number, durationMs = 10): ReplayAnswer => ({
  kind: 'answered',
  status,
  durationMs,
  contentType: '',
  body: '',
});
const broken: ReplayAnswer = { kind: 'broken', durationMs: 10, detail: 'ECONNRESET' };
const silent: ReplayAnswer = { kind: 'silent', durationMs: 5_000, detail: '' };
const slow = recorded({ fault: 'slow', status: 200, durationMs: 2_000 });

describe('judgeReplay', () => {
  it.each<[string, ChosenRequest, ReplayAnswer, string]>([
    ['the status of production', recorded({ status: 500 }), answered(500), 'same'],
    ['another server error', recorded({ status: 502 }), answered(500), 'other'],
    ['no failure', recorded({ status: 500 }), answered(200), 'well'],
    ['a client error where production had a server error', recorded({ status: 500 }), answered(404), 'well'],
    ['any server error where production logged only an error', recorded({}), answered(503), 'same'],
    ['a crash where a proxy said 502', recorded({ status: 502 }), broken, 'same'],
    ['a crash where production answered 500', recorded({ status: 500 }), broken, 'other'],
    ['a hang where a proxy said 504', recorded({ status: 504 }), silent, 'same'],
    ['the client error of production', recorded({ fault: 'client-error', status: 401 }), answered(401), 'same'],
    ['another client error', recorded({ fault: 'client-error', status: 401 }), answered(404), 'well'],
    ['the slowness of production', slow, answered(200, 1_100), 'same'],
    ['a quick answer', slow, answered(200, 40), 'well'],
    ['a quick failure instead of a slow answer', slow, answered(500, 40), 'other'],
    ['no answer at all instead of a slow one', slow, silent, 'same'],
  ])('tells %s', (_name, request, answer, kind) => {
    expect(judgeReplay(request, answer).kind).toBe(kind);
  });

  it('says what was seen and what was wanted', () => {
    expect(judgeReplay(recorded({ status: 502 }), answered(500)).why).toBe('answered 500 in 10 ms; in production 502');
    expect(judgeReplay(slow, answered(200, 40)).why).toBe('answered 200 in 40 ms; in production 2000 ms');
  });
});
