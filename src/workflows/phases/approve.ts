import { condition } from '@temporalio/workflow';
import type { NoticeKind } from '../../activities/contract.ts';
import { titleAction, type Plan } from '../../domain/plan/plan.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, now, settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation, rootMessage } from '../failures.ts';
import { residentProxy } from '../proxies.ts';

export type ApprovalResult = 'approved' | 'rejected' | 'expired' | 'only-proposed';

/** Waits for people as long as the plan lives: reminds, escalates, expires. Policy may allow a plan without them. */
export async function awaitApproval(incident: Case, plan: Plan): Promise<ApprovalResult> {
  if (plan.decision === 'forbid') {
    tell(incident, `Mode ${plan.mode}: the plan is proposed only. A person has to carry it out.`);
    return 'only-proposed';
  }
  if (plan.decision === 'auto') {
    incident.state.approvals = [
      {
        planDigest: plan.digest,
        decision: 'approve',
        by: 'policy',
        via: 'policy',
        at: now(),
        reason: `mode ${plan.mode}`,
      },
    ];
    tell(incident, `Policy allows the plan without a person (mode ${plan.mode}).`);
    return 'approved';
  }
  incident.isDecisionOpen = true;
  enterPhase(incident, 'approve', true);
  await notify(incident, plan, 'approval-wanted');
  const result = await waitForPeople(incident, plan);
  incident.isDecisionOpen = false;
  return result;
}

async function waitForPeople(incident: Case, plan: Plan): Promise<ApprovalResult> {
  const { timings } = settingsOf(incident);
  const startedMs = Date.now();
  const expiresMs = Math.max(Date.parse(plan.expiresAt), startedMs);
  const isDecided = (): boolean => countDecisions(incident, plan) !== 'waiting';
  let nextReminderMs = startedMs + timings.reminderMs;
  let escalatesMs: number | undefined = startedMs + timings.escalationMs;
  while (!isDecided()) {
    const wakesMs = Math.min(expiresMs, nextReminderMs, escalatesMs ?? expiresMs);
    const decided = await condition(isDecided, Math.max(wakesMs - Date.now(), 1), {
      summary: summaryLine(
        `Waiting for ${plan.approvers.join(' or ') || 'nobody'}: ${plan.actions.map(titleAction).join('; ')}?`,
      ),
    });
    if (decided) break;
    if (Date.now() >= expiresMs) {
      tell(incident, 'Nobody decided in time: the plan has expired and nothing was changed.');
      return 'expired';
    }
    if (escalatesMs !== undefined && Date.now() >= escalatesMs) {
      escalatesMs = undefined;
      await notify(incident, plan, 'escalation');
    } else {
      await notify(incident, plan, 'reminder');
    }
    // Counted anew from either: who has just heard of the plan by an escalation needs no reminder in the same minute.
    nextReminderMs = Date.now() + timings.reminderMs;
  }
  return countDecisions(incident, plan) === 'approved' ? 'approved' : 'rejected';
}

/** One rejection rejects; approvals count until as many people as policy wants have given theirs. */
function countDecisions(incident: Case, plan: Plan): 'approved' | 'rejected' | 'waiting' {
  const { approvals } = incident.state;
  if (approvals.some((approval) => approval.decision === 'reject')) return 'rejected';
  return approvals.length >= plan.approvalsNeeded ? 'approved' : 'waiting';
}

const noticeTexts: Readonly<Record<'approval-wanted' | 'reminder' | 'escalation', string>> = {
  'approval-wanted': 'Waiting for a decision of',
  reminder: 'Reminded',
  escalation: 'Nobody has decided yet; escalated to the owner of the service and',
};

async function notify(incident: Case, plan: Plan, kind: NoticeKind & keyof typeof noticeTexts): Promise<void> {
  const { timings, service } = settingsOf(incident);
  const to = kind === 'escalation' ? [...plan.approvers, service.owner] : plan.approvers;
  tell(incident, `${noticeTexts[kind]} ${plan.approvers.join(', ') || 'nobody: no approvers are configured'}.`);
  if (!settingsOf(incident).canNotify) return;
  const { notifyPeople } = residentProxy(timings);
  await notifyPeople
    .executeWithOptions({ summary: `Tell people: ${kind}`, retry: { maximumAttempts: 5 } }, [
      { incidentId: incident.state.incidentId, kind, text: plan.text, to },
    ])
    .catch((error: unknown) => {
      // A decision can still arrive by any other door, so a dead messenger must not end the incident.
      rethrowCancellation(error);
      tell(incident, `People could not be told (${rootMessage(error)}).`);
    });
}
