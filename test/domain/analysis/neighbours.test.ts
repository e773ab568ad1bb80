import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { gatherFacts } from '../../../src/domain/analysis/facts.ts';
import { followCalls } from '../../../src/domain/analysis/suspicion.ts';
import { chatter, incident, repeat } from './incident.ts';

const failing = (message: string, stepSeconds: number) => [
  ...chatter(),
  ...repeat(45, 60, stepSeconds, () => ({ level: 'error', message, fields: {} })),
];

describe('services around the alert', () => {
  it('count for little where no chain of calls joins them with it, however loud they are', () => {
    const input = incident(
      {
        shop: { lines: failing('call to pay-desk failed: 500', 20) },
        'pay-desk': { lines: failing('RangeError: rounding necessary', 20) },
        'find-it': { lines: failing('TypeError: vector is null', 1) },
      },
      { shop: ['pay-desk'], home: ['find-it'] },
    );
    const shares = new Map(followCalls(gatherFacts(input), 'shop').map(({ service, share }) => [service, share]));
    expect(shares.get('pay-desk')).toBe(1);
    expect(shares.get('find-it')).toBeLessThan(0.1);
  });

  it('that repeat what a callee says of its own state do not hold that state', () => {
    const full = 'could not extend file "base/1": No space left on device';
    const lines = { shop: failing(`query failed: ${full}`, 5), store: failing(`ERROR: ${full}`, 5) };
    const asked = (dependencies: Record<string, string[]>) =>
      analyse(incident({ shop: { lines: lines.shop }, store: { lines: lines.store } }, dependencies));
    expect(asked({ shop: ['store'] })).toMatchObject({ verdict: 'cause', service: 'store', condition: 'storage-full' });
    expect(asked({})).toMatchObject({ service: 'shop' });
  });
});
