import type { MeasuredLogs } from '../analysis/logs/measure-logs.ts';
import type { Alert } from '../incident/alert.ts';
import type { Diagnosis, Finding } from './diagnosis.ts';
import type { AskedCall, ToolAnswer, ToolCall } from './questions.ts';
import type { Evidence, EvidenceBody } from '../evidence/evidence.ts';
import type { Lesson } from '../evidence/lesson.ts';
import type { WrittenProof } from '../reproduction/written-proof.ts';

/** Evidence with its body at hand; bodies are loaded from the store by the activity that calls an engine. */
export interface EvidenceWithBody {
  readonly evidence: Evidence;
  readonly body?: EvidenceBody;
  /** In place of a logs body that was measured while it was read, because it may be larger than memory. */
  readonly measured?: MeasuredLogs;
}

/** Everything that an engine may argue from. The same input gives the same answer from the built-in analyst. */
export interface EngineInput {
  readonly alerts: readonly Alert[];
  /** The service that the alert names. */
  readonly service: string;
  /** Who calls whom: service to the services it depends on. */
  readonly dependencies: Readonly<Record<string, readonly string[]>>;
  readonly evidence: readonly EvidenceWithBody[];
  readonly findings: readonly Finding[];
  readonly lessons: readonly Lesson[];
  /** Words of people: steering, and the reasons of rejections. */
  readonly guidance: readonly string[];
  /**
   * Actions that people rejected in this incident, as `<action type> <target>`. None of them is proposed again. A rejection is about what
   * would be done, so it rules no cause out: what it says about the cause is in its reason.
   */
  readonly rejected: readonly string[];
}

/** What one step of an engine yields: questions, or its diagnosis. */
export type EngineStep =
  | {
      readonly kind: 'questions';
      readonly calls: readonly ToolCall[];
      readonly transcriptDigest: string;
      readonly usage: EngineUsage;
    }
  | { readonly kind: 'diagnosis'; readonly diagnosis: Diagnosis; readonly usage: EngineUsage };

/** What an engine's calls cost. Tokens that were read from a cache count among the input tokens. */
export interface EngineUsage {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** US dollars, where prices are known; absent otherwise. */
  readonly cost?: number;
}

export function addUsage(a: EngineUsage, b: EngineUsage): Required<EngineUsage> {
  return {
    modelCalls: a.modelCalls + b.modelCalls,
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    cost: (a.cost ?? 0) + (b.cost ?? 0),
  };
}

/** What a step continues from: nothing at first, later the transcript in the evidence store and the answers to the questions. */
export interface EngineContext {
  readonly transcript?: string;
  readonly answers?: readonly ToolAnswer[];
  readonly signal?: AbortSignal;
  /** Which call of which incident this is: part of the key under which a paid answer is kept. */
  readonly call?: EngineCall;
  /** No questions any more: the engine answers with what it has, and the analyst answers when the model cannot. */
  readonly mustAnswer?: boolean;
}

export interface EngineCall {
  readonly incidentId: string;
  readonly runId: string;
  readonly round: number;
  readonly step: number;
}

/** The built-in analyst and Claude stand behind this one interface. */
export interface Engine {
  readonly name: string;
  step(input: EngineInput, context: EngineContext): Promise<EngineAnswer>;
}

/** An engine's own answer; the activity stores the transcript and turns it into an {@link EngineStep}. */
export type EngineAnswer =
  | {
      readonly kind: 'questions';
      readonly calls: readonly AskedCall[];
      readonly transcript: string;
      readonly usage: EngineUsage;
    }
  | {
      readonly kind: 'diagnosis';
      readonly diagnosis: Diagnosis;
      readonly usage: EngineUsage;
      /** A script that shows the failure, and a fix: tried in the sandbox, never believed. */
      readonly proof?: WrittenProof;
    };

export const noUsage: EngineUsage = { modelCalls: 0, inputTokens: 0, outputTokens: 0 };
