import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { gatherFacts } from '../../../src/domain/analysis/facts.ts';
import { followCalls } from '../../../src/domain/analysis/suspicion.ts';
import { contractChange, expectSound, shorterGrants } from './contract-change.ts';
import { at, chatter, commit, deploy, incident, repeat } from './incident.ts';

describe('analyst, in doubt and in conversation', () => {
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

  it('stays with a cause when people rejected an action, and leaves it when they speak against it', () => {
    const rejected = ['deploy.rollback identity'];
    const hear = (reason: string) => expectSound(contractChange({ rejected, guidance: [reason] }));
    expect(hear('A migration ran.').change).toBe(shorterGrants.id);
    expect(hear(`It is not ${shorterGrants.id.slice(0, 12)}.`).change).not.toBe(shorterGrants.id);
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

  it('is not led by a recalled lesson, whatever it blames', () => {
    const lesson = {
      ...{ id: 'old', incidentId: 'i', runId: 'r', closedAt: at(-9000), alertName: 'TooManyErrors', fix: '', text: '' },
      ...{ alertService: 'booking', causeService: 'ledger', category: 'traffic', change: 'x', outcome: 'recovered' },
      signatures: ['upstream identity answered 401'],
    };
    const { lessons, ...led } = analyse(contractChange({ lessons: [lesson] }));
    expect(lessons).toHaveLength(1);
    expect(led).toEqual({ ...analyse(contractChange()), lessons: undefined });
  });

  it('suspects a callee that was deployed as its caller began to throw on its answers', () => {
    const logo = commit(
      'booking',
      40,
      'log the seat',
      'lib/book.js',
      ['@@ -30,2 +30,2 @@ function book(order) {', '-  store(order);', '+  store({ ...order, seen: true });'].join(
        '\n',
      ),
    );
    const fares = commit(
      'fares',
      49,
      'fares with currency',
      'src/answer.py',
      [
        '@@ -5,3 +5,3 @@ def answer(fare):',
        '-    return {"cents": fare.cents, "class": fare.cls}',
        '+    return {"fare": {"amount": fare.cents}, "class": fare.cls}',
      ].join('\n'),
    );
    const stack =
      "TypeError: Cannot read properties of undefined (reading 'toFixed')\n    at price (/app/lib/price.js:12:14)\n    at book (/app/lib/book.js:60:3)";
    const input = incident(
      {
        booking: {
          lines: [
            ...chatter(),
            ...repeat(50, 60, 4, () => ({ level: 'error', message: 'unhandled error', fields: { stack } })),
          ],
          changes: [logo],
          deploys: [deploy(logo, 41)],
        },
        fares: { lines: chatter(), changes: [fares], deploys: [deploy(fares, 49.9)] },
      },
      { booking: ['fares'], fares: [] },
    );
    expect(expectSound(input)).toMatchObject({ verdict: 'cause', service: 'fares', change: fares.id });
  });

  it('leaves a refused caller under suspicion beside the callee that refuses', () => {
    const input = contractChange();
    const shares = Object.fromEntries(
      followCalls(gatherFacts(input), 'booking').map((item) => [item.service, item.share]),
    );
    expect(shares['identity']).toBe(1);
    expect(shares['booking']).toBeGreaterThan(0.6);
    expect(shares['ledger']).toBeLessThan(0.05);
  });
});
