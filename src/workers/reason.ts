import { Context } from '@temporalio/activity';
import type { ReasonActivities } from '../activities/contract.ts';
import { createAbsentEngine } from '../activities/reason/absent-engine.ts';
import { createExamineService } from '../activities/reason/examine-service.ts';
import { createReadEvidence } from '../activities/reason/read-evidence.ts';
import { createReason } from '../activities/reason/reason.ts';
import { createAnswerJournal } from '../adapters/answer-journal.ts';
import { createClaudeEngine } from '../adapters/claude/engine.ts';
import { readPrompt } from '../adapters/claude/prompts.ts';
import { readVariable } from '../config.ts';
import { createAnalyst } from '../domain/analysis/analyst.ts';
import type { Engine } from '../domain/diagnosis/engine.ts';
import type { WorkerParts } from './parts.ts';

/** Queue `reason`: the built-in analyst, and the key of the model where one is configured. */
export async function createReasonActivities(parts: WorkerParts): Promise<ReasonActivities> {
  const { store } = parts;
  const analyst = createAnalyst();
  return {
    examineService: createExamineService({ store }),
    reason: createReason({
      store,
      engines: { primary: await createPrimary(parts, analyst), fallback: analyst },
      signal: () => Context.current().cancellationSignal,
      attempt: () => Context.current().info.attempt,
    }),
    readEvidence: createReadEvidence({ store }),
  };
}

/** Without a key the analyst works alone, and the log and every diagnosis say so. */
async function createPrimary(
  { settings, redact, log, logger, stateFolder }: WorkerParts,
  analyst: Engine,
): Promise<Engine> {
  const { kind, model, baseUrl, promptsFolder, prices } = settings.engine;
  if (kind === 'analyst') return analyst;
  const apiKey = readVariable('ANTHROPIC_API_KEY');
  if (apiKey === undefined) {
    logger.warn('ANTHROPIC_API_KEY is not set: the built-in analyst works alone.');
    return createAbsentEngine(
      'claude',
      'engine.kind is claude, and ANTHROPIC_API_KEY is not set where the worker runs',
    );
  }
  const prompt = await readPrompt('diagnose', promptsFolder);
  logger.info({ prompt: prompt.name, version: prompt.version, model }, 'Claude argues on top of the analyst.');
  return createClaudeEngine({
    apiKey,
    model,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    analyst,
    prompt,
    ...(prices === undefined ? {} : { prices }),
    journal: createAnswerJournal({ folder: stateFolder('answers') }),
    redact,
    log,
  });
}
