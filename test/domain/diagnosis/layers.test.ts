import { describe, expect, it } from 'vitest';
import { findBudgetEnd } from '../../../src/domain/diagnosis/budget.ts';
import { chooseSource } from '../../../src/domain/diagnosis/choose-source.ts';
import type { EngineInput } from '../../../src/domain/diagnosis/engine.ts';
import { layerShares, layOut } from '../../../src/domain/diagnosis/layers.ts';
import { answerFromEvidence } from '../../../src/domain/diagnosis/answers/answer.ts';
import { contractChange } from '../analysis/contract-change.ts';
import { wrap } from '../analysis/incident.ts';

const excerpt = (path: string, length: number) => ({
  path,
  revision: 'a'.repeat(40),
  fromLine: 1,
  text: 'x'.repeat(length),
  why: 'part of the service',
});

function withSource(lengths: readonly number[]): EngineInput {
  const incident = contractChange();
  const excerpts = lengths.map((length, i) => excerpt(`src/file-${i}.js`, length));
  const source = wrap(incident.service, 'source', { kind: 'source', service: incident.service, excerpts });
  return { ...incident, evidence: [...incident.evidence, source] };
}

describe('layers of the context', () => {
  it('stay within their shares, and say what did not fit', () => {
    const layers = layOut(withSource([4_000, 4_000, 4_000, 4_000, 500]), 30_000);
    expect(JSON.stringify(layers.source).length).toBeLessThan(layerShares.source * 30_000);
    expect(layers.source.map((item) => (item as { file: string }).file)).toEqual([
      'src/file-0.js:1',
      'src/file-1.js:1',
      'src/file-4.js:1',
    ]);
    expect(layers.leftOut).toContain('source: 2 of 5 items did not fit into its share');
  });

  it('show lines that repeat as one template with counts, under the id of their evidence', () => {
    const input = contractChange();
    const { runtime, length } = layOut(input, 100_000);
    const raw = JSON.stringify(input.evidence).length;
    expect(length).toBeLessThan(0.25 * raw);
    const ids = input.evidence.map(({ evidence }) => evidence.id);
    expect(runtime.length).toBeGreaterThan(3);
    for (const item of runtime) expect(ids).toContain((item as { evidence: string }).evidence);
    expect(JSON.stringify(runtime)).toMatch(/\d+ lines before, \d+ during/);
  });
});

describe('chooseSource', () => {
  const files = ['src/total.js', 'src/rate.js', 'package.json', 'package-lock.json', 'dist/total.js'].map((path) => ({
    path,
    bytes: 100,
  }));
  const failing = [
    {
      at: '2026-11-21T09:00:00.000Z',
      level: 'error' as const,
      message: 'TypeError: x is undefined',
      fields: { stack: 'TypeError: x is undefined\n    at total (/app/src/total.js:70:3)' },
    },
  ];

  it('puts what a stack frame names first, then what changed, then manifests; nothing that is generated', () => {
    const change = {
      service: 's',
      id: 'c'.repeat(40),
      author: 'Ana',
      at: '2026-11-21T08:00:00.000Z',
      subject: 'Rate',
      body: '',
      files: [{ path: 'src/rate.js', diff: '' }],
    };
    const chosen = chooseSource(files, { failing, changes: [change] });
    expect(chosen.map(({ path, why }) => [path, why])).toEqual([
      ['src/total.js', 'line 70 is named by a stack frame'],
      ['src/rate.js', 'changed by cccccccccccc'],
      ['package.json', 'says how the service is built or set up'],
      ['src/total.js', 'part of the service'],
    ]);
    const [first] = chosen;
    expect(first!.fromLine).toBeLessThanOrEqual(70 - 30);
    expect(first!.toLine).toBeGreaterThanOrEqual(70 + 20);
  });
});

describe('findBudgetEnd', () => {
  const budgets = {
    maxEngineSteps: 5,
    maxModelTokens: 1_000,
    maxModelCost: 2,
    maxEngineMs: 60_000,
    maxRounds: 2,
    maxResidents: 8,
  };
  const spent = { modelCalls: 1, inputTokens: 400, outputTokens: 100, cost: 1 };
  const progress = { step: 2, elapsedMs: 1_000, spent };

  it('leaves room below every limit', () => {
    expect(findBudgetEnd(budgets, progress)).toBeUndefined();
  });

  it.each([
    ['steps', { ...progress, step: 5 }, 'step 5 of 5'],
    ['tokens', { ...progress, spent: { ...spent, inputTokens: 900 } }, '1000 tokens of 1000 spent'],
    ['money', { ...progress, spent: { ...spent, cost: 2.5 } }, '2.50 of 2.00 US dollars spent'],
    ['time', { ...progress, elapsedMs: 61_000 }, '1 of 1 minutes gone'],
  ])('ends at the limit of %s', (_what, reached, why) => {
    expect(findBudgetEnd(budgets, reached)).toBe(why);
  });
});

describe('answerFromEvidence', () => {
  const { evidence, service } = contractChange();

  it('tells logs as templates with counts and the newest lines', () => {
    const text = answerFromEvidence(evidence, { name: 'query_logs', service, level: 'error' });
    expect(text).toMatch(/^\d+ of \d+ lines match, in \d+ templates:/);
    expect(text).toMatch(/error .*: \d+ before the incident, \d+ during it/);
    expect(text.length).toBeLessThan(13_000);
  });

  it.each([
    [{ name: 'query_logs', service: 'nobody' } as const, 'No logs of nobody were collected.'],
    [{ name: 'query_metrics', service: 'nobody' } as const, 'No metrics of nobody were collected.'],
    [{ name: 'query_traces', failingOnly: true } as const, 'No spans were collected.'],
    [{ name: 'query_changes', service: 'nobody' } as const, 'No change of nobody was collected.'],
    [
      { name: 'read_evidence', evidenceId: 'nobody/logs/1' } as const,
      'There is no evidence with this id. Ask only for ids that the incident lists.',
    ],
  ])('says so where there is nothing: %j', (question, text) => {
    expect(answerFromEvidence(evidence, question)).toBe(text);
  });
});
