import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import { isUnreadable, readAlerts, readDecision, readSteer } from '../domain/incident/messages.ts';
import { refuseDecision, type Decision } from '../domain/plan/plan.ts';
import { enterPhase, now, recordRefusal, takeAlert, takeDecision, tell, type Case } from './case.ts';
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
    (message: unknown) => {
      const { alerts, faults } = readAlerts(message, state.service, now());
      for (const alert of alerts) takeAlert(incident, alert);
      for (const fault of faults) tell(incident, `An alert could not be read. ${fault}`);
    },
    { description: 'Alerts on this service, normalised. Sent by the gateway; not for people.' },
  );
  setHandler(
    steerSignal,
    (message: unknown) => {
      const hint = readSteer(message);
      if (isUnreadable(hint)) return tell(incident, `A hint could not be read. ${hint.fault}`);
      state.steers = [...state.steers, { at: now(), ...hint }];
      incident.guidance.push(hint.text);
      tell(incident, `${hint.by} says: ${hint.text}`);
    },
    { description: 'A hint for the investigation: {"by": "<you>", "text": "<hint>"}.' },
  );
  setHandler(
    watchStartedSignal,
    ({ actions }) => {
      enterPhase(incident, 'watch');
      const done = actions === 1 ? 'The action is done' : `${actions} actions are done`;
      const nothing = 'Nothing had to be done: what the plan wants is there already';
      tell(incident, `${actions === 0 ? nothing : done}; watching for recovery.`);
    },
    { description: 'Sent by the repair when its actions are done. Not for people.' },
  );
}

function setDecisionHandlers(incident: Case): void {
  const decideBySignal = (message: unknown, wanted: Decision['decision']): void => {
    const decision = readDecision(message, wanted);
    if (isUnreadable(decision)) return recordRefusal(incident, { by: '', planDigest: '' }, 'signal', decision.fault);
    if (takeDecision(incident, decision, 'signal') !== undefined)
      log.warn('A decision was refused; the timeline says why.');
  };
  setHandler(approveSignal, (message: unknown) => decideBySignal(message, 'approve'), {
    description:
      'Approve the plan that waits. Data: {"planDigest": "<digest>", "by": "<you>"}; ready to copy under User Metadata.',
  });
  setHandler(rejectSignal, (message: unknown) => decideBySignal(message, 'reject'), {
    description:
      'Reject the plan that waits, with a reason for the next round. Data: {"planDigest": "<digest>", "by": "<you>", "reason": "<why>"}.',
  });
  setHandler(
    decideUpdate,
    (message: unknown) => {
      const decision = readDecision(message);
      const why = isUnreadable(decision) ? decision.fault : takeDecision(incident, decision, 'update');
      if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Decision.Refused');
      return 'accepted' as const;
    },
    {
      description:
        'Approve or reject, and learn at once whether it counts: {"planDigest", "decision": "approve"|"reject", "by", "reason"?}.',
      validator: (message: unknown) => {
        const why = refuseUnrecorded(incident, message);
        if (why !== undefined) throw ApplicationFailure.nonRetryable(why, 'Decision.Refused');
      },
    },
  );
}

/** Beyond this many a refusal is told to its sender only: whoever hammers at the door must not fill the history. */
const maxRecordedRefusals = 20;

/**
 * What the update's validator refuses: it writes no history, so nobody else would see it. That is right for what cannot be read.
 * A decision that is refused goes through to the handler, which refuses it in the timeline, where everybody sees it.
 * Synchronous, because the SDK does not await a validator.
 */
function refuseUnrecorded(incident: Case, message: unknown): string | undefined {
  const decision = readDecision(message);
  if (isUnreadable(decision)) return decision.fault;
  const { plan, approvals, refusals } = incident.state;
  if (refusals.length < maxRecordedRefusals) return undefined;
  return refuseDecision(plan, approvals, decision, incident.isDecisionOpen);
}
