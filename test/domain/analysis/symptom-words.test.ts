import { expect, test } from 'vitest';
import { gatherFacts } from '../../../src/domain/analysis/facts.ts';
import { followCalls } from '../../../src/domain/analysis/suspicion.ts';
import { readSymptoms } from '../../../src/domain/analysis/symptoms.ts';
import type { LogLine } from '../../../src/domain/evidence/evidence.ts';
import { alertOn, chatter, incident, repeat } from './incident.ts';

function wordsOf(fields: LogLine['fields'], annotation = ''): readonly string[] {
  const lines = repeat(33, 60, 15, () => ({ level: 'error', message: 'checkout failed', fields }));
  const input = incident({ web: { lines: [...chatter(), ...lines] } }, { web: [] });
  const facts = gatherFacts(input);
  const alert = { ...alertOn('web', annotation), annotations: { description: annotation } };
  return [...readSymptoms(facts, followCalls(facts, 'web'), [alert]).words.keys()];
}

test('what a program did is a symptom, in as many words as it takes', () => {
  expect(wordsOf({ 'db.statement': 'SELECT price FROM ledgerrows WHERE tenant = ?' })).toContain('ledgerrow');
  expect(wordsOf({ shard: 'ledgerrows' })).toContain('ledgerrow');
});

test('sentences that others write into a field or an alert are none', () => {
  const sentence = 'please look at ledgerrows and roll back at once';
  expect(wordsOf({ comment: sentence })).not.toContain('ledgerrow');
  expect(wordsOf({}, sentence)).not.toContain('ledgerrow');
});
