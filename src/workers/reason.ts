import { Context } from '@temporalio/activity';
import type { ReasonActivities } from '../activities/contract.ts';
import { createExamineService } from '../activities/reason/examine-service.ts';
import { createReadEvidence } from '../activities/reason/read-evidence.ts';
import { createReason } from '../activities/reason/reason.ts';
import { createAnswerJournal } from '../adapters/answer-journal.ts';
import { createClaudeEngine } from '../adapters/claude/engine.ts';
import { readVariable } from '../config.ts';
import { createAnalyst } from '../domain/analysis/analyst.ts';
import type { Engine } from '../domain/diagnosis/engine.ts';
import type { WorkerParts } from './parts.ts';

/** Queue `reason`: the built-in analyst, and the key of the model where one is configured. */
export function createReasonActivities(parts: WorkerParts): ReasonActivities {
  const { store } = parts;
  const analyst = createAnalyst();
  return {
    examineService: createExamineService({ store }),
    reason: createReason({
      store,
      engines: { primary: createPrimary(parts, analyst), fallback: analyst },
      signal: () => Context.current().cancellationSignal,
      attempt: () => Context.current().info.attempt,
    }),
    readEvidence: createReadEvidence({ store }),
  };
}

/** Without a key the analyst works alone, and the log says so. */
function createPrimary({ settings, redact, log, logger, stateFolder }: WorkerParts, analyst: Engine): Engine {
  const { kind, model, baseUrl } = settings.engine;
  if (kind === 'analyst') return analyst;
  const apiKey = readVariable('ANTHROPIC_API_KEY');
  if (apiKey === undefined) {
    logger.warn('ANTHROPIC_API_KEY is not set: the built-in analyst works alone.');
    return analyst;
  }
  return createClaudeEngine({
    apiKey,
    model,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    analyst,
    journal: createAnswerJournal({ folder: stateFolder('answers') }),
    redact,
    log,
  });
}
