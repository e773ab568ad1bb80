import type { WrittenScript } from '../reproduction/written-proof.ts';

/**
 * What an engine may ask before it answers. Every question only reads, or runs something in the sandbox, which has no network and
 * no secrets: there is none that changes a service. Services, changes and evidence ids are held against the incident's inventory.
 */
export type Question = EvidenceQuestion | SourceQuestion | TrialQuestion;

/** A question with the id that the engine's answer to it carries. */
export type ToolCall = Question & { readonly id: string };

/** Answered from the evidence that was collected. Times are ISO strings. */
export type EvidenceQuestion =
  | { readonly name: 'read_evidence'; readonly evidenceId: string; readonly contains?: string }
  | {
      readonly name: 'query_logs';
      readonly service: string;
      readonly contains?: string;
      readonly level?: 'debug' | 'info' | 'warn' | 'error';
      readonly from?: string;
      readonly to?: string;
    }
  | {
      readonly name: 'query_metrics';
      readonly service: string;
      readonly metric?: string;
      readonly from?: string;
      readonly to?: string;
    }
  | {
      readonly name: 'query_traces';
      readonly service?: string;
      readonly traceId?: string;
      readonly failingOnly?: boolean;
    }
  | { readonly name: 'query_changes'; readonly service: string; readonly change?: string; readonly path?: string };

/** Answered from a service's repository, at `revision` or at what is checked out. Lines count from 1. */
export type SourceQuestion =
  | { readonly name: 'search_source'; readonly service: string; readonly text: string; readonly revision?: string }
  | {
      readonly name: 'read_file';
      readonly service: string;
      readonly path: string;
      readonly fromLine?: number;
      readonly toLine?: number;
      readonly revision?: string;
    }
  | {
      readonly name: 'blame';
      readonly service: string;
      readonly path: string;
      readonly fromLine: number;
      readonly toLine: number;
      readonly revision?: string;
    };

/** Answered by runs in the sandbox: the service's own command, or a script, with a change and with `before`, where that is known. */
export type TrialQuestion =
  | { readonly name: 'run_test'; readonly service: string; readonly change: string; readonly before?: string }
  | {
      readonly name: 'run_script';
      readonly service: string;
      readonly change: string;
      readonly before?: string;
      /** Text in the evidence store, by its SHA-256 in hex. */
      readonly script: { readonly path: string; readonly digest: string; readonly command: readonly string[] };
    };

/** A call as an engine makes it: the text of a script is not in the evidence store yet. */
export type AskedCall =
  | Exclude<ToolCall, { readonly name: 'run_script' }>
  | (Omit<Extract<ToolCall, { readonly name: 'run_script' }>, 'script'> & { readonly script: WrittenScript });

export type EvidenceCall = EvidenceQuestion & { readonly id: string };
export type SourceCall = SourceQuestion & { readonly id: string };
export type TrialCall = TrialQuestion & { readonly id: string };

/** The answer to a question, as text. Answers travel through histories and model requests, so they are short. */
export interface ToolAnswer {
  readonly id: string;
  readonly text: string;
}

/** Longest answer to one question, in characters. */
export const longestAnswer = 12_000;

/** Who answers a call: the evidence store, the repositories, or the sandbox. */
export function sortCall(
  call: ToolCall,
):
  | { readonly of: 'evidence'; readonly call: EvidenceCall }
  | { readonly of: 'source'; readonly call: SourceCall }
  | { readonly of: 'trial'; readonly call: TrialCall } {
  switch (call.name) {
    case 'search_source':
    case 'read_file':
    case 'blame':
      return { of: 'source', call };
    case 'run_test':
    case 'run_script':
      return { of: 'trial', call };
    case 'read_evidence':
    case 'query_logs':
    case 'query_metrics':
    case 'query_traces':
    case 'query_changes':
      return { of: 'evidence', call };
  }
}

/** One line for the Temporal UI and the timeline: what is asked. */
export function describeQuestion(call: Question): string {
  switch (call.name) {
    case 'read_evidence':
      return `Read ${call.evidenceId}`;
    case 'query_logs':
      return `Logs of ${call.service}${call.contains ? ` with "${call.contains}"` : ''}`;
    case 'query_metrics':
      return `Metrics of ${call.service}${call.metric ? `: ${call.metric}` : ''}`;
    case 'query_traces':
      return `Spans of ${call.service ?? call.traceId ?? 'all services'}`;
    case 'query_changes':
      return `Changes of ${call.service}${call.change ? `: ${call.change.slice(0, 12)}` : ''}`;
    case 'search_source':
      return `Search the source of ${call.service} for "${call.text}"`;
    case 'read_file':
      return `Read ${call.path} of ${call.service}`;
    case 'blame':
      return `Blame ${call.path}:${call.fromLine}-${call.toLine} of ${call.service}`;
    case 'run_test':
      return `Test ${call.service} with ${call.change.slice(0, 12)} and without`;
    case 'run_script':
      return `Run ${call.script.path} with ${call.change.slice(0, 12)} of ${call.service} and without`;
  }
}

/** Keeps whole lines up to {@link longestAnswer}, and says how many of how many they are. */
export function fitLines(lines: readonly string[], total = lines.length, limit = longestAnswer): string {
  if (lines.length === 0) return total === 0 ? 'There is nothing.' : `None of ${total} match.`;
  const kept: string[] = [];
  let length = 0;
  for (const line of lines) {
    if (length + line.length > limit) break;
    kept.push(line);
    length += line.length + 1;
  }
  if (kept.length === lines.length) return kept.join('\n');
  if (kept.length === 0) return `${lines[0]?.slice(0, limit) ?? ''}… (cut; ask for less)`;
  return `${kept.join('\n')}\n(${kept.length} of ${lines.length} lines shown; ask for less, or for a text that they contain)`;
}
