import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import * as analyst from '../../../src/domain/analysis/analyst.ts';
import { findAnswerFault } from '../../../src/domain/analysis/verify-answer.ts';
import type { Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';

vi.mock('../../../src/domain/analysis/analyst.ts', { spy: true });

const bundle = await readBundle(path.join(import.meta.dirname, '../../incidents/removed-null-check'));
const { diagnosis } = analyseBundle(bundle);
const [evidenceId = ''] = diagnosis.evidence;
const unknown = '0123456789abcdef0123456789abcdef01234567';
const service = bundle.input.service;

const faults: readonly (readonly [string, Partial<Diagnosis>, RegExp])[] = [
  ['a confidence above 1', { confidence: 1.01 }, /confidence is not between 0 and 1 \(1\.01\)/],
  ['a confidence below 0', { confidence: -0.1 }, /confidence is not between 0 and 1/],
  ['a confidence that is no number', { confidence: NaN }, /confidence is not between 0 and 1 \(NaN\)/],
  ['an earlier revision that nobody recorded', { before: unknown }, /revision that was not collected \(0123/],
  [
    'an earlier revision of an alternative that nobody recorded',
    { alternatives: [{ service, suspects: [], before: unknown }] },
    /revision that was not collected/,
  ],
  [
    'a ruled-out commit that nobody recorded',
    { ruledOut: [{ candidate: unknown.slice(0, 12), reason: 'it came later', evidence: [evidenceId] }] },
    /revision that was not collected \(0123/,
  ],
  ['a cause without a sentence', { statement: [] }, /names a cause and argues nothing/],
  [
    'no fault without a sentence',
    { verdict: 'no-fault', change: 'none', statement: [] },
    /nothing is at fault and argues nothing/,
  ],
  ['a sentence that cites nothing', { statement: [{ text: 'It broke.', evidence: [] }] }, /cites no evidence/],
];

describe('an answer', () => {
  test('of the analyst is sound as it stands, with conditions in words among what it rules out', () => {
    const ruledOut = [...diagnosis.ruledOut, { candidate: 'a full disk', reason: 'no event', evidence: [evidenceId] }];
    expect(diagnosis.verdict).toBe('cause');
    expect(findAnswerFault(bundle.input, { ...diagnosis, ruledOut })).toBeUndefined();
  });

  test('may name the parent of a commit as what ran before, though its deploy names another revision', () => {
    const [parent, previous] = ['9'.repeat(40), '8'.repeat(40)];
    const evidence = bundle.input.evidence.map((item) => {
      const { body } = item;
      if (body?.kind === 'changes')
        return {
          ...item,
          body: {
            ...body,
            changes: body.changes.map((change) => (change.id === diagnosis.change ? { ...change, parent } : change)),
          },
        };
      if (body?.kind !== 'deploys') return item;
      const deploys = body.deploys.map((deploy) => ({ ...deploy, revision: diagnosis.change, previous }));
      return { ...item, body: { ...body, deploys } };
    });
    for (const before of [parent, previous])
      expect(findAnswerFault({ ...bundle.input, evidence }, { ...diagnosis, before, ruledOut: [] })).toBeUndefined();
  });

  test.each(faults)('with %s is refused', (_what, part, fault) => {
    expect(findAnswerFault(bundle.input, { ...diagnosis, ...part })).toMatch(fault);
  });

  test.each(faults)('with %s is not given out by an analysis', (_what, part, fault) => {
    const argued = analyst.argue(bundle.input);
    vi.mocked(analyst.argue).mockReturnValueOnce({ ...argued, diagnosis: { ...argued.diagnosis, ...part } });
    const given = analyseBundle(bundle).diagnosis;
    expect(given).toMatchObject({ verdict: 'inconclusive', service: '', change: 'none', confidence: 0 });
    expect(given.statement.map(({ text }) => text)).toEqual([expect.stringMatching(fault)]);
  });
});
