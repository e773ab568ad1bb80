import { expect } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import type { EngineInput } from '../../../src/domain/diagnosis/engine.ts';
import { chatter, commit, deploy, incident, repeat } from './incident.ts';

export const graph = { booking: ['identity', 'ledger'], identity: [], ledger: [] };

export const shorterGrants = commit(
  'identity',
  15,
  'housekeeping of grants',
  'src/grants.rb',
  ['@@ -3,3 +3,3 @@ module Grants', '-GRANT_TTL = 12 * 60 * 60', '+GRANT_TTL = 30 * 60', ' KEY_BYTES = 32'].join('\n'),
);
export const newFooter = commit(
  'booking',
  40,
  'new footer and access token colours',
  'src/views/footer.erb',
  ['@@ -1,2 +1,2 @@', '-<p>Old footer</p>', '+<p>New footer</p>'].join('\n'),
);
export const ledgerRounding = commit(
  'ledger',
  35,
  'round at the end',
  'src/rounding.rb',
  ['@@ -8,2 +8,2 @@ def total', '-  lines.sum { |l| l.amount.round(2) }', '+  lines.sum(&:amount).round(2)'].join('\n'),
);

/** A callee that is right from its own view rejects what it accepted before; the caller was deployed harmlessly just before. */
export function contractChange(more: Partial<EngineInput> = {}): EngineInput {
  return incident(
    {
      booking: {
        lines: [
          ...chatter(),
          ...repeat(50, 60, 5, (n) => ({
            level: 'error',
            message: 'upstream identity answered 401',
            fields: { upstream: 'identity', status: 401, requestId: `b${n}` },
          })),
        ],
        changes: [newFooter],
        deploys: [deploy(newFooter, 47)],
      },
      identity: {
        lines: [
          ...chatter(),
          ...repeat(50, 60, 5, (n) => ({
            level: 'warn',
            message: 'grant rejected: expired',
            fields: { client: 'booking', requestId: `b${n}` },
          })),
        ],
        changes: [shorterGrants],
        deploys: [deploy(shorterGrants, 20)],
      },
      ledger: { lines: chatter(), changes: [ledgerRounding], deploys: [deploy(ledgerRounding, 44)] },
    },
    graph,
    more,
  );
}

/** Analyses, and checks what must hold for every answer. */
export function expectSound(input: EngineInput) {
  const diagnosis = analyse(input);
  expect(findAnswerFault(input, diagnosis)).toBeUndefined();
  expect(diagnosis.statement.every((claim) => claim.evidence.length > 0 || diagnosis.verdict === 'inconclusive')).toBe(
    true,
  );
  return diagnosis;
}
