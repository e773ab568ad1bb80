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
