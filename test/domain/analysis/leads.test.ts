import { describe, expect, it } from 'vitest';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import { listSuspectServices } from '../../../src/domain/diagnosis/reconcile.ts';
import { at, chatter, commit, deploy, incident, incidentFrom, repeat, window, wrap } from './incident.ts';

const greeting = commit(
  'ferry',
  30,
  'Greet in two tongues',
  'i18n/fr.json',
  '@@ -1 +1,2 @@\n {\n+  "hello": "salut",\n',
);
const failing = repeat(40, 60, 5, () => ({ level: 'error', message: 'the crane refuses', fields: {} }));
const input = incident(
  { ferry: { lines: [...chatter(), ...failing], changes: [greeting], deploys: [deploy(greeting, 39)] } },
  { ferry: [] },
);
const analyse = (evidence = input) => analyseBundle({ window, incidentFrom, input: evidence });

describe('one change that came just before the failure, with nothing in it that speaks of it', () => {
  const { diagnosis, remediation } = analyse();

  it('is a lead and no cause, and nothing is to be undone for it', () => {
    expect(findAnswerFault(input, diagnosis) ?? '').toBe('');
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', service: '', change: 'none', confidence: 0 });
    expect(remediation).toBe('none');
  });

  it('is named with its time, and with what would confirm it', () => {
    expect(diagnosis.statement[0]?.text).toContain('a lead to test');
    expect(diagnosis.statement[1]?.text).toMatch(/Greet in two tongues.*1 min before the failure began/);
    expect(diagnosis.missing.join(' ')).toMatch(/a reproduction with \w{8} and with what ran before it/);
  });

  it('is still tried first by the sandbox', () => {
    expect(listSuspectServices(diagnosis)[0]).toEqual({
      service: 'ferry',
      suspects: [greeting.id],
      before: greeting.parent,
    });
  });
});

describe('an answer that is unsure', () => {
  /** Sources that failed cast doubt: each takes from the confidence. */
  const withGaps = (gaps: number) => {
    const [logs, ...rest] = input.evidence;
    const outside = repeat(40, 60, 5, () => ({
      level: 'error' as const,
      message: 'POST https://api.lighthouse.example/v1 -> 503 Service Unavailable',
      fields: {},
    }));
    const body = { kind: 'logs', service: 'ferry', incidentFrom, lines: [...chatter(), ...outside] } as const;
    const failed = Array.from({ length: gaps }, (_, n) => ({
      evidence: {
        ...(logs?.evidence ?? input.evidence[0]!.evidence),
        id: `ferry/metrics/${n + 1}`,
        kind: 'metrics' as const,
        outcome: 'failed' as const,
        reason: 'no answer',
      },
    }));
    return { ...input, evidence: [...(logs ? [{ ...logs, body }] : []), ...rest, ...failed] };
  };

  it('names its cause while little is missing, and with much missing tells it as a lead', () => {
    expect(analyse(withGaps(1)).diagnosis).toMatchObject({ verdict: 'cause', category: 'outside-dependency' });
    const { diagnosis, remediation } = analyse(withGaps(6));
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', service: '', category: 'unknown', confidence: 0 });
    expect(diagnosis.statement[0]?.text).toContain('too weak to call it the cause');
    expect(diagnosis.statement.map(({ text }) => text).join(' ')).toContain('api.lighthouse.example');
    expect(remediation).toBe('none');
  });
});

describe('where nothing is known', () => {
  it('no service is called the first to fail, and none is suspect', () => {
    const { diagnosis, firstFailingService, blastRadius, ranking } = analyse(incident({ ghost: {} }, {}));
    expect(diagnosis.verdict).toBe('inconclusive');
    expect({ firstFailingService, blastRadius }).toEqual({ firstFailingService: '', blastRadius: [] });
    expect(ranking).toEqual([{ service: 'ghost', score: 0, why: '' }]);
  });

  it('a provider that tells of an outage does not make it calm, nor the changes of a neighbour a cause: they are leads', () => {
    const outage = wrap('paygate', 'events', {
      kind: 'events',
      service: 'paygate',
      incidentFrom,
      events: [{ at: at(20), severity: 'error', object: 'Payments', reason: 'MajorOutage', message: 'Major outage' }],
    });
    const alone = incident({ ghost: {} }, {});
    const told = analyse({ ...alone, evidence: [outage] }).diagnosis;
    expect(told).toMatchObject({ verdict: 'inconclusive', confidence: 0 });
    expect(told.statement[0]?.text).toContain('Nothing that was collected shows how ghost was');

    const rename = commit('crew', 30, 'Rename mail to email', 'crew.py', '@@ -1 +1 @@\n-x["mail"]\n+x["email"]\n');
    const changed = incident({ ghost: {}, crew: { changes: [rename] } }, { ghost: ['crew'] });
    const { diagnosis } = analyse(changed);
    expect(findAnswerFault(changed, diagnosis) ?? '').toBe('');
    expect(diagnosis).toMatchObject({ verdict: 'inconclusive', suspects: [rename.id] });
    expect(diagnosis.statement[1]?.text).toContain('Rename mail to email');
  });

  it('all that was looked at is listed, with how often it is cited', () => {
    const gone = { ...input.evidence[0]!.evidence, id: 'ferry/metrics/1', kind: 'metrics' as const };
    const failed = { evidence: { ...gone, outcome: 'failed' as const, reason: 'no answer' } };
    const { evidence } = analyse({ ...input, evidence: [...input.evidence, failed] });
    expect(evidence.map(({ id }) => id)).toEqual([...input.evidence, failed].map((item) => item.evidence.id));
    expect(evidence.find(({ id }) => id === 'ferry/metrics/1')).toMatchObject({
      outcome: 'failed',
      reason: 'no answer',
      citations: 0,
    });
    expect(evidence.find(({ id }) => id === 'ferry/logs/1')?.citations).toBeGreaterThan(0);
  });
});
