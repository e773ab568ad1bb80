import { describe, expect, it } from 'vitest';
import { readAlerts, readDecision, readSteer } from '../../../src/domain/incident/messages.ts';

const junk: readonly unknown[] = [
  undefined,
  null,
  '',
  'junk',
  5,
  true,
  [],
  [null],
  {},
  { planDigest: 1 },
  { by: {} },
  { text: 7 },
];

describe('messages', () => {
  it.each(junk)('%j is refused with what to send instead, and never throws', (input) => {
    expect(readDecision(input)).toHaveProperty('fault');
    expect(readDecision(input, 'approve')).toHaveProperty('fault');
    expect(readSteer(input)).toHaveProperty('fault');
    expect(readAlerts(input, 'order', '2026-01-01T00:00:00Z').alerts).toEqual([]);
  });

  it('demands a reason of a rejection, whichever way it comes', () => {
    const without = { planDigest: 'd', by: 'ana' };
    expect(readDecision(without, 'reject')).toHaveProperty('fault');
    expect(readDecision({ ...without, decision: 'reject', reason: 5 })).toHaveProperty('fault');
    expect(readDecision({ ...without, reason: 'no' }, 'reject')).toEqual({
      ...without,
      decision: 'reject',
      reason: 'no',
    });
    expect(readDecision({ ...without, comment: 'go' }, 'approve')).toEqual({
      ...without,
      decision: 'approve',
      reason: 'go',
    });
  });

  it('fills in what an alert sent by hand does not tell, and keeps what it tells', () => {
    const { alerts, faults } = readAlerts(
      [{ name: 'Down', labels: { a: 'b', c: 1 } }, { x: 1 }],
      'order',
      '2026-01-01T00:00:00Z',
    );
    expect(faults).toHaveLength(1);
    expect(alerts).toMatchObject([
      {
        name: 'Down',
        service: 'order',
        status: 'firing',
        severity: 'warning',
        labels: { a: 'b' },
        startsAt: '2026-01-01T00:00:00Z',
      },
    ]);
  });
});
