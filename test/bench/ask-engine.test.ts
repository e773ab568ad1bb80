import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askEngine, createClaude, tellSpent } from '../../bench/diagnosis/ask-engine.ts';
import { startFakeModel } from '../../demo/fake-model.ts';
import { analyseBundle } from '../../src/domain/analysis/analysis.ts';
import type { Engine, EngineContext } from '../../src/domain/diagnosis/engine.ts';
import { startStrictMessages } from '../fakes/strict-messages.ts';
import { brokenFleet, culprit } from '../adapters/bundle/broken-fleet.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ask-engine-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

test('without a key there is no Claude to measure', async () => {
  vi.stubEnv('ANTHROPIC_API_KEY', undefined);
  expect(await createClaude(folder)).toBeUndefined();
});

test('Claude asks, is answered from the bundle, and is not paid twice for the same incident', async () => {
  const fake = await startFakeModel({ ledgerFile: path.join(folder, 'ledger.jsonl') });
  try {
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-of-a-test');
    vi.stubEnv('ANTHROPIC_BASE_URL', fake.url);
    const claude = await createClaude(folder);
    if (!claude) throw new Error('There is a key, and no engine.');
    const first = await askEngine(claude, brokenFleet());
    expect(first.analysis.diagnosis).toMatchObject({ service: 'payment', change: culprit.id });
    expect(first.analysis.diagnosis.engine).toMatch(/^claude\//);
    expect(first.analysis.firstFailingService).toBe('payment');
    expect(first.usage.modelCalls).toBeGreaterThan(1);
    const paid = fake.calls().reduce((sum, { answered }) => sum + answered, 0);
    const again = await askEngine(claude, brokenFleet());
    expect(again.analysis).toEqual(first.analysis);
    expect(fake.calls().reduce((sum, { answered }) => sum + answered, 0)).toBe(paid);
  } finally {
    await fake.stop();
  }
});

test('what it spent is told as calls, tokens and money, what is read from the cache at its own price', async () => {
  const strict = await startStrictMessages('sk-ant-of-a-test', (number) => {
    const ask = { service: 'payment', contains: null, level: null, from: null, to: null };
    const report = {
      ...{ verdict: 'inconclusive', service: '', change: 'none', category: 'unknown', confidence: 0 },
      statement: [{ text: 'Nothing carries a cause.', evidence: [] }],
      ...{ against: [], ruledOut: [], missing: [], script: null, fix: null },
    };
    const [name, input] = number === 1 ? ['query_logs', ask] : ['report_diagnosis', report];
    return { content: [{ type: 'tool_use', id: `toolu_${number}`, name, input }] };
  });
  try {
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-ant-of-a-test');
    vi.stubEnv('ANTHROPIC_BASE_URL', strict.url);
    vi.stubEnv('ANTHROPIC_MODEL', 'claude-opus-5-5');
    const claude = await createClaude(folder);
    if (!claude) throw new Error('There is a key, and no engine.');
    const { usage } = await askEngine(claude, brokenFleet());
    expect(strict.refused).toEqual([]);
    const sum = (field: keyof (typeof strict.charged)[number]) =>
      strict.charged.reduce((total, one) => total + one[field], 0);
    const [written, read] = [sum('cache_creation_input_tokens'), sum('cache_read_input_tokens')];
    expect(read).toBeGreaterThan(1_000);
    const cost = (4 * sum('input_tokens') + 5 * written + 0.2 * read + 20 * 200) / 1_000_000;
    expect(usage).toMatchObject({ modelCalls: 2, outputTokens: 200 });
    expect(usage.cost).toBeCloseTo(cost, 9);
    expect(tellSpent(claude.name, usage)).toContain(
      `claude/claude-opus-5-5: 2 calls, ${usage.inputTokens} tokens in, 200 tokens out, $${cost.toFixed(4)} (list prices of 20`,
    );
    expect(tellSpent('claude/unheard-of', usage)).toContain('unheard-of is not in the list of prices');
  } finally {
    await strict.stop();
  }
});

test('an engine learns that there is neither source nor sandbox, and has to answer in its last step', async () => {
  const seen: EngineContext[] = [];
  const usage = { modelCalls: 1, inputTokens: 10, outputTokens: 1 };
  const engine: Engine = {
    name: 'curious',
    async step(input, context) {
      seen.push(context);
      if (context.mustAnswer) return { kind: 'diagnosis', diagnosis: analyseBundle(brokenFleet()).diagnosis, usage };
      const service = input.service;
      return {
        kind: 'questions',
        calls: [
          { id: 'a', name: 'query_logs', service, level: 'error' },
          { id: 'b', name: 'search_source', service, text: 'total' },
          { id: 'c', name: 'run_test', service: 'payment', change: culprit.id },
        ],
        transcript: `step ${seen.length}`,
        usage,
      };
    },
  };
  const asked = await askEngine(engine, brokenFleet());
  expect(seen).toHaveLength(12);
  expect(asked.usage).toMatchObject({ modelCalls: 12, inputTokens: 120, outputTokens: 12 });
  const answers = seen[1]?.answers?.map(({ text }) => text) ?? [];
  expect(answers[0]).toContain('call to payment failed');
  expect(answers.slice(1).join()).toMatch(/repositories are not at hand.*no sandbox/);
  expect(seen[1]?.transcript).toBe('step 1');
});
