import { nameAction, type PolicyDecision } from '../../domain/plan.ts';
import { summaryLine } from '../../domain/ui-text.ts';
import { enterPhase, now, settingsOf, tell, type Case } from '../case.ts';
import { residentProxy } from '../proxies.ts';

const proposedWords: Readonly<Record<PolicyDecision, string>> = {
  auto: 'Proposed, and policy allows it without a person',
  ask: 'Proposed, for a person to decide',
  forbid: 'Only proposed',
};

/** Turns the diagnosis into a plan of typed actions, judged by the policy. Without a plan the reason says why. */
export async function propose(incident: Case): Promise<void> {
  enterPhase(incident, 'propose');
  const { state } = incident;
  const settings = settingsOf(incident);
  delete state.plan;
  state.approvals = [];
  if (!state.diagnosis) return;
  const verdict = state.reproduction?.verdict ?? 'not tried';
  const { proposePlan } = residentProxy(settings.timings);
  const { plan, reason } = await proposePlan.executeWithOptions(
    { summary: summaryLine(`The failure is ${verdict}: choose actions and ask the policy`) },
    [
      {
        incidentId: state.incidentId,
        runId: state.runId,
        round: state.round,
        settings,
        diagnosis: state.diagnosis,
        ...(state.reproduction ? { reproduction: state.reproduction } : {}),
        evidence: state.evidence,
        rejected: incident.rejectedActions,
        now: now(),
      },
    ],
  );
  if (plan) {
    state.plan = plan;
    tell(incident, `${proposedWords[plan.decision]}: ${plan.actions.map(nameAction).join('; ')}.`);
  } else {
    tell(incident, `No plan: ${reason}`);
    state.outcomeReason = reason;
  }
}
