import { describe, expect, test } from 'vitest';
import { countApprovalsNeeded, decideByMode, findGravest, isInsideGuardrails } from '../../../src/domain/plan/mode.ts';
import type { Mode, PolicyDecision, Risk } from '../../../src/domain/plan/plan.ts';
import { gradeRisk, rankRisk } from '../../../src/domain/plan/risk.ts';

/** DESIGN.md, "Modes and risk", word by word; `inside/outside` the guardrails where it matters. */
const table: Record<Mode, Record<Risk, string>> = {
  observe: { read: 'auto', low: 'forbid', medium: 'forbid', high: 'forbid' },
  assist: { read: 'auto', low: 'ask', medium: 'ask', high: 'ask' },
  'semi-auto': { read: 'auto', low: 'auto', medium: 'ask', high: 'ask' },
  collaborative: { read: 'auto', low: 'auto', medium: 'auto/ask', high: 'ask' },
};

describe('the mode of a service', () => {
  for (const [mode, row] of Object.entries(table) as [Mode, Record<Risk, string>][]) {
    for (const [risk, cell] of Object.entries(row) as [Risk, string][]) {
      test(`${mode} at risk ${risk}: ${cell}`, () => {
        const [inside, outside = inside] = cell.split('/') as PolicyDecision[];
        expect([decideByMode(mode, risk, true), decideByMode(mode, risk, false)]).toEqual([inside, outside]);
      });
    }
  }

  test('asks two people only for a high risk in collaborative', () => {
    expect(countApprovalsNeeded('collaborative', 'high')).toBe(2);
    expect(countApprovalsNeeded('collaborative', 'medium')).toBe(1);
    expect(countApprovalsNeeded('assist', 'high')).toBe(1);
  });

  test('the gravest decision counts, and no decision is a prohibition', () => {
    expect(findGravest(['auto', 'ask', 'auto'])).toBe('ask');
    expect(findGravest(['ask', 'forbid'])).toBe('forbid');
    expect(findGravest([])).toBe('forbid');
  });

  test('guardrails end at a second service and at the fourth action of a day', () => {
    expect(isInsideGuardrails({ blastRadius: 1, actionsToday: 2 })).toBe(true);
    expect(isInsideGuardrails({ blastRadius: 1, actionsToday: 3 })).toBe(false);
    expect(isInsideGuardrails({ blastRadius: 2, actionsToday: 0 })).toBe(false);
  });
});

describe('risk', () => {
  test.each([
    ['service.restart', true, [], 'low'],
    ['service.restart', false, [], 'medium'],
    ['deploy.rollback', true, [], 'medium'],
    ['deploy.rollback', false, [], 'high'],
    ['deploy.rollback', true, ['revision'], 'high'],
    ['service.restart', false, ['x'], 'high'],
    ['config.rollback', false, ['commit'], 'high'],
  ] as const)('%s, reproduced %s, tainted %j: %s', (type, reproduced, tainted, risk) => {
    expect(gradeRisk(type, { reproduced, tainted })).toBe(risk);
  });

  test('ranks from read to high', () => {
    expect((['read', 'low', 'medium', 'high'] as const).map(rankRisk)).toEqual([0, 1, 2, 3]);
  });
});
