import { z } from 'zod';

/**
 * The kinds of value that resident.yaml knows. Each says in its own words what to write instead of a wrong one, because
 * the person who reads the message knows their fleet and not our schema.
 */

/** Says what stands there now, without repeating long text. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty';
  if (Array.isArray(value)) return 'is a list';
  if (typeof value === 'object') return 'is a mapping';
  if (typeof value === 'string') return value === '' ? 'is empty text' : `is the text "${value.slice(0, 60)}"`;
  return `is ${JSON.stringify(value)}`;
}

const wrong =
  (instead: string) =>
  (issue: { input?: unknown }): string =>
    `${describeValue(issue.input)}; write ${instead}`;

/** Text that may not be empty. */
export const text = (description: string, instead: string) =>
  z
    .string({ error: wrong(instead) })
    .min(1, { error: wrong(instead) })
    .meta({ description });

/** Text of a fixed form. */
export const shaped = (pattern: RegExp, description: string, instead: string) =>
  z
    .string({ error: wrong(instead) })
    .regex(pattern, { error: wrong(instead) })
    .meta({ description });

/** One of a few words. */
export const choice = <const T extends readonly [string, ...string[]]>(values: T, description: string) =>
  z.enum(values, { error: wrong(`one of: ${values.join(', ')}`) }).meta({ description });

/** An IANA name of a time zone that this machine knows. */
export const timezone = (description: string) => {
  const error = wrong('the IANA name of a time zone, for example Europe/Berlin');
  return z.string({ error }).refine(isTimezone, { error }).meta({ description });
};

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false; // A RangeError is Intl's way to say no.
  }
}

/** A whole number with bounds. */
export const count = (min: number, max: number, description: string) => {
  const error = wrong(`a whole number from ${min} to ${max}`);
  return z.int({ error }).min(min, { error }).max(max, { error }).meta({ description });
};

/** Any number. */
export const amount = (description: string) =>
  z.number({ error: wrong('a number, for example 0.05') }).meta({ description });

/** A positive number with an upper bound, in the unit named by its key. */
export const quantity = (unit: string, max: number, description: string) => {
  const error = wrong(`a number of ${unit} above 0 and at most ${max}, without a unit, for example 5 or 0.5`);
  return z.number({ error }).positive({ error }).max(max, { error }).meta({ description });
};

/** As {@link quantity}, and 0 means "at once". */
export const quantityOrNone = (unit: string, max: number, description: string) => {
  const error = wrong(`a number of ${unit} from 0 to ${max}, without a unit, for example 5 or 0.5`);
  return z.number({ error }).min(0, { error }).max(max, { error }).meta({ description });
};

/** Program and arguments as a list: no shell ever sees them. */
export const command = (description: string, example: readonly string[]) => {
  const error = wrong(`a list of program and arguments, for example [${example.map(quoteArgument).join(', ')}]`);
  return z
    .array(z.string({ error: wrong('text; put numbers and words like yes in quotes') }), { error })
    .min(1, { error })
    .meta({ description });
};

const quoteArgument = (argument: string): string => (/^[\w./=-]+$/.test(argument) ? argument : `"${argument}"`);

/** A list of anything. */
export const listOf = <T extends z.ZodType>(item: T, description: string, example: string) =>
  z.array(item, { error: wrong(`a list, for example ${example}`) }).meta({ description });

/** A mapping with known keys only. */
export const closed = <T extends z.ZodRawShape>(shape: T, description: string) =>
  z
    .strictObject(shape, { error: wrong(`a mapping with the keys ${Object.keys(shape).join(', ')}`) })
    .meta({ description });

/** A mapping whose keys the user names. */
export const named = <T extends z.ZodType>(value: T, description: string, example: string) =>
  z
    .record(z.string(), value, { error: wrong(`a mapping from names to entries, for example ${example}`) })
    .meta({ description });

/** What stands there instead of a reference may be the secret itself, so it is never repeated. */
const wrongSecret = (issue: { input?: unknown }): string => {
  const instead = 'write { env: NAME_OF_A_VARIABLE } or { file: ./path-of-a-file }';
  if (issue.input === undefined) return `is missing; ${instead}`;
  if (typeof issue.input === 'object') return `is not a reference; ${instead}, with one of the two keys and a text`;
  return `is text, and a secret never stands in this file itself; put it into a variable or a file and ${instead}`;
};

/** A secret by reference. */
export const secret = (description: string) =>
  z
    .union(
      [
        z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
        z.strictObject({ file: z.string().min(1) }),
      ],
      { error: wrongSecret },
    )
    .meta({ description });

/** One secret, or several while it is being changed. */
export const secrets = (description: string) =>
  z.union([secret(description), z.array(secret(description)).min(1)], { error: wrongSecret });
