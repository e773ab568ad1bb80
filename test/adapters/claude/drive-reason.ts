import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ReasonInput } from '../../../src/activities/contract.ts';
import { toFailure } from '../../../src/activities/failures.ts';
import { createReason } from '../../../src/activities/reason/reason.ts';
import { createAnswerJournal } from '../../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../../src/adapters/claude/engine.ts';
import { readPrompt } from '../../../src/adapters/claude/prompts.ts';
import type { Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import { addUsage, noUsage, type EngineUsage } from '../../../src/domain/diagnosis/engine.ts';
import type { AskedCall, ToolAnswer, ToolCall } from '../../../src/domain/diagnosis/questions.ts';
import type { ModelPrices } from '../../../src/domain/settings.ts';
import { createBodyStore } from '../../fakes/body-store.ts';
import { analyst, call, input } from './case.ts';

/** One failure of the activity, as Temporal gets it. */
export interface SeenFailure {
  readonly type: string;
  readonly isRetried: boolean;
  readonly nextRetryDelayMs?: number;
}

/** How one round of the engine's loop went: what the workflow would see, without a server. */
export interface Round {
  readonly diagnosis: Diagnosis;
  readonly failures: readonly SeenFailure[];
  readonly asked: readonly ToolCall[];
  readonly steps: number;
  /** Calls of the activity: one for each step, and one more for each failure. */
  readonly attempts: number;
  readonly usage: EngineUsage;
}

export interface DriveOptions {
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly timeoutMs?: number;
  readonly prices?: ModelPrices;
  /** The budget of steps: the last one has to answer. */
  readonly maxSteps?: number;
  readonly answer?: (call: ToolCall | AskedCall) => string;
}

const prompt = await readPrompt('diagnose');
export const testKey = 'sk-ant-secret-key-of-a-test';

/**
 * Drives the real `reason` activity with the real engine against whatever answers at `baseUrl`: attempts as Temporal makes them (at
 * once: what it would wait is in `nextRetryDelayMs`), steps as the workflow makes them.
 */
export async function driveReason(options: DriveOptions): Promise<Round> {
  const folder = await mkdtemp(path.join(tmpdir(), 'reason-'));
  try {
    return await drive(options, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function drive(options: DriveOptions, folder: string): Promise<Round> {
  const { maxSteps = 6, answer = () => 'upstream answered 401' } = options;
  let attempt = 1;
  const store = createBodyStore();
  const reason = createReason({
    store,
    engines: { primary: createEngine(options, folder), fallback: analyst },
    attempt: () => attempt,
  });
  const base = await storeCase(store);
  const failures: SeenFailure[] = [];
  const asked: ToolCall[] = [];
  let usage: EngineUsage = noUsage;
  let soFar: { transcriptDigest?: string; answers?: readonly ToolAnswer[] } = {};
  for (let step = 1; step <= maxSteps; step += 1) {
    for (attempt = 1; ; attempt += 1) {
      try {
        const next = await reason({ ...base, ...soFar, step, mustAnswer: step === maxSteps });
        usage = addUsage(usage, next.usage);
        if (next.kind === 'diagnosis') {
          const attempts = step + failures.length;
          return { diagnosis: next.diagnosis, failures, asked, steps: step, attempts, usage };
        }
        asked.push(...next.calls);
        const answers = next.calls.map((one) => ({ id: one.id, text: answer(one) }));
        soFar = { transcriptDigest: next.transcriptDigest, answers };
        break;
      } catch (error) {
        const failure = toFailure(error);
        failures.push({
          type: failure.type ?? '',
          isRetried: failure.nonRetryable !== true,
          ...(failure.nextRetryDelay === undefined ? {} : { nextRetryDelayMs: Number(failure.nextRetryDelay) }),
        });
        if (failure.nonRetryable || attempt > 10) throw error;
      }
    }
  }
  throw new Error('The engine asked on although it had to answer.');
}

function createEngine({ baseUrl, apiKey = testKey, timeoutMs, prices }: DriveOptions, folder: string) {
  return createClaudeEngine({
    apiKey,
    baseUrl,
    model: 'fake-1',
    analyst,
    prompt,
    journal: createAnswerJournal({ folder }),
    redact: (text) => text,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(prices === undefined ? {} : { prices }),
  });
}

/** The case of these tests with its bodies in a store, as a workflow hands it over. */
export async function storeCase(
  store: ReturnType<typeof createBodyStore>,
): Promise<Omit<ReasonInput, 'step' | 'mustAnswer'>> {
  const { alerts, service, dependencies, findings, guidance, rejected } = input;
  const evidence = await Promise.all(
    input.evidence.map(async (item) => ({
      ...item.evidence,
      digest: (await store.put(JSON.stringify(item.body))).digest,
    })),
  );
  const { incidentId, runId, round } = call;
  return { incidentId, runId, round, alerts, service, dependencies, findings, guidance, rejected, evidence };
}
