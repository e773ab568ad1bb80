import { createHash } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import type { Engine, EngineAnswer, EngineContext, EngineInput, EngineUsage } from '../../domain/diagnosis/engine.ts';
import { noUsage } from '../../domain/diagnosis/engine.ts';
import { readInventory, renderPrompt, type PromptWords } from '../../domain/diagnosis/prompt.ts';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import type { ModelPrices } from '../../domain/settings.ts';
import type { AnswerJournal } from '../answer-journal.ts';
import { OutsideError } from '../outside-error.ts';
import { acceptDiagnosis, dropUnproven, type Acceptance } from './accept-diagnosis.ts';
import { compareWithAnalyst } from './compare-with-analyst.ts';
import { createMessages, type CreateMessage } from './messages.ts';
import { findListPrices, priceTokens } from './prices.ts';
import { reportTool, tools } from './tools.ts';
import {
  continueTranscript,
  countReports,
  keepTurn,
  listToolUses,
  parseTranscript,
  selectCalls,
  type Transcript,
} from './transcript.ts';

export interface ClaudeOptions {
  readonly apiKey: string;
  readonly baseUrl?: string;
  readonly model: string;
  /** Argues first, answers when the model cannot, and fills in what a model may not invent. */
  readonly analyst: Engine;
  readonly prompt: PromptWords;
  /** Those of the list where they are absent; cost is not counted for a model that is not in it. */
  readonly prices?: ModelPrices;
  readonly journal: AnswerJournal;
  /** Takes secrets out of all text before it leaves this process. */
  readonly redact: (text: string) => string;
  readonly log?: (message: string, fields: Record<string, unknown>) => void;
  readonly timeoutMs?: number;
  /** Thinking counts too. Above 21,000 the SDK demands streaming. */
  readonly maxOutputTokens?: number;
}

/**
 * Claude on top of the built-in analyst. One `step` makes one model call at most, and none for a call whose answer the
 * journal holds already. What makes asking again pointless (a wrong key, a refusal, an answer that names what does not
 * exist) gives the analyst's diagnosis with a note; what may pass is thrown for Temporal to retry, unless `mustAnswer`.
 */
export function createClaudeEngine(options: ClaudeOptions): Engine {
  const create = createMessages({
    apiKey: options.apiKey,
    ...(options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    timeoutMs: options.timeoutMs ?? 120_000,
  });
  const name = `claude/${options.model}`;
  return {
    name,
    async step(input, context) {
      const analyst = await argueFirst(options.analyst, input, context);
      try {
        return await takeTurn({ options, create, name, input, context, analyst });
      } catch (error) {
        if (!(error instanceof OutsideError) || error.trouble.kind === 'Cancelled') throw error;
        if (error.trouble.retryable && !context.mustAnswer) throw error;
        options.log?.('The model did not answer; the analyst does.', { engine: name, error: error.message });
        return fallBack(analyst, `${name} could not be asked: ${error.message}`, noUsage);
      }
    },
  };
}

/** The analyst's diagnosis with a note on why no model's stands beside it. */
function fallBack(analyst: Diagnosis, note: string, usage: EngineUsage): EngineAnswer {
  return { kind: 'diagnosis', diagnosis: { ...analyst, missing: [...analyst.missing, cleanLine(note, 400)] }, usage };
}

async function argueFirst(analyst: Engine, input: EngineInput, context: EngineContext): Promise<Diagnosis> {
  const answer = await analyst.step(input, context.signal ? { signal: context.signal } : {});
  if (answer.kind === 'diagnosis') return answer.diagnosis;
  throw new TypeError(`The analyst ${analyst.name} asked questions; under a model it has to answer.`);
}

interface Turn {
  readonly options: ClaudeOptions;
  readonly create: CreateMessage;
  readonly name: string;
  readonly input: EngineInput;
  readonly context: EngineContext;
  readonly analyst: Diagnosis;
}

async function takeTurn(turn: Turn): Promise<EngineAnswer> {
  const { options, input, context, analyst, name } = turn;
  const { prompt: words } = options;
  const inventory = readInventory(input);
  const judge = (report: unknown) => acceptDiagnosis(report, input, analyst, name);
  const prompt = renderPrompt(input, analyst, tagOf(context), words);
  const transcript: Transcript =
    context.transcript === undefined
      ? [{ role: 'user', content: context.mustAnswer ? `${prompt.user}\n\n${words.lastStep}` : prompt.user }]
      : continueTranscript(parseTranscript(context.transcript), {
          context,
          inventory,
          lastStep: words.lastStep,
          explainRefusal: (report) => explainRefusal(judge(report)),
        });
  const { message, usage } = await ask(turn, prompt.system, transcript);
  if (message.stop_reason === 'refusal') return fallBack(analyst, `${name} refused to answer.`, usage);
  const next = [...transcript, keepTurn(message.content)];
  const report = listToolUses(message.content).find((block) => block.name === reportTool);
  if (report) {
    const first = judge(report.input);
    // A report that is not as it must be comes back once, with the reason; the second time, what it cannot prove is dropped.
    if ('refused' in first && countReports(transcript) === 0 && !context.mustAnswer)
      return { kind: 'questions', calls: [], transcript: JSON.stringify(next), usage };
    const accepted = 'refused' in first ? judge(dropUnproven(report.input, inventory.evidenceIds)) : first;
    if ('refused' in accepted) {
      const { refused } = 'refused' in first ? first : accepted;
      return fallBack(analyst, `The answer of ${name} was not used: ${refused}.`, usage);
    }
    const diagnosis = compareWithAnalyst(accepted.diagnosis, analyst);
    const missing = [...diagnosis.missing, ...prompt.leftOut];
    const { proof } = accepted;
    return { kind: 'diagnosis', diagnosis: { ...diagnosis, missing }, usage, ...(proof ? { proof } : {}) };
  }
  if (context.mustAnswer) return fallBack(analyst, `${name} reported no diagnosis within its budget.`, usage);
  if (message.stop_reason === 'max_tokens') return fallBack(analyst, `The answer of ${name} was cut off.`, usage);
  return { kind: 'questions', calls: selectCalls(message.content, inventory), transcript: JSON.stringify(next), usage };
}

function explainRefusal(acceptance: Acceptance): string {
  return 'refused' in acceptance
    ? `The report was not taken: ${acceptance.refused}. Mend it and report again; what is not proven then is dropped.`
    : 'The report was taken.';
}

/** Nobody who writes logs knows the run's id before the run begins. */
function tagOf(context: EngineContext): string {
  const call = context.call;
  return createHash('sha256')
    .update(`${call?.runId ?? ''}/${call?.round ?? 0}`)
    .digest('hex')
    .slice(0, 16);
}

/** Only a count of tokens may go into a budget: a negative one would stretch it, and infinity is no JSON. */
const tokens = z.int().min(0);
const text = z.looseObject({ type: z.literal('text'), text: z.string() });
/** Ids and names go into histories and back to the API. */
const toolUse = z.looseObject({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[\w-]{1,200}$/),
  name: z.string().max(200),
});
const otherBlock = z.looseObject({ type: z.string().refine((type) => type !== 'text' && type !== 'tool_use') });
const paidAnswer = z.object({
  content: z.array(z.union([text, toolUse, otherBlock])),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens.nullish(),
    cache_read_input_tokens: tokens.nullish(),
  }),
});

/** The journal's answer where this very call was answered before; else one call, kept before anything is done with it. */
async function ask(
  turn: Turn,
  system: string,
  transcript: Transcript,
): Promise<{ message: Anthropic.Message; usage: EngineUsage }> {
  const { options, context } = turn;
  const request: Anthropic.MessageCreateParamsNonStreaming = {
    model: options.model,
    max_tokens: options.maxOutputTokens ?? 16_000,
    // What stays the same between steps is marked, so that the provider reads it from its cache: tools and words, and all but the news.
    system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
    // Newer models think by default and refuse a forced `tool_choice`, so the words ask for the tool instead.
    tool_choice: { type: 'auto' },
    tools: [...tools],
    messages: markForCache(transcript.map((message) => redactMessage(message, options.redact))),
  };
  const key = keyOf({ call: context.call ?? null, request });
  const kept = await options.journal.read(key);
  if (kept === undefined) context.signal?.throwIfAborted();
  // An answer without a body is no message either: it is kept as null, and judged below.
  const answer = kept ?? (await turn.create(request, context.signal)) ?? null;
  if (kept === undefined) await options.journal.write(key, answer);
  const message = checkAnswer(answer, key);
  // A kept answer was paid by an attempt that died before history had it: it is counted now, or a budget would not see it.
  return { message, usage: countUsage(message, options.prices ?? findListPrices(options.model)) };
}

/** The first message holds the case, the last one the newest answers: a step reads from the cache up to the one before it. */
function markForCache(messages: readonly Anthropic.MessageParam[]): Anthropic.MessageParam[] {
  return messages.map((message, i) => {
    if (i !== 0 && i !== messages.length - 1) return message;
    const blocks =
      typeof message.content === 'string' ? [{ type: 'text' as const, text: message.content }] : message.content;
    const last = blocks.at(-1);
    if (message.role !== 'user' || (last?.type !== 'text' && last?.type !== 'tool_result')) return message;
    return {
      ...message,
      content: [...blocks.slice(0, -1), { ...last, cache_control: { type: 'ephemeral' as const } }],
    };
  });
}

/** SHA-256 of the canonical request (RFC 8785) and of the call that it belongs to. */
export function keyOf(value: unknown): string {
  const bytes = canonicalize(value);
  if (bytes === undefined) throw new TypeError('A request to the model cannot be written as canonical JSON.');
  return createHash('sha256').update(bytes).digest('hex');
}

function checkAnswer(answer: unknown, key: string): Anthropic.Message {
  const parsed = paidAnswer.safeParse(answer);
  if (parsed.success) return answer as Anthropic.Message;
  const [fault] = parsed.error.issues;
  const what = cleanLine(`${fault?.path.join('.') || 'body'}: ${fault?.message ?? 'unreadable'}`, 200);
  throw new OutsideError(
    `What answered as Anthropic sent no message (${what}; answer ${key.slice(0, 12)} in the journal). Check what answers at \`engine.baseUrl\`.`,
    { system: 'Anthropic', kind: 'UnreadableAnswer', retryable: false },
  );
}

function countUsage(message: Anthropic.Message, prices: ModelPrices | undefined): EngineUsage {
  const { usage } = message;
  const plain = usage.input_tokens;
  const written = usage.cache_creation_input_tokens ?? 0;
  const read = usage.cache_read_input_tokens ?? 0;
  const output = usage.output_tokens;
  const counted = { modelCalls: 1, inputTokens: plain + written + read, outputTokens: output };
  return prices ? { ...counted, cost: priceTokens({ plain, written, read, output }, prices) } : counted;
}

/** What we say is redacted. What the model said goes back byte for byte: its thinking blocks are signed. */
function redactMessage(message: Anthropic.MessageParam, redact: (text: string) => string): Anthropic.MessageParam {
  if (message.role !== 'user') return message;
  if (typeof message.content === 'string') return { ...message, content: redact(message.content) };
  const content = message.content.map((block) => {
    if (block.type === 'text') return { ...block, text: redact(block.text) };
    if (block.type !== 'tool_result' || typeof block.content !== 'string') return block;
    return { ...block, content: redact(block.content) };
  });
  return { ...message, content };
}
