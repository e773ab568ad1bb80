import { isCancellation } from '@temporalio/workflow';

/** A cancel is not a failure of the step that it reached: it goes on up. */
export function rethrowCancellation(error: unknown): void {
  if (isCancellation(error)) throw error;
}

/** The innermost message of a failure: what a person needs, without Temporal's wrapping. */
export function rootMessage(error: unknown): string {
  let current: unknown = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current instanceof Error ? current.message : String(current);
}

/** The dotted type of the innermost application failure, for example `Action.NotApproved`. */
export function rootType(error: unknown): string {
  let type = '';
  for (let current: unknown = error; current instanceof Error; current = current.cause) {
    if ('type' in current && typeof current.type === 'string') type = current.type;
  }
  return type;
}
