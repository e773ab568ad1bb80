import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { maxScriptLength } from '../../domain/reproduction/written-proof.ts';

const claim = z.strictObject({ text: z.string().min(1).max(1_000), evidence: z.array(z.string().max(200)).max(30) });

/** A fix is a small change; the rest of the rules stand where it is applied. */
const maxFixLength = 20_000;

/** What a model's diagnosis may look like. Unknown fields, wrong types and long texts refuse the whole answer. */
export const diagnosisReport = z.strictObject({
  verdict: z.enum(['cause', 'inconclusive', 'no-fault']),
  service: z.string().max(200),
  change: z.string().max(200),
  category: z.enum([
    'code-change',
    'config-change',
    'outside-dependency',
    'resource',
    'traffic',
    'infrastructure',
    'none',
    'unknown',
  ]),
  confidence: z.number().min(0).max(1),
  statement: z.array(claim).min(1).max(12),
  against: z.array(claim).max(12),
  ruledOut: z
    .array(
      z.strictObject({
        candidate: z.string().max(200),
        reason: z.string().min(1).max(1_000),
        evidence: z.array(z.string().max(200)).max(30),
      }),
    )
    .max(30),
  missing: z.array(z.string().max(400)).max(20),
  script: z
    .strictObject({
      path: z.string().max(200),
      text: z.string().max(maxScriptLength),
      command: z.array(z.string().max(200)).max(4),
    })
    .nullish(),
  fix: z.strictObject({ diff: z.string().max(maxFixLength) }).nullish(),
});
export type DiagnosisReport = z.infer<typeof diagnosisReport>;

export const evidenceQuestion = z.strictObject({
  evidenceId: z.string().max(200),
  contains: z.string().max(200).nullish(),
});

const claimSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['text', 'evidence'],
  properties: {
    text: { type: 'string', description: 'One sentence.' },
    evidence: { type: 'array', items: { type: 'string' }, description: 'Ids of the evidence that carries it.' },
  },
};

const scriptSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'text', 'command'],
  description:
    'A new file for the accused service that exits with another code than 0 while the fault is there. It runs in a sandbox without a network, in the folder of the service.',
  properties: {
    path: { type: 'string', description: 'Relative, for example shows-it.test.js; the file may not exist.' },
    text: { type: 'string', description: 'At most 8000 characters, standard library only.' },
    command: {
      type: 'array',
      items: { type: 'string' },
      description: 'node [--test], python3 [-m unittest], sh, go run or java, then the path.',
    },
  },
};

const fixSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['diff'],
  description: 'The smallest change of the accused service that mends it; it is tried on a copy.',
  properties: { diff: { type: 'string', description: 'A unified diff with a/ and b/ paths from the service folder.' } },
};

/** Both only read or report: no tool of a model changes anything. Strict schemas may not bound lengths; {@link diagnosisReport} does. */
export const tools: readonly Anthropic.Tool[] = [
  {
    name: 'read_evidence',
    description: 'Reads the body of one evidence item of this incident. Read only.',
    strict: true,
    input_schema: {
      type: 'object',
      additionalProperties: false,
      required: ['evidenceId', 'contains'],
      properties: {
        evidenceId: { type: 'string', description: 'An id from the evidence list, for example order-service/logs/1.' },
        contains: { type: ['string', 'null'], description: 'Only lines that contain this text; null for all.' },
      },
    },
  },
  {
    name: 'report_diagnosis',
    description: 'Reports the diagnosis. Call it once, at the end.',
    strict: true,
    input_schema: {
      type: 'object',
      additionalProperties: false,
      required: [
        'verdict',
        'service',
        'change',
        'category',
        'confidence',
        'statement',
        'against',
        'ruledOut',
        'missing',
        'script',
        'fix',
      ],
      properties: {
        verdict: { type: 'string', enum: diagnosisReport.shape.verdict.options },
        service: {
          type: 'string',
          description: 'The service at fault, from the inventory; empty unless verdict is cause.',
        },
        change: { type: 'string', description: 'A change of that service from the inventory, or none.' },
        category: { type: 'string', enum: diagnosisReport.shape.category.options },
        confidence: { type: 'number', description: '0 to 1.' },
        statement: {
          type: 'array',
          items: claimSchema,
          description: 'The argument, sentence by sentence, each cited.',
        },
        against: { type: 'array', items: claimSchema, description: 'What speaks against it.' },
        ruledOut: {
          type: 'array',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['candidate', 'reason', 'evidence'],
            properties: {
              candidate: { type: 'string', description: 'A service, change or outside system of the inventory.' },
              reason: { type: 'string' },
              evidence: { type: 'array', items: { type: 'string' } },
            },
          },
        },
        missing: { type: 'array', items: { type: 'string' }, description: 'What would be needed to be sure.' },
        script: { anyOf: [scriptSchema, { type: 'null' }] },
        fix: { anyOf: [fixSchema, { type: 'null' }] },
      },
    },
  },
];
