import { describe, expect, it } from 'vitest';
import type { EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { readSignatures } from '../../../src/domain/reproduction/expected.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 1, 12, 0, second)).toISOString();
const line = (second: number, message: string, rest: Partial<LogLine> = {}): LogLine => ({
  at: at(second),
  level: 'error',
  message,
  fields: {},
  ...rest,
});

/** Chatter from the beginning, so that history is known; the incident begins after 1,000 of 2,000 seconds. */
function logs(lines: readonly LogLine[]): EvidenceWithBody {
  const chatter = Array.from({ length: 200 }, (_, index) => line(index * 10, 'served', { level: 'info' }));
  const all = [...chatter, ...lines].sort((one, other) => (one.at < other.at ? -1 : 1));
  return {
    evidence: {
      id: 'app/logs/1',
      service: 'app',
      kind: 'logs',
      source: '',
      query: '',
      window: { from: at(0), to: at(2_000) },
      outcome: 'found',
      summary: '',
    },
    body: { kind: 'logs', service: 'app', incidentFrom: at(1_000), lines: all },
  };
}

const stack = "TypeError: no total of 'mug'\n    at total (/srv/app/src/total.js:12:3)\n    at node:internal/x:1:1";

describe('readSignatures', () => {
  it('takes what is new in the incident and leaves what was there before', () => {
    const old = Array.from({ length: 60 }, (_, index) => line(index * 33, 'the printer is out of paper'));
    const found = readSignatures([
      logs([...old, line(1_200, 'token of session 7 expired'), line(1_300, 'token of session 9 expired')]),
    ]);
    expect(found.map(({ template }) => template)).toEqual(['token of session <*> expired']);
  });

  it('reads the stack that a line carries below itself or in a field, and the status beside it', () => {
    const [below] = readSignatures([logs([line(1_200, stack)])]);
    expect(below).toMatchObject({
      type: 'TypeError',
      template: 'no total of <*>',
      frames: [{ service: 'app', file: '/srv/app/src/total.js', line: 12, symbol: 'total' }],
    });
    const fields = { 'err.stack': stack, 'err.type': 'TypeError', 'err.message': "no total of 'mug'", status: 502 };
    const found = readSignatures([logs([line(1_200, 'unhandled error', { fields })])]);
    expect(found[0]).toMatchObject({ type: 'TypeError', frames: [{ line: 12 }] });
    expect(found.some(({ status }) => status === 502)).toBe(true);
    expect(found.some(({ template }) => template === 'unhandled error')).toBe(true);
  });

  it('takes the answers of failing requests, at whatever level they are written', () => {
    const answer = (second: number) =>
      line(second, 'request', { level: 'info', fields: { route: 'POST /orders', status: 502 } });
    const found = readSignatures([logs(Array.from({ length: 60 }, (_, index) => answer(1_100 + index * 10)))]);
    expect(found).toContainEqual({ template: 'request', frames: [], status: 502 });
  });

  it('gives ten at most, and none for logs without an error', () => {
    const words = 'alpha bravo charlie delta echo foxtrot golf hotel india juliett kilo lima mike'.split(' ');
    const many = words.map((word, index) => line(1_100 + index, `${word} ${word} ${word} failed in ${word}`));
    expect(readSignatures([logs(many)])).toHaveLength(10);
    expect(readSignatures([logs([])])).toEqual([]);
  });
});
