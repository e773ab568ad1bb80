import { describe, expect, it } from 'vitest';
import { inconclusive } from '../../../src/domain/diagnosis/diagnosis.ts';
import { learnLesson } from '../../../src/domain/evidence/lessons.ts';
import { block, plain } from '../../../src/domain/report/report-markdown.ts';
import { nameReport, renderReport } from '../../../src/domain/report/report.ts';
import { closedState } from '../../incident-state.ts';

describe('renderReport', () => {
  it('tells a whole incident as the golden file does', async () => {
    await expect(renderReport(closedState)).toMatchFileSnapshot('../fixtures/report.md');
  });

  it('gives the same bytes for the same state', () => {
    expect(renderReport(closedState)).toBe(renderReport(structuredClone(closedState)));
  });

  it('cites evidence behind each sentence of the diagnosis', () => {
    const report = renderReport(closedState);
    for (const claim of closedState.diagnosis?.statement ?? []) {
      expect(report).toContain(`- ${claim.text} ${claim.evidence.map((id) => `[${id}]`).join(' ')}`);
    }
  });

  it('holds no HTML, link, image or mention of an attacker', () => {
    const report = renderReport(closedState).replace(/`{4}text[\s\S]*?\n`{4}\n/u, '');
    expect(report).not.toMatch(/(?<!\\)<[a-z/!]/iu);
    expect(report).not.toMatch(/(?<!\\)\]\(/u);
    expect(report).not.toMatch(/https?:\/\/evil/u);
    expect(report).not.toMatch(/@channel/u);
  });

  it('names a citation that does not exist', () => {
    const diagnosis = { ...inconclusive('x', 'analyst'), against: [{ text: 'y', evidence: ['ghost/logs/1'] }] };
    expect(renderReport({ ...closedState, diagnosis })).toContain('cites ghost/logs/1, which is not evidence');
  });

  it('says in the story when an undo is not complete', () => {
    const report = renderReport({ ...closedState, outcome: 'rollback-incomplete', outcomeReason: 'The undo failed' });
    expect(report).toContain('**could not be undone wholly: a person has to finish it**. The undo failed.');
  });

  it('begins the sentence of a reason with a capital', () => {
    const report = renderReport({
      ...closedState,
      outcome: 'rolled-back',
      outcomeReason: 'the service did not recover',
    });
    expect(report).toContain('The plan did not help and was undone. The service did not recover.');
  });

  it('does not say that a plan was carried out when nothing had to be done', () => {
    const { remediation } = closedState;
    if (!remediation) throw new Error('The state of the tests holds no remediation.');
    const actions = remediation.actions.map((action) => ({ ...action, result: 'already-done' as const }));
    const state = { ...closedState, remediation: { ...remediation, actions } };
    expect(renderReport(closedState)).toContain('The plan was carried out and the service recovered');
    expect(renderReport(state)).toContain(
      'Nothing had to be carried out, because what the plan wants was there already',
    );
    expect(renderReport(state)).not.toContain('was carried out and');
    expect(learnLesson(state)?.fix).toContain('it was so already, nothing was done, and the service recovered.');
  });

  it('says of a plan that was rejected that it was, and that a later round proposed nothing', () => {
    const approvals = closedState.approvals.map((item) => ({ ...item, decision: 'reject' as const }));
    const report = renderReport({ ...closedState, round: 2, outcome: 'rejected', approvals });
    expect(report).toContain('**This plan was rejected by ana in round 1.** Round 2 proposed nothing in its place.');
    expect(renderReport(closedState)).not.toContain('This plan was');
  });

  it('tells the plan of a rejected incident word for word, and who rejected it', () => {
    const { remediation: _r, ...rest } = closedState;
    const [approval] = closedState.approvals;
    if (!approval) throw new Error('The state of the tests holds no approval.');
    const report = renderReport({
      ...rest,
      outcome: 'rejected',
      approvals: [{ ...approval, decision: 'reject', reason: 'not this one' }],
    });
    expect(report).toContain(closedState.plan?.text.split('\n')[0] ?? 'no plan');
    expect(report).toMatch(/\| reject \| \w+ \| `5{12}` \| not this one \|/);
  });

  it('can tell an incident that ended before anything was known', () => {
    const { diagnosis: _d, reproduction: _r, plan: _p, remediation: _m, ...rest } = closedState;
    const report = renderReport({
      ...rest,
      alerts: [],
      evidence: [],
      timeline: [],
      approvals: [],
      undo: [],
      readings: [],
    });
    expect(report).toContain('It ended before a diagnosis was argued.');
    expect(report).not.toContain('undefined');
  });
});

describe('nameReport', () => {
  it('is one safe file name for one run', () => {
    expect(nameReport(closedState)).toBe('order-service-20261121T094100Z-0f1e2d3c.md');
    expect(nameReport({ ...closedState, service: '../../etc/x y' })).toBe('etc-x-y-20261121T094100Z-0f1e2d3c.md');
  });
});

describe('plain and block', () => {
  it.each([
    '# head',
    '[a](b)',
    '![a](b)',
    '<b>',
    '**x**',
    'a|b',
    '`x`',
    '&lt;',
    'https://a.example',
    'www.a.example',
    'a@b.example',
  ])('leaves no markup in %s', (text) => {
    expect(plain(text).replace(/\\./gu, '')).not.toMatch(/[[\]<>*|`#&]|:\/\/|www\.|@/u);
  });

  it('keeps text inside its fence', () => {
    const fenced = block('a\n````\nb');
    expect(fenced.startsWith('`````text\n')).toBe(true);
  });
});
