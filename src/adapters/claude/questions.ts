import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import type { Inventory } from '../../domain/diagnosis/prompt.ts';
import type { AskedCall } from '../../domain/diagnosis/questions.ts';
import { findScriptFault, maxScriptLength } from '../../domain/reproduction/written-proof.ts';
import { toInputSchema } from './input-schema.ts';

const name = (what: string) => z.string().min(1).max(200).describe(what);
const service = name('A service of the inventory.');
const change = name('A commit of that service, from the inventory.');
/** As evidence writes times, which are compared as text: in UTC and with milliseconds. */
const time = (what: string) =>
  z.iso
    .datetime({ offset: true })
    .transform((at) => new Date(at).toISOString())
    .nullable()
    .describe(what);
const from = time('Only from this time on, ISO 8601; null for all.');
const to = time('Only before this time, ISO 8601; null for all.');
const contains = z.string().max(200).nullable().describe('Only lines that contain this text; null for all.');
const path = z
  .string()
  .max(300)
  .regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\n\0]+$/)
  .describe("A path below the service's folder.");
const revision = z
  .string()
  .regex(/^[0-9a-f]{7,64}$/)
  .nullable()
  .describe('A commit; null for what is checked out.');
const line = z.int().min(1).max(1_000_000);

/** A script that a model wrote; what else it has to be, {@link findScriptFault} says. */
export const writtenScript = z.strictObject({
  path: z.string().max(200).describe('Relative, for example shows-it.test.js; the file may not exist.'),
  text: z.string().max(maxScriptLength).describe(`At most ${maxScriptLength} characters, standard library only.`),
  command: z
    .array(z.string().max(200))
    .max(4)
    .describe('node [--test], python3 [-m unittest], sh, go run or java, then the path.'),
});

/** What each question takes. Fields that may be absent are null, so that a model says that it wants all. */
const questions = {
  read_evidence: {
    description: 'Reads the body of one evidence item of this incident.',
    input: z.strictObject({
      evidenceId: name('An id from the evidence list, for example order-service/logs/1.'),
      contains: contains.optional(),
    }),
  },
  query_logs: {
    description:
      'Log lines of a service as templates with counts before and during the incident, and the newest lines.',
    input: z.strictObject({
      service,
      contains,
      level: z.enum(['debug', 'info', 'warn', 'error']).nullable().describe('Only this level; null for all.'),
      from,
      to,
    }),
  },
  query_metrics: {
    description: 'Metric series of a service, summed up before and during the incident; with a name, its points too.',
    input: z.strictObject({
      service,
      metric: z.string().max(200).nullable().describe('The name of one metric; null for a summary of all.'),
      from,
      to,
    }),
  },
  query_traces: {
    description: 'Spans: how operations fail and how long they take; with a trace id, that trace.',
    input: z.strictObject({
      service: service.nullable(),
      traceId: z.string().max(200).nullable(),
      failingOnly: z.boolean(),
    }),
  },
  query_changes: {
    description: 'Commits, deploys, flags and platform events of a service; with a commit, its diff.',
    input: z.strictObject({ service, change: change.nullable(), path: path.nullable() }),
  },
  search_source: {
    description: "Lines of a service's source that contain a text.",
    input: z.strictObject({ service, text: z.string().min(2).max(200), revision }),
  },
  read_file: {
    description: "A file of a service's source with line numbers.",
    input: z.strictObject({ service, path, fromLine: line.nullable(), toLine: line.nullable(), revision }),
  },
  blame: {
    description: "Who last changed lines of a service's source, at most 200 of them.",
    input: z.strictObject({ service, path, fromLine: line, toLine: line, revision }),
  },
  run_test: {
    description:
      "Runs the service's own test command in a sandbox, with a change and with what ran before it. Takes a minute; ask when the answer decides something.",
    input: z.strictObject({ service, change }),
  },
  run_script: {
    description:
      'Runs a new script in a sandbox against the source of a service, with a change and with what ran before it. No network; the standard library only.',
    input: z.strictObject({
      service,
      change,
      script: writtenScript,
    }),
  },
} as const;

type QuestionName = keyof typeof questions;

/**
 * Every tool only reads. Not `strict`: the API takes 16 fields with a null in all strict tools of a request together (Anthropic,
 * "Structured outputs", limits), and these have more; {@link readQuestion} checks each input and tells the model what is wrong.
 */
export const questionTools: readonly Anthropic.Tool[] = Object.entries(questions).map(
  ([tool, { description, input }]) => ({
    name: tool,
    description: `${description} Read only.`,
    input_schema: toInputSchema(input),
  }),
);

/** The question behind a tool use, or why it cannot be answered, in words for the model. */
export function readQuestion(block: Anthropic.ToolUseBlock, inventory: Inventory): AskedCall | string {
  if (!Object.hasOwn(questions, block.name))
    return `There is no such tool here. The tools are ${Object.keys(questions).join(', ')} and report_diagnosis.`;
  const parsed = questions[block.name as QuestionName].input.safeParse(block.input);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join('.') || 'input'}: ${issue.message}`);
    return cleanLine(`${block.name} cannot take this input: ${faults.join('; ')}.`, 400);
  }
  const call = { ...withoutNulls(parsed.data), id: block.id, name: block.name } as AskedCall;
  return findStranger(call, inventory) ?? withBefore(call, inventory);
}

/** What a change is compared with is ours to say. */
function withBefore(call: AskedCall, { before }: Inventory): AskedCall {
  if (call.name !== 'run_test' && call.name !== 'run_script') return call;
  const ran = before[call.change];
  return ran === undefined ? call : { ...call, before: ran };
}

/** What of a question is not of this incident. */
function findStranger(call: AskedCall, { evidenceIds, services, changes }: Inventory): string | undefined {
  if (call.name === 'read_evidence') {
    const isKnown = evidenceIds.includes(call.evidenceId);
    return isKnown ? undefined : 'No evidence of this incident has that id. Use an id from the evidence list.';
  }
  if (call.service !== undefined && !services.includes(call.service))
    return 'No service of this incident has that name. Use one of the inventory.';
  if (call.name === 'run_script') {
    const fault = findScriptFault(call.script);
    if (fault !== undefined) return `The script is not run: ${fault}.`;
  }
  if (!('change' in call) || call.change === undefined || changes[call.service]?.includes(call.change))
    return undefined;
  return 'No change of that service has that id. Use one of the inventory.';
}

function withoutNulls(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null && value !== undefined));
}
