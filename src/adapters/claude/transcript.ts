import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import type { EngineContext } from '../../domain/diagnosis/engine.ts';
import type { Inventory } from '../../domain/diagnosis/prompt.ts';
import type { AskedCall } from '../../domain/diagnosis/questions.ts';
import { cleanText } from '../../domain/diagnosis/prompt-text.ts';
import { OutsideError } from '../outside-error.ts';
import { readQuestion } from './questions.ts';
import { reportTool } from './tools.ts';

/** The conversation so far. Blocks of the model go back as they came: thinking blocks are bound to the words before them. */
export type Transcript = readonly Anthropic.MessageParam[];

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

/** Which questions of a turn can be answered. The rest is answered with why not. */
export function selectCalls(content: readonly Anthropic.ContentBlock[], inventory: Inventory): AskedCall[] {
  return listToolUses(content)
    .flatMap((block) => {
      const call = readQuestion(block, inventory);
      return typeof call === 'string' ? [] : [call];
    })
    .slice(0, maxCallsPerTurn);
}

/**
 * A turn of the model as it may go back: as it came, but without empty text, which the API gives now and then and does not take. A
 * turn of which nothing is left has to say something as well.
 */
export function keepTurn(content: readonly Anthropic.ContentBlock[]): Anthropic.MessageParam {
  const kept = content.filter((block) => block.type !== 'text' || block.text.trim() !== '');
  return {
    role: 'assistant',
    content: kept.length > 0 ? kept : [{ type: 'text', text: '(no answer)' }],
  };
}

/** What the next message of the user is made from. */
export interface Continuation {
  readonly context: EngineContext;
  readonly inventory: Inventory;
  /** Said when there is no room for more questions. */
  readonly lastStep: string;
  /** Why a report was not taken, in words for the model. */
  readonly explainRefusal: (report: unknown) => string;
}

/** The next message of the user: a result for every tool use of the model's last turn, and what is wanted next. */
export function continueTranscript(transcript: Transcript, next: Continuation): Transcript {
  const last = transcript.at(-1);
  if (last?.role !== 'assistant' || typeof last.content === 'string') return transcript;
  const results = listToolUses(last.content as Anthropic.ContentBlock[]).map((block) => answerToolUse(block, next));
  const request = next.context.mustAnswer
    ? next.lastStep
    : results.length === 0
      ? 'Nobody reads text outside the tools. Ask with a tool, or call report_diagnosis.'
      : undefined;
  const content = [...results, ...(request === undefined ? [] : [{ type: 'text' as const, text: request }])];
  return [...transcript, { role: 'user', content }];
}

function answerToolUse(
  block: Anthropic.ToolUseBlock,
  { context, inventory, explainRefusal }: Continuation,
): Anthropic.ToolResultBlockParam {
  if (block.name === reportTool) return refuse(block, explainRefusal(block.input));
  const call = readQuestion(block, inventory);
  if (typeof call === 'string') return refuse(block, call);
  const answer = context.answers?.find((item) => item.id === block.id);
  if (!answer) return refuse(block, `Not answered: at most ${maxCallsPerTurn} questions a turn.`);
  const content = cleanText(answer.text, maxAnswerLength) || 'There is nothing.';
  return { type: 'tool_result', tool_use_id: block.id, content };
}

function refuse({ id }: Anthropic.ToolUseBlock, why: string): Anthropic.ToolResultBlockParam {
  return { type: 'tool_result', tool_use_id: id, is_error: true, content: why };
}

/** How often the model has reported in this conversation: a report that was sent back is there. */
export function countReports(transcript: Transcript): number {
  const blocks = transcript.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content !== 'string' ? content : [],
  );
  return blocks.filter((block) => block.type === 'tool_use' && block.name === reportTool).length;
}

export function listToolUses(content: readonly Anthropic.ContentBlock[]): Anthropic.ToolUseBlock[] {
  return content.filter((block) => block.type === 'tool_use');
}
