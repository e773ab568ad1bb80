import { describe, expect, it } from 'vitest';
import { findLogPatterns } from '../../../../src/domain/analysis/logs/patterns.ts';
import type { LogLine } from '../../../../src/domain/evidence/evidence.ts';
import { at, chatter, incidentFrom, repeat, wrap } from '../incident.ts';

function patternsOf(lines: readonly LogLine[]) {
  const { evidence, body } = wrap('svc', 'logs', { kind: 'logs', service: 'svc', incidentFrom, lines });
  if (body?.kind !== 'logs') throw new Error('no logs');
  return findLogPatterns(evidence, { ...body, lines: [...lines].sort((a, b) => (a.at < b.at ? -1 : 1)) });
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
