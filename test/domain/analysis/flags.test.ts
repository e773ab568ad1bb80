import { describe, expect, it } from 'vitest';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import type { FlagChange } from '../../../src/domain/evidence/evidence.ts';
import { at, chatter, commit, deploy, incident, incidentFrom, repeat, window, wrap } from './incident.ts';

/** Bookings fail from minute 40 on while seats are priced; commits and flags beside it vary. */
function withFlags(flags: readonly FlagChange[]) {
  const footer = commit('booking', 0, 'Show the new footer', 'web/footer.ts', '@@ -1,1 +1,1 @@\n-old\n+new');
  const input = incident(
    {
      booking: {
        lines: [
          ...chatter(),
          ...repeat(40, 60, 6, () => ({
            level: 'error',
            message: 'seat pricing v2 failed: no tariff for cabin',
            fields: { status: 500, error: 'SeatPricingError' },
          })),
        ],
        changes: [footer],
        deploys: [deploy(footer, 5)],
      },
    },
    {},
  );
  return {
    ...input,
    evidence: [...input.evidence, wrap('booking', 'flags', { kind: 'flags', service: 'booking', flags })],
  };
}

const seats: FlagChange = {
  id: 'flag-17',
  service: 'booking',
  flag: 'seat-pricing-v2',
  at: at(39, 30),
  from: 'off',
  to: 'on',
  by: 'ana',
};
const banner: FlagChange = {
  id: 'flag-18',
  service: 'booking',
  flag: 'winter-banner',
  at: at(20),
  from: 'off',
  to: 'on',
};

describe('a flag that was changed', () => {
  it('just before the failure, and speaks of it, is the cause; one that does not is ruled out', () => {
    const input = withFlags([banner, seats]);
    const diagnosis = analyse(input);
    expect(diagnosis).toMatchObject({
      verdict: 'cause',
      service: 'booking',
      change: 'flag-17',
      category: 'config-change',
      suspects: [],
    });
    expect(diagnosis.confidence, 'words and time alone').toBeLessThan(0.8);
    expect(diagnosis.statement.map(({ text }) => text).join(' ')).toContain(
      'Flag `seat-pricing-v2` of booking was set from `off` to `on`',
    );
    expect(diagnosis.ruledOut.map(({ candidate }) => candidate)).toContain('flag-18');
    expect(findAnswerFault(input, diagnosis)).toBeUndefined();
    expect(analyseBundle({ window, incidentFrom, input }).remediation).toBe('flag.revert');
  });

  it.each([
    ['after the failure began', [{ ...seats, at: at(50) }], /changed about \d+ min after the failure began/],
    [
      'and set back before the failure',
      [
        { ...seats, at: at(10) },
        { ...seats, id: 'flag-19', at: at(12), from: 'on', to: 'off' },
      ],
      /changed once more before the failure began/,
    ],
  ])('%s is ruled out with that reason', (_when, flags, reason) => {
    const diagnosis = analyse(withFlags(flags));
    expect(diagnosis.change).not.toBe('flag-17');
    expect(diagnosis.ruledOut.find(({ candidate }) => candidate === 'flag-17')?.reason).toMatch(reason);
  });
});
