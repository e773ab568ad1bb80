import type { Diagnosis } from '../../domain/diagnosis/diagnosis.ts';
import { nameAction, type PolicyDecision } from '../../domain/plan/plan.ts';
import { summaryLine } from '../../domain/report/ui-text.ts';
import { enterPhase, now, settingsOf, tell, type Case } from '../case.ts';
import { rethrowCancellation } from '../failures.ts';
import { askProxy, residentProxy } from '../proxies.ts';

const proposedWords: Readonly<Record<PolicyDecision, string>> = {
  auto: 'Proposed, and policy allows it without a person',
  ask: 'Proposed, for a person to decide',
  forbid: 'Only proposed',
};

/**
 * Turns the diagnosis into a plan of typed actions, judged by the policy. Without a plan the reason says why; a plan that was
 * rejected before then stays in the state with its decisions, for the report.
 * @returns whether there is a plan to decide about.
 */
export async function propose(incident: Case): Promise<boolean> {
  enterPhase(incident, 'propose');
  const { state } = incident;
  const settings = settingsOf(incident);
  if (!state.diagnosis) return false;
  const current = await readRunning(incident, state.diagnosis);
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
        ...(current === undefined ? {} : { current }),
        now: now(),
      },
    ],
  );
  if (plan) {
    state.plan = plan;
    state.approvals = [];
    tell(incident, `${proposedWords[plan.decision]}: ${plan.actions.map(nameAction).join('; ')}.`);
  } else {
    tell(incident, `No plan: ${reason}`);
    state.outcomeReason = reason;
  }
  return plan !== null;
}

/** What the accused service runs, where it can be rolled back and tells: its deploy record may be behind. */
async function readRunning(incident: Case, { verdict, service }: Diagnosis): Promise<string | undefined> {
  const { services, timings } = settingsOf(incident);
  if (verdict !== 'cause' || !services[service]?.actions.includes('deploy.rollback')) return undefined;
  const { revision } = await askProxy(timings)
    .readRunning.executeWithOptions({ summary: summaryLine(`Ask what ${service} runs now`) }, [{ service }])
    .catch((error: unknown) => {
      // Where no remediate worker answers, the deploy record must do; before it acts the plan is judged against what runs again.
      rethrowCancellation(error);
      return { revision: undefined };
    });
  return revision;
}
