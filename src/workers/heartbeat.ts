import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';
import { toFailure } from '../activities/failures.ts';

const heartbeatEveryMs = 1_000;

/**
 * Makes every activity heartbeat while it runs, so that a killed worker is noticed within the heartbeat timeout, and turns
 * what it throws into a Temporal failure with a dotted type and a retry decision.
 */
export function createActivityInterceptors(context: Context): ActivityInterceptors {
  return {
    inbound: {
      async execute(input, next) {
        context.heartbeat();
        const timer = setInterval(() => context.heartbeat(), heartbeatEveryMs);
        try {
          return await next(input);
        } catch (error) {
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
