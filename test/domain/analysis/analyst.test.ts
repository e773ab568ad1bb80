import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { contractChange, expectSound, graph, ledgerRounding, newFooter, shorterGrants } from './contract-change.ts';
import type { MetricSeries } from '../../../src/domain/evidence/evidence.ts';
import { at, chatter, commit, deploy, incident, repeat } from './incident.ts';

const steadyErrors: MetricSeries = {
  name: 'http errors per second',
  expression: 'errors',
  labels: {},
  points: Array.from({ length: 90 }, (_, n) => [at(n - 30), 0.2 + 0.01 * (n % 3)] as const),
};

describe('analyst', () => {
  it('accuses the callee whose contract changed, not the caller that was deployed last', () => {
    const diagnosis = expectSound(contractChange());
    expect(diagnosis).toMatchObject({
      verdict: 'cause',
      service: 'identity',
      change: shorterGrants.id,
      before: shorterGrants.parent,
    });
    expect(diagnosis.suspects[0]).toBe(shorterGrants.id);
    expect(diagnosis.ruledOut.map((item) => item.candidate)).toEqual(
      expect.arrayContaining([newFooter.id, ledgerRounding.id]),
    );
    expect(diagnosis.ruledOut.every((item) => item.reason !== '' && item.evidence.length > 0)).toBe(true);
    expect(diagnosis.evidence).toEqual(
      expect.arrayContaining(['booking/logs/1', 'identity/changes/1', 'identity/deploys/1']),
    );
  });

  it('gives the same answer whatever the order of the evidence', () => {
    const input = contractChange();
    expect(analyse({ ...input, evidence: [...input.evidence].reverse() })).toEqual(analyse(input));
  });

  it('finds the caller at fault when its own deploy made it send what the callee refuses', () => {
    const renamed = commit(
      'booking',
      30,
      'tidy payload builder',
      'app/ledger_client.py',
      [
        '@@ -20,3 +20,3 @@ def charge_payload(order):',
        '-    return {"currency": order.currency, "amount": order.amount}',
        '+    return {"ccy": order.currency, "amount": order.amount}',
      ].join('\n'),
    );
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(42, 60, 6, () => ({
              level: 'error',
              message: 'call to ledger failed',
              fields: { upstream: 'ledger', status: 422, error: 'missing field currency' },
            })),
          ],
          changes: [renamed],
          deploys: [deploy(renamed, 41)],
        },
        ledger: {
          lines: [
            ...chatter(),
            ...repeat(42, 60, 6, () => ({
              level: 'warn',
              message: 'request refused: missing field currency',
              fields: { status: 422 },
            })),
          ],
          changes: [ledgerRounding],
          deploys: [deploy(ledgerRounding, 36)],
        },
      },
      graph,
    );
    expect(expectSound(input)).toMatchObject({ verdict: 'cause', service: 'booking', change: renamed.id });
  });

  it('accuses the commit that a stack frame points into', () => {
    const guard = commit(
      'booking',
      40,
      'simplify seat lookup',
      'lib/seats.js',
      [
        '@@ -10,6 +10,5 @@ function seatOf(passenger) {',
        '   const row = plan.find(passenger.id);',
        '-  if (!row) return undefined;',
        '   return row.seat.label;',
        ' }',
      ].join('\n'),
    );
    const noise = commit(
      'booking',
      44,
      'faster label printing',
      'lib/labels.js',
      ['@@ -2,2 +2,2 @@ function print(label) {', '-  queue.push(label);', '+  queue.unshift(label);'].join('\n'),
    );
    const stack =
      "TypeError: Cannot read properties of undefined (reading 'seat')\n    at seatOf (/app/lib/seats.js:12:14)\n    at /app/node_modules/router/index.js:99:3";
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(45, 60, 9, () => ({ level: 'error', message: 'unhandled error', fields: { stack } })),
          ],
          changes: [guard, noise],
          deploys: [deploy({ ...noise, parent: 'a'.repeat(40) }, 45)],
        },
      },
      graph,
    );
    const diagnosis = expectSound(input);
    expect(diagnosis).toMatchObject({ verdict: 'cause', service: 'booking', change: guard.id });
    expect(diagnosis.confidence).toBeGreaterThan(0.6);
  });

  it('says that the cause lies outside when calls to an unknown system fail', () => {
    const retries = commit(
      'ledger',
      38,
      'tune bank client retries',
      'src/bank_client.rb',
      ['@@ -4,2 +4,2 @@ class BankClient', '-  RETRIES = 2', '+  RETRIES = 3'].join('\n'),
    );
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(46, 60, 8, () => ({
              level: 'error',
              message: 'upstream ledger answered 502',
              fields: { upstream: 'ledger', status: 502 },
            })),
          ],
          changes: [newFooter],
          deploys: [deploy(newFooter, 43)],
        },
        ledger: {
          lines: [
            ...chatter(),
            ...repeat(46, 60, 8, () => ({
              level: 'error',
              message: 'payment not booked: connect ECONNREFUSED 203.0.113.7:9443',
              fields: {},
            })),
          ],
          changes: [retries],
          deploys: [deploy(retries, 39)],
        },
      },
      graph,
    );
    const diagnosis = expectSound(input);
    expect(diagnosis).toMatchObject({
      verdict: 'cause',
      change: 'none',
      category: 'outside-dependency',
      service: 'ledger',
      suspects: [],
    });
    expect(diagnosis.statement.map((claim) => claim.text).join(' ')).toContain('203.0.113.7:9443');
    expect(diagnosis.ruledOut.map((item) => item.candidate)).toContain(retries.id);
  });

  it('finds no fault where nothing is out of the ordinary', () => {
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(-30, 60, 300, () => ({ level: 'warn', message: 'seat map is stale', fields: {} })),
          ],
          series: [steadyErrors],
          changes: [newFooter],
          deploys: [deploy(newFooter, 47)],
        },
        ledger: { lines: chatter(), changes: [ledgerRounding], deploys: [] },
      },
      graph,
    );
    expect(expectSound(input)).toMatchObject({ verdict: 'no-fault', change: 'none', category: 'none' });
  });

  it('abstains when nothing could be read, and names what is missing', () => {
    const input = incident({ booking: {} }, graph);
    const failed = {
      id: 'booking/logs/1',
      service: 'booking',
      kind: 'logs',
      source: 'logs x',
      query: 'x',
      window: { from: at(0), to: at(60) },
      outcome: 'failed',
      summary: 'failed',
      reason: 'permission denied',
    } as const;
    const diagnosis = expectSound({ ...input, evidence: [{ evidence: failed }] });
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', change: 'none', confidence: 0 });
    expect(diagnosis.missing.join(' ')).toContain('permission denied');
  });

  it('abstains between two changes that explain the symptoms equally well', () => {
    const cut = (name: string) =>
      commit(
        'booking',
        name === 'a' ? 40 : 41,
        `smaller ${name}`,
        `src/${name}.go`,
        [`@@ -3,1 +3,1 @@ func ${name}()`, `-const poolSize = 50`, `+const poolSize = 5`].join('\n'),
      );
    const [first, second] = [cut('a'), cut('b')];
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(45, 60, 10, () => ({ level: 'error', message: 'connection pool exhausted, size 5', fields: {} })),
          ],
          changes: [first, second],
          deploys: [deploy(first, 43), deploy(second, 44)],
        },
      },
      graph,
    );
    const diagnosis = expectSound(input);
    expect(diagnosis.verdict).toBe('inconclusive');
    expect([...diagnosis.suspects].sort()).toEqual([first.id, second.id].sort());
    expect(diagnosis.missing.join(' ')).toContain('reproduction');
  });
});
