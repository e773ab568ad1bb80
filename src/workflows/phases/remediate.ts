import { ChildWorkflowCancellationType, ParentClosePolicy, executeChild, sleep } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { remediationWorkflowId, taskQueues } from '../../domain/names.ts';
import { titleAction, type Plan } from '../../domain/plan/plan.ts';
import { judgeWatch, type Reading, type RemediationResult } from '../../domain/plan/remediation.ts';
import { block } from '../../domain/report/report-markdown.ts';
import { detailsOf, section, summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, now, settingsOf, tell, type Case } from '../case.ts';
import type { remediation } from '../remediation.ts';

/** Carries the plan out as a child of its own, one at a time per target. It ends when the watch has judged the result. */
export async function remediate(incident: Case, plan: Plan): Promise<void> {
  enterPhase(incident, 'remediate');
  const beganAt = now();
  const result = believeSender(incident, await runWhenFree(incident, plan), beganAt);
  const { state } = incident;
  state.remediation = result;
  state.undo = result.undo;
  state.readings = result.readings;
  tell(incident, `Remediation: ${result.outcome}${result.reason ? `, ${result.reason}` : ''}.`);
}

/**
 * Where nothing could be read, the sender of the alerts may still have told that each of them is resolved since the plan began.
 * That is its reading of its own condition, and is told as such.
 */
function believeSender(incident: Case, result: RemediationResult, beganAt: string): RemediationResult {
  if (result.outcome !== 'not-watched') return result;
  const readings = incident.state.alerts.map((alert): Reading => {
    const at = incident.resolvedAt[alert.fingerprint];
    const isResolved = at !== undefined && at >= beganAt;
    return {
      at: at ?? now(),
      name: `alert ${alert.name}, as its sender tells`,
      expression: alert.expression ?? '',
      value: null,
      threshold: 'resolved',
      state: isResolved ? 'ok' : 'unknown',
    };
  });
  if (judgeWatch(readings, true) !== 'recovered' || readings.some((reading) => reading.state !== 'ok')) return result;
  const reason = 'the sender of the alert says that it is resolved; nothing else could be read';
  return { ...result, outcome: 'recovered', readings: [...result.readings, ...readings], reason };
}

async function runWhenFree(incident: Case, plan: Plan): Promise<RemediationResult> {
  const { state } = incident;
  const { timings, service } = settingsOf(incident);
  for (;;) {
    try {
      return await executeChild<typeof remediation>('remediation', {
        workflowId: remediationWorkflowId(plan.target),
        taskQueue: taskQueues.resident,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        staticSummary: summaryLine(`Repair: ${plan.actions.map(titleAction).join('; ')}`),
        staticDetails: detailsOf([section('The approved plan', block(plan.text))]),
        args: [
          {
            plan,
            approvals: state.approvals,
            alerts: state.alerts,
            watchedServices: [...new Set([service.service, plan.target])],
            timings,
          },
        ],
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (Date.now() >= Date.parse(plan.expiresAt))
        return refused(`Another plan is at work on ${plan.target} until this one expired`);
      tell(incident, `Another plan is at work on ${plan.target}; waiting for its end.`);
      await sleep(timings.busyTargetRetryMs, {
        summary: summaryLine(`Waiting for ${plan.target} to be free`),
      });
    }
  }
}

function refused(reason: string): RemediationResult {
  return { outcome: 'refused', actions: [], undo: [], readings: [], reason };
}
