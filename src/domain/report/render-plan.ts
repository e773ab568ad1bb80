import type { Action, ActionDecision, Plan } from '../plan/plan.ts';
import { renderProofText, type Proof } from '../reproduction/tabulate-runs.ts';

/** Everything of a plan but what is computed from it. */
export type PlanFacts = Omit<Plan, 'digest' | 'text'>;

/**
 * The plan as people read it, from the plan's own values and nothing else. The text is itself under the digest, and whoever
 * verifies the digest renders again and compares, so that what was read and what is done cannot differ.
 */
export function renderPlan(plan: PlanFacts): string {
  const count = plan.actions.length === 1 ? '1 action' : `${plan.actions.length} actions`;
  const lines = [
    `Plan for ${clean(plan.target)}: ${count}, round ${plan.round} of ${clean(plan.incidentId)}`,
    `Cause reproduced: ${plan.reproduced ? 'yes' : 'NO, so every risk is raised by one'}`,
    ...(plan.proof ? renderProof(plan.proof) : []),
    ...(plan.disagreement === undefined ? [] : [`Disagreement: ${clean(plan.disagreement)}`]),
    `Mode: ${plan.mode}. ${describeDecision(plan)}`,
    `Expires: ${plan.expiresAt}`,
    '',
    ...plan.actions.flatMap((action, index) => renderAction(index + 1, action, plan.decisions)),
    `Policy ${plan.policyDigest.slice(0, 12)}`,
  ];
  return lines.join('\n');
}

/** Under the digest like everything else: what was approved includes what it was believed for. */
function renderProof(proof: Proof): readonly string[] {
  const image = proof.imageDigest === '' ? '' : `, image ${clean(proof.imageDigest).slice(0, 19)}`;
  const lines = [...proof.notes, ...renderProofText(proof)];
  return [`Sandbox: ${proof.verdict}${image}`, ...lines.map((line) => `   ${clean(line)}`)];
}

function describeDecision(plan: PlanFacts): string {
  switch (plan.decision) {
    case 'auto':
      return 'Policy lets Resident act by itself.';
    case 'ask': {
      const people = plan.approvalsNeeded === 1 ? 'One person' : `${plan.approvalsNeeded} people`;
      return `${people} must approve. Asked: ${plan.approvers.map(clean).join(', ')}.`;
    }
    case 'forbid':
      return 'Only proposed: nothing will be done.';
  }
}

function renderAction(number: number, action: Action, decisions: readonly ActionDecision[]): readonly string[] {
  const decision = decisions.find((item) => item.actionId === action.id);
  const parameters = Object.entries(action.parameters).map(([name, value]) => {
    const mark = action.tainted.includes(name) ? ' (NOT from the inventory of this incident: read it twice)' : '';
    return `   ${name}: ${clean(value)}${mark}`;
  });
  return [
    `${number}. ${action.type} ${clean(action.target)}, risk ${action.risk}`,
    ...parameters,
    `   does: ${clean(action.summary)}`,
    `   undo: ${clean(action.undo)}`,
    `   check: ${clean(action.check)}`,
    ...(decision ? [`   policy: ${decision.decision}, because ${clean(decision.reason)}`] : []),
    '',
  ];
}

/** One line of plain characters: control, bidirectional, zero-width and tag characters could make people read another plan. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 1_000);
}
