import { z } from 'zod';
import { residentFileSchema } from './schema.ts';

/** The keys that may stand at a path of resident.yaml; empty where the user names them. */
export function listKeysAt(path: readonly (string | number)[]): readonly string[] {
  let schema: z.core.$ZodType | undefined = residentFileSchema;
  for (const part of path) schema = stepInto(unwrap(schema), part);
  const found = unwrap(schema);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

function stepInto(schema: z.core.$ZodType | undefined, part: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<string, z.core.$ZodType>)[String(part)];
  if (schema instanceof z.ZodRecord) return schema.valueType;
  if (schema instanceof z.ZodArray) return schema.element;
  return undefined;
}

function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? unwrap(schema.unwrap()) : schema;
}
