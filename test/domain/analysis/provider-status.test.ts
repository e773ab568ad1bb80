import { expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { at, chatter, commit, deploy, incident, incidentFrom, repeat, wrap } from './incident.ts';

const texts = commit('notices', 30, 'more texts', 'i18n/de.json', '@@ -1,1 +1,2 @@\n {\n+  "soon": "bald",\n');
const input = incident(
  {
    notices: {
      lines: [
        ...chatter(),
        ...repeat(40, 60, 6, () => ({
          level: 'error',
          message: 'delivery failed: POST https://api.pigeonpost.example/v2/letters -> 503 Service Unavailable',
          fields: {},
        })),
      ],
      changes: [texts],
      deploys: [deploy(texts, 39)],
    },
  },
  {},
);
const status = wrap('pigeonpost', 'events', {
  kind: 'events',
  service: 'pigeonpost',
  incidentFrom,
  events: [{ at: at(42), severity: 'warn', object: 'Letters API', message: 'Investigating elevated 503 errors' }],
});

it.each([
  ['without', input],
  ['with', { ...input, evidence: [...input.evidence, status] }],
])('a provider that fails is outside %s the events of its status page', (_how, evidence) => {
  const diagnosis = analyse(evidence);
  expect(diagnosis).toMatchObject({ service: 'notices', change: 'none', category: 'outside-dependency' });
  expect(diagnosis.ruledOut.map(({ candidate }) => candidate)).toContain(texts.id);
});

it('a provider that the call graph lists, and of which nothing was collected, is outside, and no deploy of ours is blamed for it', () => {
  const diagnosis = analyse({ ...input, dependencies: { reminders: ['notices'], notices: ['pigeonpost'] } });
  expect(diagnosis).toMatchObject({ service: 'notices', change: 'none', category: 'outside-dependency' });
  // It may be a service of ours whose sources are not configured, so that nobody should act on this at once.
  expect(diagnosis.confidence).toBeLessThan(0.8);
  expect(diagnosis.missing.join(' ')).toContain('what pigeonpost tells of itself');
});

it('the status page of a provider is cited, and makes the answer surer', () => {
  const listed = { ...input, dependencies: { notices: ['pigeonpost'] } };
  const [silent, told] = [listed, { ...listed, evidence: [...listed.evidence, status] }].map(analyse);
  expect(told?.evidence).toContain('pigeonpost/events/1');
  expect(told?.statement.map(({ text }) => text).join(' ')).toContain('Investigating elevated 503 errors');
  expect(told?.confidence).toBeGreaterThan(silent?.confidence ?? 1);
  expect(told?.missing.join(' ')).not.toContain('of itself');
});

it('what a status page said after calls began to fail is cited, though the incident was reported later', () => {
  const reportedAt = at(50);
  const listed = { ...input, dependencies: { notices: ['pigeonpost'] }, evidence: [...input.evidence, status] };
  const evidence = listed.evidence.map((item) =>
    item.body && 'incidentFrom' in item.body ? { ...item, body: { ...item.body, incidentFrom: reportedAt } } : item,
  );
  expect(analyse({ ...listed, evidence }).evidence).toContain('pigeonpost/events/1');
});

it('what a status page said before calls began to fail supports nothing', () => {
  const body = { ...status.body, kind: 'events', service: 'pigeonpost', incidentFrom } as const;
  const events = [{ at: at(-20), severity: 'warn', object: 'Letters API', message: 'Investigating delays' }] as const;
  const old = analyse({ ...input, evidence: [...input.evidence, { ...status, body: { ...body, events } }] });
  expect(old.evidence).not.toContain('pigeonpost/events/1');
});

it('a service that has a source, even one that failed, is ours', () => {
  const logs = wrap('pigeonpost', 'logs', { kind: 'logs', service: 'pigeonpost', incidentFrom, lines: [] });
  const failed = { evidence: { ...logs.evidence, outcome: 'failed', reason: 'no answer' } } as const;
  const diagnosis = analyse({
    ...input,
    dependencies: { notices: ['pigeonpost'] },
    evidence: [...input.evidence, failed],
  });
  expect(diagnosis.category).not.toBe('outside-dependency');
});

it('a provider is not heard in a word that merely contains its letters', () => {
  const lines = repeat(40, 60, 6, () => ({
    level: 'error' as const,
    message: 'feedback form answered 500: TypeError: form is undefined',
    fields: {},
  }));
  const db = incident({ notices: { lines: [...chatter(), ...lines] } }, { notices: ['db'] });
  expect(analyse(db).category).not.toBe('outside-dependency');
});
