import { CancellationScope, allHandlersFinished, condition, continueAsNew, isCancellation } from '@temporalio/workflow';
import type { IncidentInput, IncidentState, Outcome } from '../domain/incident/incident.ts';
import { asSentence } from '../domain/text.ts';
import { createCase, settingsOf, takeAlert, tell, type Case } from './case.ts';
import { rootMessage } from './failures.ts';
import { setIncidentHandlers } from './handlers.ts';
import { awaitApproval } from './phases/approve.ts';
import { close } from './phases/close.ts';
import { investigate } from './phases/investigate.ts';
import { propose } from './phases/propose.ts';
import { remediate } from './phases/remediate.ts';
import { reproduce } from './phases/reproduce.ts';
import { triage } from './phases/triage.ts';

interface Ending {
  readonly outcome: Outcome;
  readonly reason: string;
}

/** One incident of one service, from its first alert to its report. */
export async function incident(input: IncidentInput): Promise<IncidentState> {
  const current = createCase(input);
  setIncidentHandlers(current);
  for (const alert of input.alerts ?? []) takeAlert(current, alert);
  const ending = await live(current);
  await CancellationScope.nonCancellable(async () => {
    await close(current, ending.outcome, ending.reason);
    await condition(allHandlersFinished);
  });
  if (current.lateAlerts.length > 0) {
    const lateIds = current.lateAlerts.map((alert) => alert.id);
    const seenAlertIds = current.seenAlertIds.filter((id) => !lateIds.includes(id));
    await continueAsNew<typeof incident>({ service: input.service, alerts: current.lateAlerts, seenAlertIds });
  }
  return current.state;
}

/** Whatever goes wrong in a phase, a person gets the incident with what is known so far. */
async function live(current: Case): Promise<Ending> {
  try {
    await triage(current);
    return await resolve(current);
  } catch (error) {
    if (isCancellation(error)) return endCancelled(current);
    return { outcome: 'handed-over', reason: `${current.state.phase} failed: ${rootMessage(error)}` };
  }
}

/** Investigates and proposes; a rejection's reason goes back into one more round. */
async function resolve(current: Case): Promise<Ending> {
  const { state } = current;
  const { budgets } = settingsOf(current);
  while (state.round < budgets.maxRounds) {
    await investigate(current);
    await reproduce(current);
    const isProposed = await propose(current);
    if (!isProposed || !state.plan) return state.round > 1 ? endRejected(current) : endWithoutPlan(current);
    const approval = await awaitApproval(current, state.plan);
    switch (approval) {
      case 'approved':
        await remediate(current, state.plan);
        return CancellationScope.current().consideredCancelled ? endCancelled(current) : endRemediated(current);
      case 'expired':
        return { outcome: 'expired', reason: 'Nobody decided before the plan expired.' };
      case 'only-proposed':
        return { outcome: 'handed-over', reason: `Mode ${state.plan.mode} only proposes.` };
      case 'rejected':
        learnFromRejection(current);
    }
  }
  return endRejected(current);
}

function learnFromRejection(current: Case): void {
  const { plan, approvals } = current.state;
  const rejection = approvals.find((approval) => approval.decision === 'reject');
  if (rejection?.reason) current.guidance.push(rejection.reason);
  for (const action of plan?.actions ?? []) current.rejectedActions.push(`${action.type} ${action.target}`);
  tell(current, 'The rejection goes back into the investigation.');
}

function endRejected(current: Case): Ending {
  const reasons = current.guidance.join(' / ');
  // Why the round after the rejection proposed nothing; it may have proven more than the rejected plan knew.
  const { outcomeReason: noPlan = '' } = current.state;
  const said = `Rejected${reasons ? `: ${reasons}` : ''}. Nothing was changed. ${asSentence(noPlan)}`;
  return { outcome: 'rejected', reason: said.trim() };
}

function endWithoutPlan(current: Case): Ending {
  const { diagnosis, outcomeReason = '' } = current.state;
  switch (diagnosis?.verdict) {
    case 'no-fault':
      return { outcome: 'no-fault', reason: outcomeReason };
    case 'cause':
      return { outcome: 'handed-over', reason: outcomeReason };
    case 'inconclusive':
    case undefined:
      return { outcome: 'inconclusive', reason: outcomeReason };
  }
}

function endRemediated(current: Case): Ending {
  const reason = current.state.remediation?.reason ?? '';
  const outcome = current.state.remediation?.outcome ?? 'refused';
  switch (outcome) {
    case 'recovered':
    case 'rolled-back':
    case 'rollback-incomplete':
      return { outcome, reason };
    case 'not-watched':
      return { outcome: 'handed-over', reason: `The plan was carried out, but recovery could not be read: ${reason}` };
    case 'refused':
      return { outcome: 'handed-over', reason: `Nothing was changed: ${reason}` };
  }
}

/** A cancel has already undone what was done; an undo that failed is the graver news. */
function endCancelled(current: Case): Ending {
  const remediation = current.state.remediation;
  if (remediation?.outcome === 'rollback-incomplete')
    return { outcome: 'rollback-incomplete', reason: remediation.reason };
  return {
    outcome: 'cancelled',
    reason: remediation ? `Cancelled; ${remediation.outcome}.` : 'Cancelled by a person.',
  };
}
