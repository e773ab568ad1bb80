import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';
import { maxDiffLength } from '../../domain/reproduction/written-proof.ts';
import { toInputSchema } from './input-schema.ts';
import { questionTools, writtenScript } from './questions.ts';

const cited = z.array(z.string().max(200)).max(30).describe('Ids of the evidence that carries it.');
const claim = z.strictObject({ text: z.string().min(1).max(1_000).describe('One sentence.'), evidence: cited });

/** What a model's diagnosis may look like. Unknown fields, wrong types and long texts refuse the whole answer. */
export const diagnosisReport = z.strictObject({
  verdict: z.enum(['cause', 'inconclusive', 'no-fault']),
  service: z.string().max(200).describe('The service at fault, from the inventory; empty unless verdict is cause.'),
  change: z.string().max(200).describe('A change of that service from the inventory, or none.'),
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
  confidence: z.number().min(0).max(1).describe('0 to 1.'),
  statement: z.array(claim).min(1).max(12).describe('The argument, sentence by sentence, each cited.'),
  against: z.array(claim).max(12).describe('What speaks against it.'),
  ruledOut: z
    .array(
      z.strictObject({
        candidate: z.string().max(200).describe('A service, change or outside system of the inventory.'),
        reason: z.string().min(1).max(1_000),
        evidence: cited,
      }),
    )
    .max(30),
  missing: z.array(z.string().max(400)).max(20).describe('What would be needed to be sure.'),
  script: writtenScript
    .nullish()
    .describe(
      'A new file for the accused service that exits with another code than 0 while the fault is there. It runs in a sandbox without a network, in the folder of the service.',
    ),
  fix: z
    .strictObject({
      diff: z.string().max(maxDiffLength).describe('A unified diff with a/ and b/ paths from the service folder.'),
    })
    .nullish()
    .describe('The smallest change of the accused service that mends it; it is tried on a copy.'),
});
export type DiagnosisReport = z.infer<typeof diagnosisReport>;

export const reportTool = 'report_diagnosis';

/** All of them read or report: no tool of a model changes anything. Strict schemas may not bound lengths; {@link diagnosisReport} does. */
export const tools: readonly Anthropic.Tool[] = [
  ...questionTools,
  {
    name: reportTool,
    description: 'Reports the diagnosis. Call it once, at the end.',
    strict: true,
    input_schema: toInputSchema(diagnosisReport),
  },
];
