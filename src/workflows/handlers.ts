import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import { refuseDecision, type Decision } from '../domain/plan.ts';
import { enterPhase, now, takeAlert, takeDecision, tell, type Case } from './case.ts';
import {
  alertSignal,
  approveSignal,
  decideUpdate,
  rejectSignal,
  stateQuery,
  steerSignal,
  watchStartedSignal,
} from './messages.ts';

/** Sets every handler of an incident; called before the first await, because signalWithStart delivers at once. */
export function setIncidentHandlers(incident: Case): void {
  const { state } = incident;
  // First, because the Temporal UI lists signals in this order, and these two are what people look for.
  setDecisionHandlers(incident);
  setHandler(stateQuery, () => state, { description: 'The whole case as JSON.' });
  setHandler(
    alertSignal,
    (alerts) => {
      for (const alert of 'length' in alerts ? alerts : [alerts]) takeAlert(incident, alert);
    },
    { description: 'Alerts on this service, normalised. Sent by the gateway; not for people.' },
  );
  setHandler(
    steerSignal,
    ({ by, text }) => {
      state.steers = [...state.steers, { at: now(), by, text }];
      incident.guidance.push(text);
      tell(incident, `${by} says: ${text}`);
    },
    { description: 'A hint for the investigation: {"by": "<you>", "text": "<hint>"}.' },
  );
  setHandler(
    watchStartedSignal,
    ({ actions }) => {
      enterPhase(incident, 'watch');
      tell(incident, `${actions === 1 ? 'The action is' : `${actions} actions are`} done; watching for recovery.`);
    },
    { description: 'Sent by the repair when its actions are done. Not for people.' },
  );
}

function setDecisionHandlers(incident: Case): void {
  const decideBySignal = (decision: Decision): void => {
    const why = takeDecision(incident, decision, 'signal');
    if (why !== undefined) log.warn('A decision was refused.', { by: decision.by, why });
  };
  setHandler(
    approveSignal,
    ({ planDigest, by, comment }) =>
      decideBySignal({ planDigest, by, decision: 'approve', ...(comment ? { reason: comment } : {}) }),
    {
      description:
        'Approve the plan that waits. Data: {"planDigest": "<digest>", "by": "<you>"}; ready to copy under User Metadata.',
    },
  );
  setHandler(
    rejectSignal,
    ({ planDigest, by, reason }) => decideBySignal({ planDigest, by, decision: 'reject', reason }),
    {
      description:
        'Reject the plan that waits, with a reason for the next round. Data: {"planDigest": "<digest>", "by": "<you>", "reason": "<why>"}.',
    },
  );
  setHandler(
    decideUpdate,
    (decision) => {
      const why = takeDecision(incident, decision, 'update');
      if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Decision.Refused');
      return 'accepted' as const;
    },
    {
      description:
        'Approve or reject, and learn at once whether it counts: {"planDigest", "decision": "approve"|"reject", "by", "reason"?}.',
      // Synchronous, because the SDK does not await a validator. A refusal here writes nothing to history.
      validator: (decision: Decision) => {
        const why = refuseDecision(incident.state.plan, incident.state.approvals, decision, incident.isDecisionOpen);
        if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Decision.Refused');
      },
    },
  );
}
