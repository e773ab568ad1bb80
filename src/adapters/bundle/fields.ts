import { z } from 'zod';
import { readLevel } from '../../domain/analysis/logs/levels.ts';
import { isTime as isEpochTime, readEpoch } from '../log-files/timestamps.ts';

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

/** A time in any form that a bundle may write, as text in UTC; undefined for anything else. */
export function readTime(value: unknown): string | undefined {
  if (isTime(value)) return toUtc(value);
  return typeof value === 'number' && isEpochTime(readEpoch(value))
    ? new Date(readEpoch(value)).toISOString()
    : undefined;
}

const timeError = wrong(
  'an ISO 8601 time with its zone, such as "2026-11-21T09:26:13.581Z", or a number of seconds, milli-, micro- or nanoseconds since 1970',
);

const isoTime = z.string().regex(timePattern, { abort: true }).refine(isTime).transform(toUtc);

/** The size of the number tells its unit, and so no time can be mistaken for another. */
const epochTime = z
  .number()
  .refine((value) => isEpochTime(readEpoch(value)))
  .transform((value) => new Date(readEpoch(value)).toISOString());

export const time = (description: string) => z.union([isoTime, epochTime], { error: timeError }).meta({ description });

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

/** `debug`, `info`, `warn` or `error`, under any name or number that a common logger has for it. */
export const level = (description: string) =>
  z
    .union([z.string(), z.number()], { error: wrong('one of: debug, info, warn, error') })
    .transform((value, context) => {
      const read = readLevel(value);
      if (read !== undefined) return read;
      context.addIssue({
        code: 'custom',
        message: `is ${JSON.stringify(value)}; write one of: debug, info, warn, error`,
      });
      return z.NEVER;
    })
    .meta({ description });

type Scalar = string | number | boolean;

/** What a log line or a span carries under names of its own: text, numbers and booleans stay, what is nested gets dotted names. */
export const fieldsOf = (description: string) =>
  z
    .record(z.string(), z.unknown(), { error: wrong('an object') })
    .transform((value) => (Object.values(value).every(isScalar) ? (value as Record<string, Scalar>) : flatten(value)))
    .meta({ description });

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** `{"http": {"status": 200}}` is `http.status`; a list becomes its JSON, null is left out since it says nothing. */
function flatten(value: Readonly<Record<string, unknown>>, prefix = ''): Record<string, Scalar> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]): readonly (readonly [string, Scalar])[] => {
      const name = `${prefix}${key}`;
      if (item === null) return [];
      if (isScalar(item)) return [[name, item]];
      if (Array.isArray(item)) return [[name, JSON.stringify(item)]];
      return Object.entries(flatten(item as Record<string, unknown>, `${name}.`));
    }),
  );
}

const numberText = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$|^NaN$|^[+-]?Inf(?:inity)?$/i;
const toMeasured = (text: string) => (Number.isFinite(Number(text)) ? Number(text) : null);

/** A number, also as the text in which Prometheus answers; null where nothing was measured, as NaN and infinities say too. */
export const measured = z.union([z.number(), z.null(), z.string().regex(numberText).transform(toMeasured)], {
  error: wrong('a number, or null where nothing was measured'),
});

/** What {@link measured} takes, read without it; undefined for anything else. */
export function readMeasured(value: unknown): number | null | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === null) return null;
  return typeof value === 'string' && numberText.test(value) ? toMeasured(value) : undefined;
}
