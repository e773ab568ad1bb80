import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import type { Decision } from '../domain/plan/plan.ts';
import { getState } from './read.ts';
import { approveSignal, decideUpdate, rejectSignal } from '../workflows/messages.ts';

/** What became of a decision. `sent` means stored, and judged as soon as a worker is back. */
export type DecisionAnswer =
  /** `alreadyDecided`: this person has made the very same decision on this plan before, by whichever way. */
  | { readonly status: 'accepted'; readonly via: 'update'; readonly alreadyDecided?: true }
  | { readonly status: 'refused'; readonly via: 'update'; readonly reason: string }
  | { readonly status: 'sent'; readonly via: 'signal'; readonly reason: string }
  | { readonly status: 'not-found'; readonly reason: string };

export interface DecideOptions {
  /** How long to wait for a worker's answer before the decision is left as a signal. */
  readonly answerWithinMs?: number;
  readonly via?: 'update' | 'signal';
}

/** Looking whether a decision was made already may not delay making it. */
const lookWithinMs = 2_000;

/**
 * Takes a person's decision to the incident. The update answers at once whether it counts; without a worker that answers in
 * time the same decision is left as a signal, which Temporal keeps until one is back.
 */
export async function decide(
  client: Client,
  incidentId: string,
  decision: Decision,
  options: DecideOptions = {},
): Promise<DecisionAnswer> {
  const { answerWithinMs = 10_000, via = 'update' } = options;
  try {
    if (via === 'signal') return await decideBySignal(client, incidentId, decision, 'Sent as a signal, as asked.');
    if (await isDecided(client, incidentId, decision, answerWithinMs)) {
      return { status: 'accepted', via: 'update', alreadyDecided: true };
    }
    return await decideByUpdate(client, incidentId, decision, answerWithinMs);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) {
      return { status: 'not-found', reason: `${incidentId} is not open: there is nothing to decide.` };
    }
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    const why = `No worker answered within ${answerWithinMs / 1_000} s; the decision is stored as a signal and will be judged when one is back.`;
    return await decideBySignal(client, incidentId, decision, why);
  }
}

/** A person who is not sure that a decision arrived makes it again; that is no second decision. Unknown counts as no. */
async function isDecided(client: Client, incidentId: string, wanted: Decision, withinMs: number): Promise<boolean> {
  const { by, decision, planDigest } = wanted;
  const state = await getState(client, incidentId, undefined, Math.min(withinMs, lookWithinMs)).catch(() => undefined);
  return (state?.approvals ?? []).some(
    (taken) => taken.by === by && taken.decision === decision && taken.planDigest === planDigest,
  );
}

async function decideByUpdate(
  client: Client,
  incidentId: string,
  decision: Decision,
  answerWithinMs: number,
): Promise<DecisionAnswer> {
  try {
    await client.connection.withDeadline(Date.now() + answerWithinMs, () =>
      client.workflow.getHandle(incidentId).executeUpdate(decideUpdate, {
        args: [decision],
        // The decision is part of the id: who approved and then rejects must hear a refusal, not the first answer again.
        updateId: `${decision.planDigest}/${decision.by}/${decision.decision}`,
      }),
    );
    return { status: 'accepted', via: 'update' };
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    return { status: 'refused', via: 'update', reason: rootCause(error.cause) ?? error.message };
  }
}

async function decideBySignal(
  client: Client,
  incidentId: string,
  decision: Decision,
  reason: string,
): Promise<DecisionAnswer> {
  const { planDigest, by } = decision;
  const handle = client.workflow.getHandle(incidentId);
  if (decision.decision === 'approve') {
    await handle.signal(approveSignal, { planDigest, by, ...(decision.reason ? { comment: decision.reason } : {}) });
  } else {
    await handle.signal(rejectSignal, { planDigest, by, reason: decision.reason ?? '' });
  }
  return { status: 'sent', via: 'signal', reason };
}
