import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { toFailure } from '../activities/failures.ts';

const heartbeatEveryMs = 1_000;

/**
 * Makes every activity heartbeat while it runs, so that a killed worker is noticed within the heartbeat timeout, and turns
 * what it throws into a Temporal failure with a dotted type and a retry decision. The start counts as the first beat, so an
 * activity that is done before the second sends none: each is a write on the server, as dear as the activity's own.
 * A beat replaces the details of the one before, so each carries the activity's last; at first those of the attempt before.
 */
export function createActivityInterceptors(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        const everyMs = Math.min(heartbeatEveryMs, (context.info.heartbeatTimeoutMs || Infinity) / 3);
        const beat = context.heartbeat;
        let lastDetails: unknown = context.info.heartbeatDetails;
        const heartbeat = (details?: unknown) => beat((lastDetails = details));
        Object.defineProperty(context, 'heartbeat', { value: heartbeat });
        const timer = setInterval(() => beat(lastDetails), everyMs);
        try {
          return await next(input);
        } catch (error) {
          // What an activity says itself stands: a command that was let finish in spite of a cancel may have failed.
          if (error instanceof ApplicationFailure) throw error;
          // A cancelled activity must stay cancelled, or the workflow would take it for a failure.
          if (context.cancellationSignal.aborted) throw await context.cancelled.catch((reason: unknown) => reason);
          throw toFailure(error);
        } finally {
          clearInterval(timer);
        }
      },
    },
  };
}
