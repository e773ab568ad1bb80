import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createAnswerJournal } from '../../src/adapters/answer-journal.ts';
import { createClaudeEngine } from '../../src/adapters/claude/engine.ts';
import { findListPrices, pricesReadOn } from '../../src/adapters/claude/prices.ts';
import { readPrompt } from '../../src/adapters/claude/prompts.ts';
import { readVariable } from '../../src/config.ts';
import { defaultModel } from '../../src/config/normalise.ts';
import { analyseBundle, type Analysis } from '../../src/domain/analysis/analysis.ts';
import { createAnalyst } from '../../src/domain/analysis/analyst.ts';
import { answerFromEvidence } from '../../src/domain/diagnosis/answers/answer.ts';
import { addUsage, noUsage, type Engine, type EngineUsage } from '../../src/domain/diagnosis/engine.ts';
import type { AskedCall } from '../../src/domain/diagnosis/questions.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import { createRedact } from '../../src/domain/redaction.ts';

/** As in the product's own budget; the last step has to answer. */
const mostSteps = 12;

/** An engine's diagnosis of a bundle with everything that is told beside it, and what it cost. */
export interface Asked {
  readonly analysis: Analysis;
  readonly usage: Required<EngineUsage>;
}

/** Claude on top of the analyst; undefined where there is no key. Answers that were paid for are kept in `folder`, and not paid again. */
export async function createClaude(folder: string): Promise<Engine | undefined> {
  const apiKey = readVariable('ANTHROPIC_API_KEY');
  if (apiKey === undefined) return undefined;
  const answers = path.join(folder, 'answers');
  mkdirSync(answers, { recursive: true });
  const baseUrl = readVariable('ANTHROPIC_BASE_URL');
  return createClaudeEngine({
    apiKey,
    model: readVariable('ANTHROPIC_MODEL') ?? defaultModel,
    ...(baseUrl === undefined ? {} : { baseUrl }),
    analyst: createAnalyst(),
    prompt: await readPrompt('diagnose'),
    journal: createAnswerJournal({ folder: answers }),
    redact: createRedact(),
  });
}

/**
 * Lets an engine argue over a bundle as the workflow does: its questions about evidence are answered from the bundle. There is no source and
 * no sandbox in one, and it is told so.
 */
export async function askEngine(engine: Engine, bundle: Bundle): Promise<Asked> {
  // The same incident has the same id in every run, so that the journal knows what was paid.
  const incidentId = createHash('sha256')
    .update(JSON.stringify([bundle.window, bundle.input.alerts]))
    .digest('hex')
    .slice(0, 16);
  let usage = addUsage(noUsage, noUsage);
  let soFar: { transcript?: string; answers?: { id: string; text: string }[] } = {};
  for (let step = 1; step <= mostSteps; step += 1) {
    const call = { incidentId, runId: 'bench', round: 1, step };
    const answer = await engine.step(bundle.input, { ...soFar, call, mustAnswer: step === mostSteps });
    usage = addUsage(usage, answer.usage);
    if (answer.kind === 'diagnosis') {
      const { diagnosis } = answer;
      return { analysis: { ...analyseBundle(bundle), diagnosis, missing: diagnosis.missing }, usage };
    }
    const answers = answer.calls.map((asked) => ({ id: asked.id, text: answerCall(bundle, asked) }));
    soFar = { transcript: answer.transcript, answers };
  }
  throw new Error(`${engine.name} asked questions in its last step; it has to answer there.`);
}

/** One line: what an engine spent, and by which prices. A name of an engine is `claude/<model>`. */
export function tellSpent(
  engine: string,
  { modelCalls, inputTokens, outputTokens, cost }: Required<EngineUsage>,
): string {
  const counted = `${engine}: ${modelCalls} calls, ${inputTokens} tokens in, ${outputTokens} tokens out`;
  const model = engine.replace(/^claude\//, '');
  const prices = findListPrices(model);
  if (!prices) return `${counted}; money is not counted, ${model} is not in the list of prices`;
  const { input, output, cacheWrite, cacheRead } = prices;
  const list = `$${input} in, $${output} out, $${cacheWrite} written to the cache, $${cacheRead} read from it`;
  return `${counted}, $${cost.toFixed(4)} (list prices of ${pricesReadOn} for a million tokens: ${list})`;
}

function answerCall({ input }: Bundle, call: AskedCall): string {
  switch (call.name) {
    case 'read_evidence':
    case 'query_logs':
    case 'query_metrics':
    case 'query_traces':
    case 'query_changes':
      return answerFromEvidence(input.evidence, call);
    case 'search_source':
    case 'read_file':
    case 'blame':
      return 'Not answered: the repositories are not at hand, only the evidence.';
    case 'run_test':
    case 'run_script':
      return 'Not run: there is no sandbox for these services.';
  }
}
