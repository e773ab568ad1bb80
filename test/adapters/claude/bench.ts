import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach } from 'vitest';
import { fakeMessage, startFakeModel, type FakeModel, type FakeReply } from '../../../demo/fake-model.ts';
import { createAnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import type { Engine, EngineAnswer, EngineInput } from '../../../src/domain/diagnosis/engine.ts';
import { analyst, call } from './case.ts';

export const key = 'sk-ant-secret-key-of-a-test';

/** A fake model, a journal in a folder of its own, and engines on top of them. */
export interface Bench {
  readonly folder: string;
  readonly fake: FakeModel;
  readonly engine: Engine;
  makeEngine(): Engine;
  stop(): Promise<void>;
}

const prompt = await readPrompt('diagnose');

async function startBench(answer?: (request: unknown) => FakeReply, delayMs = 0): Promise<Bench> {
  const folder = await mkdtemp(path.join(tmpdir(), 'claude-'));
  const ledgerFile = path.join(folder, 'ledger.jsonl');
  const fake = await startFakeModel({ ledgerFile, delayMs, ...(answer ? { answer } : {}) });
  const makeEngine = () =>
    createClaudeEngine({
      apiKey: key,
      baseUrl: fake.url,
      model: 'fake-1',
      analyst,
      prompt,
      journal: createAnswerJournal({ folder: path.join(folder, 'answers') }),
      redact: (text) => text.replaceAll('hunter2', '[[SECRET]]'),
    });
  const stop = async () => {
    await fake.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { folder, fake, engine: makeEngine(), makeEngine, stop };
}

/** Benches for the tests of one file, one at a time; each is stopped after its test. */
export function useBench() {
  let current: Bench | undefined;
  afterEach(async () => {
    await current?.stop();
    current = undefined;
  });
  return {
    async startEngine(answer?: (request: unknown) => FakeReply, delayMs = 0): Promise<Engine> {
      current = await startBench(answer, delayMs);
      return current.engine;
    },
    /** @throws before {@link startEngine} was called in this test. */
    bench(): Bench {
      if (!current) throw new Error('No engine was started in this test.');
      return current;
    },
  };
}

export const reporting = (answer: unknown): FakeReply => ({
  body: fakeMessage(
    'fake-1',
    'f'.repeat(64),
    [{ type: 'tool_use', id: 'toolu_1', name: 'report_diagnosis', input: answer }],
    'tool_use',
  ),
});

export function requireDiagnosis(answer: EngineAnswer) {
  if (answer.kind !== 'diagnosis') throw new Error(`expected a diagnosis, got ${answer.kind}`);
  return answer.diagnosis;
}

export function requireQuestions(answer: EngineAnswer) {
  if (answer.kind !== 'questions') throw new Error(`expected questions, got ${answer.kind}`);
  return answer;
}

/** Steps without answers to questions until the engine has a diagnosis; a report that is sent back takes one more. */
export async function stepToEnd(
  engine: Engine,
  input: EngineInput,
): Promise<Extract<EngineAnswer, { kind: 'diagnosis' }>> {
  let answer = await engine.step(input, { call });
  for (let step = 2; answer.kind === 'questions'; step += 1) {
    if (step > 5) throw new Error('The engine has no diagnosis after five steps.');
    answer = await engine.step(input, { call: { ...call, step }, transcript: answer.transcript, answers: [] });
  }
  return answer;
}
