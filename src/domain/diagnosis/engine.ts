import type { MeasuredLogs } from '../analysis/measure-logs.ts';
import type { Alert } from '../incident/alert.ts';
import type { Diagnosis, Finding } from './diagnosis.ts';
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
  /** Words of people: steering, and the reasons of rejections. Candidates that people rejected are in `rejected`. */
  readonly guidance: readonly string[];
  readonly rejected: readonly string[];
}

/** A read-only question that an engine asks before it answers. */
export interface ToolCall {
  readonly id: string;
  readonly name: 'read_evidence';
  readonly evidenceId: string;
  /** Only lines that contain this text, where given. */
  readonly contains?: string;
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

export interface EngineUsage {
  readonly modelCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a step continues from: nothing at first, later the transcript in the evidence store and the answers to the questions. */
export interface EngineContext {
  readonly transcript?: string;
  readonly answers?: readonly { readonly id: string; readonly text: string }[];
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
      readonly calls: readonly ToolCall[];
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
