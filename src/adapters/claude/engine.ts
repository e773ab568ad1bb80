import { createHash } from 'node:crypto';
import type Anthropic from '@anthropic-ai/sdk';
import canonicalize from 'canonicalize';
import { z } from 'zod';
import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import type { Engine, EngineAnswer, EngineContext, EngineInput, EngineUsage } from '../../domain/diagnosis/engine.ts';
import { noUsage } from '../../domain/diagnosis/engine.ts';
import { renderPrompt } from '../../domain/diagnosis/prompt.ts';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import type { AnswerJournal } from '../answer-journal.ts';
import { OutsideError } from '../outside-error.ts';
import { acceptDiagnosis } from './accept-diagnosis.ts';
import { createMessages, type CreateMessage } from './messages.ts';
import { tools } from './tools.ts';
import {
  continueTranscript,
  lastWord,
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
  const { input, context, analyst, name } = turn;
  const evidenceIds = input.evidence.map(({ evidence }) => evidence.id);
  const prompt = renderPrompt(input, analyst, tagOf(context));
  const transcript: Transcript =
    context.transcript === undefined
      ? [{ role: 'user', content: context.mustAnswer ? `${prompt.user}\n\n${lastWord}` : prompt.user }]
      : continueTranscript(parseTranscript(context.transcript), context, evidenceIds);
  const { message, usage } = await ask(turn, prompt.system, transcript);
  if (message.stop_reason === 'refusal') return fallBack(analyst, `${name} refused to answer.`, usage);
  const uses = listToolUses(message.content);
  const report = uses.find((block) => block.name === 'report_diagnosis');
  if (report) {
    const accepted = acceptDiagnosis(report.input, input, analyst, name);
    if ('refused' in accepted)
      return fallBack(analyst, `The answer of ${name} was not used: ${accepted.refused}.`, usage);
    const missing = [...accepted.diagnosis.missing, ...prompt.leftOut];
    const { proof } = accepted;
    return { kind: 'diagnosis', diagnosis: { ...accepted.diagnosis, missing }, usage, ...(proof ? { proof } : {}) };
  }
  if (context.mustAnswer) return fallBack(analyst, `${name} reported no diagnosis within its budget of steps.`, usage);
  if (message.stop_reason === 'max_tokens') return fallBack(analyst, `The answer of ${name} was cut off.`, usage);
  const next = [
    ...transcript,
    { role: 'assistant' as const, content: message.content as Anthropic.ContentBlockParam[] },
  ];
  return {
    kind: 'questions',
    calls: selectCalls(message.content, evidenceIds),
    transcript: JSON.stringify(next),
    usage,
  };
}

/** Nobody who writes logs knows the run's id before the run begins. */
function tagOf(context: EngineContext): string {
  const call = context.call;
  return createHash('sha256')
    .update(`${call?.runId ?? ''}/${call?.round ?? 0}`)
    .digest('hex')
    .slice(0, 16);
}

const paidAnswer = z.object({
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: z.number(), output_tokens: z.number() }),
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
    system,
    // Newer models think by default and refuse a forced `tool_choice`, so the words ask for the tool instead.
    tool_choice: { type: 'auto' },
    tools: [...tools],
    messages: transcript.map((message) => redactMessage(message, options.redact)),
  };
  const key = keyOf({ call: context.call ?? null, request });
  const kept = await options.journal.read(key);
  if (kept === undefined) context.signal?.throwIfAborted();
  const answer = kept ?? (await turn.create(request, context.signal));
  if (kept === undefined) await options.journal.write(key, answer);
  const message = checkAnswer(answer, key);
  // A kept answer was paid by an attempt that died before history had it: it is counted now, or a budget would not see it.
  return { message, usage: countUsage(message) };
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
  throw new OutsideError(
    `What answered as Anthropic sent no message (answer ${key.slice(0, 12)} in the journal): ${cleanLine(parsed.error.message, 200)}`,
    { system: 'Anthropic', kind: 'UnreadableAnswer', retryable: false },
  );
}

function countUsage(message: Anthropic.Message): EngineUsage {
  const usage = message.usage as Anthropic.Usage | undefined;
  const cached = (usage?.cache_creation_input_tokens ?? 0) + (usage?.cache_read_input_tokens ?? 0);
  return { modelCalls: 1, inputTokens: (usage?.input_tokens ?? 0) + cached, outputTokens: usage?.output_tokens ?? 0 };
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
