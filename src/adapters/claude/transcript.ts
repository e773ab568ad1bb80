import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { EngineContext, ToolCall } from '../../domain/diagnosis/engine.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import { OutsideError } from '../outside-error.ts';
import { evidenceQuestion } from './tools.ts';

/** The conversation so far. Blocks of the model go back as they came: thinking blocks are bound to the words before them. */
export type Transcript = readonly Anthropic.MessageParam[];

export const lastWord = 'There is no room for more questions. Call report_diagnosis now with what you know.';

const maxAnswerLength = 40_000;
const maxCallsPerTurn = 8;

const storedTranscript = z.array(
  z.object({ role: z.enum(['user', 'assistant']), content: z.union([z.string(), z.array(z.looseObject({}))]) }),
);

export function parseTranscript(text: string): Transcript {
  try {
    return storedTranscript.parse(JSON.parse(text)) as unknown as Transcript;
  } catch (cause) {
    throw new OutsideError(
      `The transcript of this conversation in the evidence store cannot be read: ${String(cause).slice(0, 300)}`,
      { system: 'Claude', kind: 'UnreadableTranscript', retryable: false },
      { cause },
    );
  }
}

/** Which questions of a turn can be answered: read_evidence for evidence that exists. The rest is answered with why not. */
export function selectCalls(content: readonly Anthropic.ContentBlock[], evidenceIds: readonly string[]): ToolCall[] {
  return listToolUses(content)
    .flatMap((block) => {
      const call = readCall(block, evidenceIds);
      return typeof call === 'string' ? [] : [call];
    })
    .slice(0, maxCallsPerTurn);
}

/** The next message of the user: a result for every question of the model's last turn, and what is wanted next. */
export function continueTranscript(
  transcript: Transcript,
  context: EngineContext,
  evidenceIds: readonly string[],
): Transcript {
  const last = transcript.at(-1);
  if (last?.role !== 'assistant' || typeof last.content === 'string') return transcript;
  const results = listToolUses(last.content as Anthropic.ContentBlock[]).map((block) =>
    answerToolUse(block, context, evidenceIds),
  );
  const request = context.mustAnswer
    ? lastWord
    : results.length === 0
      ? 'Nobody reads text outside the tools. Call read_evidence, or report_diagnosis.'
      : undefined;
  const content = [...results, ...(request === undefined ? [] : [{ type: 'text' as const, text: request }])];
  return [...transcript, { role: 'user', content }];
}

function answerToolUse(
  block: Anthropic.ToolUseBlock,
  context: EngineContext,
  evidenceIds: readonly string[],
): Anthropic.ToolResultBlockParam {
  const call = readCall(block, evidenceIds);
  const answer = context.answers?.find((item) => item.id === block.id);
  if (typeof call !== 'string' && answer) {
    return { type: 'tool_result', tool_use_id: block.id, content: cleanText(answer.text, maxAnswerLength) };
  }
  const why = typeof call === 'string' ? call : `Not answered: at most ${maxCallsPerTurn} questions a turn.`;
  return { type: 'tool_result', tool_use_id: block.id, is_error: true, content: why };
}

/** A question, or why it cannot be answered. */
function readCall(block: Anthropic.ToolUseBlock, evidenceIds: readonly string[]): ToolCall | string {
  if (block.name !== 'read_evidence')
    return 'There is no such tool here. The tools are read_evidence and report_diagnosis.';
  const parsed = evidenceQuestion.safeParse(block.input);
  if (!parsed.success) return 'read_evidence takes {evidenceId, contains} and nothing else.';
  const { evidenceId, contains } = parsed.data;
  if (!evidenceIds.includes(evidenceId))
    return 'No evidence of this incident has that id. Use an id from the evidence list.';
  return { id: block.id, name: 'read_evidence', evidenceId, ...(contains ? { contains } : {}) };
}

export function listToolUses(content: readonly Anthropic.ContentBlock[]): Anthropic.ToolUseBlock[] {
  return content.filter((block) => block.type === 'tool_use');
}
