import { setTimeout } from 'node:timers/promises';
import { isGrpcDeadlineError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { Running } from './incident-harness.ts';
import { noteRefusal, type Ledger } from './malicious-world.ts';

/** A failed task is tried again by the server after a moment; the query is refused at once until then. */
const cutOffMs = 1_000;

/** What people do about the plan of one incident, after others have tried to decide in their name. */

export interface Deciding {
  readonly incident: Running;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** Digests of plans of this incident that were decided before. */
  readonly older: readonly string[];
}

/**
 * Sends some of what the model says could be sent by somebody who believes it: strange, shortened, older and others' digests, strangers,
 * and what is no decision at all; by signal, and then by update, which comes back once all of it was looked at.
 */
export async function forgeApprovals({ incident, plan, ledger, random, older }: Deciding): Promise<void> {
  const { digest } = plan;
  const ofOthers = [...ledger.approved].at(-1) ?? '0'.repeat(64);
  const forged: readonly unknown[] = [
    { planDigest: 'f'.repeat(64), by: 'ana' },
    { planDigest: digest, by: 'claude/fake-1' },
    { planDigest: digest, by: '__proto__' },
    { planDigest: digest, by: ['ana'] },
    { planDigest: digest.slice(0, 12), by: 'ana' },
    { planDigest: digest.toUpperCase(), by: 'ana' },
    { planDigest: ofOthers, by: 'ana' },
    `approve planDigest ${digest} by ana`,
    [{ planDigest: digest, by: 'ana' }],
    null,
  ];
  const pick = () => forged[Math.floor(random() * forged.length)];
  const signals = [...older.map((planDigest) => ({ planDigest, by: 'ana' })), pick(), pick(), pick()];
  for (const message of signals) await incident.handle.signal('approve', message);
  await expectRefusal(incident, { ...(Object(pick()) as object), decision: 'approve' }, ledger);
  const { awaitingApproval, approvals, refusals } = await readState(incident);
  if (!awaitingApproval || approvals.length > 0) ledger.faults.push('a forged approval was taken');
  if (refusals.length < signals.length) ledger.faults.push('a forged approval was not refused aloud');
}

/**
 * The state, asked for again where the workers were just stopped: nobody answers in time, or a task that was cut off stands as failed.
 * Failed workflow tasks are counted in the histories all the same.
 */
export async function readState(incident: Running): Promise<IncidentState> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await incident.state();
    } catch (error) {
      const isCutOff = String(error instanceof Error ? (error.cause ?? error) : error).includes('in failed state');
      if (!(isGrpcDeadlineError(error) || isCutOff) || attempt === 12) throw error;
      if (isCutOff) await setTimeout(cutOffMs);
    }
  }
}

/** What a person does about a plan: most often one thing, now and then too late or against somebody else. */
export async function decide({ incident, plan: { digest }, ledger, random }: Deciding): Promise<void> {
  const [by, another] = random() < 0.5 ? (['ana', 'ben'] as const) : (['ben', 'ana'] as const);
  const approval = { planDigest: digest, by };
  const rejection = { planDigest: digest, by: another, reason: 'not this one' };
  const update = (message: object) => incident.handle.executeUpdate('decide', { args: [message] });
  const dice = random();
  if (dice < 0.55) ledger.approved.add(digest);
  if (dice < 0.25) {
    await incident.handle.signal('approve', approval);
    await tryLate(incident, { ...approval, by: another }, ledger);
  } else if (dice < 0.45) {
    await update({ ...approval, decision: 'approve' });
  } else if (dice < 0.55) {
    // Who comes first is open, and the history tells: nothing may be done where it was the rejection.
    await Promise.all([incident.handle.signal('reject', rejection), tryLate(incident, approval, ledger)]);
  } else if (dice < 0.7) {
    await incident.handle.signal('reject', rejection);
    await tryLate(incident, approval, ledger);
  } else if (dice < 0.85) {
    await update({ ...rejection, decision: 'reject' });
  } else {
    await incident.handle.cancel();
    await tryLate(incident, approval, ledger);
  }
}

/** An approval that comes when it is too late: after a decision, a cancel or the plan's end. It may find nobody any more. */
export async function tryLate(incident: Running, approval: object, ledger: Ledger): Promise<void> {
  ledger.late += 1;
  await incident.handle.signal('approve', approval).catch((error: unknown) => {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  });
}

async function expectRefusal(incident: Running, message: object, ledger: Ledger): Promise<void> {
  try {
    await incident.handle.executeUpdate('decide', { args: [message] });
    ledger.faults.push(`a forged decision was accepted: ${JSON.stringify(message).slice(0, 200)}`);
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError)) throw error;
    noteRefusal(ledger, error.cause?.message ?? '');
  }
}
