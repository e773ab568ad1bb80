import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

/** What strict schemas of the Messages API may not say; the Zod schema checks it when the answer is here. */
const unsaid = new Set([
  ...[
    '$schema',
    'minLength',
    'maxLength',
    'minItems',
    'maxItems',
    'minimum',
    'maximum',
    'pattern',
    'format',
    'default',
  ],
]);

/** The JSON Schema of a tool from the schema that its input is checked with, so that the two cannot differ. */
export function toInputSchema(schema: z.ZodObject): Anthropic.Tool.InputSchema {
  return requireAll(z.toJSONSchema(schema, { io: 'input' })) as Anthropic.Tool.InputSchema;
}

/** A strict schema wants every field to be required; one that may be absent takes null. */
function requireAll(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(requireAll);
  if (typeof node !== 'object' || node === null) return node;
  const said = Object.entries(node).filter(([key]) => !unsaid.has(key));
  return Object.fromEntries(
    said.flatMap(([key, value]): [string, unknown][] => {
      if (key === 'required') return [];
      if (key !== 'properties') return [[key, requireAll(value)]];
      // Below `properties` the keys are names of fields, whatever they are called.
      const fields = Object.entries(value as object).map(([field, schema]) => [field, requireAll(schema)] as const);
      return [
        [key, Object.fromEntries(fields)],
        ['required', fields.map(([field]) => field)],
      ];
    }),
  );
}
