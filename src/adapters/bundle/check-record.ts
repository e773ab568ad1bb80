import type { z } from 'zod';
import { explainIssues } from './faults.ts';

/** One line as a record of a schema; undefined, and a fault, where it is none. */
export function parseRecord<T extends z.ZodObject>(
  schema: T,
  text: string,
  fault: (message: string) => void,
): z.output<T> | undefined {
  const value = parseJson(text, fault);
  return value === undefined ? undefined : checkRecord(schema, value, fault);
}

/** One line as JSON; undefined, and a fault, where it is none. */
export function parseJson(text: string, fault: (message: string) => void): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (/[[,:]\s*-?(?:NaN|Infinity)\b/.test(text)) fault('is not JSON: it holds NaN or Infinity; write null there');
    else fault(`is not JSON (${why.slice(0, 120)}); write one whole JSON object a line`);
    return undefined;
  }
}

/**
 * Holds a value against a schema; each thing that is wrong is a fault. Beside keys that are not known the rest is taken as it is, so that
 * a slip of the pen hides no fault elsewhere.
 */
export function checkRecord<T extends z.ZodObject>(
  schema: T,
  value: unknown,
  fault: (message: string) => void,
): z.output<T> | undefined {
  const parsed = schema.safeParse(withoutNulls(value), { reportInput: true });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  for (const message of explainIssues(issues, Object.keys(schema.shape))) fault(message);
  const isKnownElse = issues.every((issue) => issue.code === 'unrecognized_keys' && issue.path.length === 0);
  return isKnownElse ? (schema.strip().parse(withoutNulls(value)) as z.output<T>) : undefined;
}

/** Many programs write null for what is absent. */
function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return entries.some(([, item]) => item === null)
    ? Object.fromEntries(entries.filter(([, item]) => item !== null))
    : value;
}
