import { ApplicationFailure } from '@temporalio/common';

/**
 * What adapters throw: which system, what kind of trouble, whether trying again can help.
 * `kind` is stable: it becomes the second half of the failure type, for example `Prometheus.RateLimited`.
 */
export interface OutsideTrouble {
  readonly system: string;
  readonly kind: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
}

/** Failure messages land in histories for ever, and one above the gRPC limit fails the task. */
const maxMessageLength = 2_000;

/** The one place that turns an outside error into a Temporal failure with a dotted type and the retry decision. */
export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const message = (error instanceof Error ? error.message : String(error)).slice(0, maxMessageLength);
  const trouble = findTrouble(error);
  if (!trouble) return ApplicationFailure.create({ message, type: 'Resident.Unexpected', nonRetryable: false });
  return ApplicationFailure.create({
    message,
    type: `${trouble.system}.${trouble.kind}`,
    nonRetryable: !trouble.retryable,
    ...(trouble.retryAfterMs === undefined ? {} : { nextRetryDelay: trouble.retryAfterMs }),
  });
}

function findTrouble(error: unknown): OutsideTrouble | undefined {
  if (typeof error !== 'object' || error === null || !('trouble' in error)) return undefined;
  return error.trouble as OutsideTrouble;
}
