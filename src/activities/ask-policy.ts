import type { Policy } from '../adapters/cedar.ts';
import {
  countApprovalsNeeded,
  decideByMode,
  findGravest,
  isInsideGuardrails,
  type Guardrails,
} from '../domain/plan/mode.ts';
import type { Action, ActionDecision, Mode } from '../domain/plan/plan.ts';
import { rankRisk } from '../domain/plan/risk.ts';

export interface PolicyQuestion {
  readonly action: Action;
  readonly mode: Mode;
  readonly owner: string;
  readonly reproduced: boolean;
  readonly afterRejection: boolean;
  readonly guardrails: Guardrails;
  /** People who may approve. */
  readonly approvers: number;
  /** While proposing: undefined. Just before acting: how many people have approved. */
  readonly approvals?: number;
}

/** Asks Cedar and keeps DESIGN.md's table as the ceiling: policy may forbid more, never allow more. */
export function askPolicy(
  policy: Policy,
  question: PolicyQuestion,
): ActionDecision & { readonly approvalsNeeded: number } {
  const { action, mode } = question;
  const insideGuardrails = isInsideGuardrails(question.guardrails);
  const approvalsNeeded = countApprovalsNeeded(mode, action.risk);
  const answer = policy.decide({
    actionId: action.id,
    type: action.type,
    service: action.target,
    owner: question.owner,
    mode,
    risk: rankRisk(action.risk),
    tainted: action.tainted.length > 0,
    reproduced: question.reproduced,
    stage: question.approvals === undefined ? 'propose' : 'perform',
    insideGuardrails,
    afterRejection: question.afterRejection,
    approvers: question.approvers,
    approvalsNeeded,
    approvals: question.approvals ?? 0,
  });
  const ceiling = decideByMode(mode, action.risk, insideGuardrails);
  const decision = findGravest([answer.decision, ceiling]);
  const isCeiling = decision !== answer.decision;
  return {
    actionId: action.id,
    decision,
    policies: isCeiling ? [...answer.policies, 'ceiling-of-mode'] : answer.policies,
    reason: isCeiling ? `mode ${mode} allows no more at risk ${action.risk}` : answer.reason,
    approvalsNeeded,
  };
}

/** Start of the day over which a target's actions are counted. */
export function dayBefore(iso: string): string {
  return new Date(Date.parse(iso) - 24 * 60 * 60 * 1_000).toISOString();
}
