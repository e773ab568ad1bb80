import { parseArgs, type ParseArgsConfig } from 'node:util';

/** Ends with what is wrong with the command line or the environment, and 2. */
export function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

/** Reads the command line; prints the usage and ends for `--help`, and for an option that it does not know. */
export function readOptions<T extends NonNullable<ParseArgsConfig['options']>>(options: T, usage: string) {
  if (process.argv.includes('--help')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\n${usage}`);
  }
}

/** A whole number from 1 on; ends with what was written instead. */
export function readCount(name: string, text: string): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count > 0
    ? count
    : refuse(`--${name} is ${text}; write a whole number from 1 on.`);
}
