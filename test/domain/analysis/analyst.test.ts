import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import type { EngineInput } from '../../../src/domain/engine.ts';
import { at, chatter, commit, deploy, incident, repeat } from './incident.ts';

const graph = { booking: ['identity', 'ledger'], identity: [], ledger: [] };

const shorterGrants = commit(
  'identity',
  15,
  'housekeeping of grants',
  'src/grants.rb',
  ['@@ -3,3 +3,3 @@ module Grants', '-GRANT_TTL = 12 * 60 * 60', '+GRANT_TTL = 30 * 60', ' KEY_BYTES = 32'].join('\n'),
);
const newFooter = commit(
  'booking',
  40,
  'new footer and access token colours',
  'src/views/footer.erb',
  ['@@ -1,2 +1,2 @@', '-<p>Old footer</p>', '+<p>New footer</p>'].join('\n'),
);
const ledgerRounding = commit(
  'ledger',
  35,
  'round at the end',
  'src/rounding.rb',
  ['@@ -8,2 +8,2 @@ def total', '-  lines.sum { |l| l.amount.round(2) }', '+  lines.sum(&:amount).round(2)'].join('\n'),
);

/** A callee that is right from its own view rejects what it accepted before; the caller was deployed harmlessly just before. */
function contractChange(more: Partial<EngineInput> = {}): EngineInput {
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

function expectSound(input: EngineInput) {
  const diagnosis = analyse(input);
  expect(findAnswerFault(input, diagnosis)).toBeUndefined();
  expect(diagnosis.statement.every((claim) => claim.evidence.length > 0 || diagnosis.verdict === 'inconclusive')).toBe(
    true,
  );
  return diagnosis;
}

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
              message: 'payment not booked: connect ECONNREFUSED 10.9.8.7:9443',
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
    expect(diagnosis.statement.map((claim) => claim.text).join(' ')).toContain('10.9.8.7:9443');
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

  it('rules out what was deployed after the failure began', () => {
    const late = { ...shorterGrants };
    const input = contractChange();
    const evidence = input.evidence.map((item) =>
      item.evidence.id === 'identity/deploys/1' && item.body?.kind === 'deploys'
        ? { ...item, body: { ...item.body, deploys: [deploy(late, 56)] } }
        : item,
    );
    const diagnosis = expectSound({ ...input, evidence });
    expect(diagnosis.change).not.toBe(late.id);
    expect(diagnosis.ruledOut.find((item) => item.candidate === late.id)?.reason).toContain('after the failure began');
  });

  it('does not propose again what people rejected, and hears what they said', () => {
    expect(expectSound(contractChange({ rejected: [shorterGrants.id] })).change).not.toBe(shorterGrants.id);
    expect(expectSound(contractChange({ guidance: ['It is not identity, look at ledger.'] })).service).not.toBe(
      'identity',
    );
  });

  it('is less sure when a source did not answer', () => {
    const input = contractChange();
    const gap = {
      evidence: {
        id: 'ledger/metrics/1',
        service: 'ledger',
        kind: 'metrics',
        source: 'prometheus',
        query: 'up',
        window: { from: at(0), to: at(60) },
        outcome: 'failed',
        summary: 'failed',
        reason: 'timeout',
      },
    } as const;
    const [whole, gappy] = [analyse(input), analyse({ ...input, evidence: [...input.evidence, gap] })];
    expect(gappy.confidence).toBeLessThan(whole.confidence);
    expect(gappy.missing.join(' ')).toContain('ledger: metrics from prometheus failed');
  });

  it('sets a recalled lesson beside fresh evidence without following it', () => {
    const lesson = {
      id: 'old',
      incidentId: 'i',
      runId: 'r',
      closedAt: at(-9000),
      alertName: 'TooManyErrors',
      alertService: 'booking',
      causeService: 'identity',
      category: 'code-change',
      change: 'x',
      outcome: 'recovered',
      signatures: ['upstream identity answered 401'],
      fix: '',
      text: '',
    };
    const [same, other] = expectSound(
      contractChange({ lessons: [lesson, { ...lesson, id: 'wrong', causeService: 'ledger' }] }),
    ).lessons;
    expect(same).toMatchObject({ id: 'old', agreement: 'agrees' });
    expect(other).toMatchObject({ id: 'wrong', agreement: 'disagrees' });
  });
});
