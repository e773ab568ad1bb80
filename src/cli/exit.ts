import { ConfigError } from '../config.ts';
import { note, paint } from './output.ts';

/** Exit codes are public names: DESIGN.md. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const;

/** An end of a command that is not a fault of the program: what it says is for people, without a stack. */
export class CommandEnd extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'CommandEnd';
    this.code = code;
  }
}

/** Says what went wrong and gives the exit code for it. */
export function explainEnd(error: unknown): number {
  if (error instanceof CommandEnd) {
    if (error.message !== '') note(paint('red', error.message));
    return error.code;
  }
  if (error instanceof ConfigError) {
    note(error.message);
    return exitCodes.usage;
  }
  note(paint('red', messageOf(error)));
  return exitCodes.failed;
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause =
    error.cause instanceof Error && error.cause.message !== error.message ? ` (${error.cause.message})` : '';
  return `${error.message}${cause}`;
}
