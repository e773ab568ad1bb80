import { z } from 'zod';

/** Kinds of value in a bundle. Each says what stands there and what to write instead, since the person who reads it did not write the schema. */

function describe(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'object') return 'is an object';
  return `is ${JSON.stringify(value).slice(0, 80)}`;
}

const wrong =
  (instead: string) =>
  (issue: { input?: unknown }): string =>
    `${describe(issue.input)}; write ${instead}`;

const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/;

/** True for an ISO 8601 time with a zone; one without would mean another moment on another machine. */
export function isTime(value: unknown): value is string {
  return typeof value === 'string' && timePattern.test(value) && !Number.isNaN(Date.parse(value));
}

/** In UTC, since the analyst compares times as text. One that is in UTC already stays as it was written. */
export function toUtc(at: string): string {
  return at.endsWith('Z') ? at : new Date(at).toISOString();
}

const timeError = wrong('an ISO 8601 time with its zone, such as "2026-11-21T09:26:13.581Z"');

export const time = (description: string) =>
  z
    .string({ error: timeError })
    .regex(timePattern, { error: timeError, abort: true })
    .refine(isTime, { error: timeError })
    .transform(toUtc)
    .meta({ description });

export const text = (description: string) => z.string({ error: wrong('text') }).meta({ description });

/** Text that may not be empty. */
export const word = (description: string, example: string) => {
  const error = wrong(`text such as ${JSON.stringify(example)}`);
  return z.string({ error }).min(1, { error }).meta({ description });
};

export const number = (description: string, min: number, max = Number.MAX_VALUE) => {
  const error = wrong(max === Number.MAX_VALUE ? `a number from ${min} on` : `a number from ${min} to ${max}`);
  return z.number({ error }).min(min, { error }).max(max, { error }).meta({ description });
};

export const count = (description: string, min: number) => {
  const error = wrong(`a whole number from ${min} on`);
  return z.int({ error }).min(min, { error }).meta({ description });
};

export const choice = <const T extends readonly [string, ...string[]]>(values: T, description: string) =>
  z.enum(values, { error: wrong(`one of: ${values.join(', ')}`) }).meta({ description });

export const listOf = <T extends z.ZodType>(item: T, description: string) =>
  z.array(item, { error: wrong('a list') }).meta({ description });

export const mapOf = <T extends z.ZodType>(value: T, description: string) =>
  z.record(z.string(), value, { error: wrong('an object') }).meta({ description });

export const record = <T extends z.ZodRawShape>(shape: T, description: string) =>
  z
    .strictObject(shape, { error: wrong(`an object with the keys ${Object.keys(shape).join(', ')}`) })
    .meta({ description });

/** Text, number or boolean: what a log line or a span carries under a name of its own. */
export const scalar = z.union([z.string(), z.number(), z.boolean()], { error: wrong('text, a number, true or false') });

/** A measured value; null where nothing was measured. */
export const measured = z.union([z.number(), z.null()], {
  error: wrong('a number, or null where nothing was measured'),
});
