import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { askEngine, createClaude } from '../../bench/diagnosis/ask-engine.ts';
import { startFakeModel } from '../../demo/fake-model.ts';
import { analyseBundle } from '../../src/domain/analysis/analysis.ts';
import type { Engine, EngineContext } from '../../src/domain/diagnosis/engine.ts';
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
