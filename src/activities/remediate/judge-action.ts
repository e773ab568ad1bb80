import type { Policy } from '../../adapters/cedar.ts';
import { describeAction, refuseParameters, refuseSettings } from '../../domain/plan/catalogue.ts';
import { findGravest } from '../../domain/plan/mode.ts';
import type { Action, Approval, Mode, Plan, PolicyDecision } from '../../domain/plan/plan.ts';
import { gradeRisk } from '../../domain/plan/risk.ts';
import { findConfigured, refuse, tellTime, type ActionPorts } from './action-ports.ts';
import { askPolicy, dayBefore } from '../ask-policy.ts';

export interface JudgePorts extends ActionPorts {
  readonly policy: Policy;
  /** Recomputes digest and text of a plan; says what does not match. */
  readonly verifyPlanDigest: (plan: Plan) => string | undefined;
  /** Digest of any value, to compare two of them. */
  readonly digestValue: (value: unknown) => string;
}

export interface JudgeInput {
  readonly plan: Plan;
  readonly action: Action;
  readonly approvals: readonly Approval[];
}

/** An approval made in time stays good this long after the plan's expiry: the worker may have been away for a moment. */
const startGraceMs = 15 * 60 * 1_000;

/**
 * The last judgement before an action: the plan is the one that was approved, it says this action, the configuration still
 * means what people read, it has not expired, enough people approved it, and policy still allows it.
 * @throws Action.PlanChanged, Action.Expired, Action.NotApproved or Policy.Denied; none is worth a retry.
 */
export async function judgeAction(ports: JudgePorts, input: JudgeInput): Promise<void> {
  judgePlan(ports, input);
  const { plan, action, approvals } = input;
  const { service } = findConfigured(ports, action);
  const now = tellTime(ports);
  const approvers = plan.approvers.filter((name) => service.approvers.includes(name));
  const approved = countApprovals(plan, approvals, approvers);
  judgeExpiry(plan, approved, now);

  const actionsToday = await ports.journal.countSince(action.target, dayBefore(now), action.id);
  const ask = (mode: Mode) =>
    askPolicy(ports.policy, {
      action,
      mode,
      owner: service.owner,
      reproduced: plan.reproduced,
      afterRejection: plan.round > 1,
      guardrails: { blastRadius: new Set(plan.actions.map((one) => one.target)).size, actionsToday },
      approvers: approvers.length,
      approvals: approved,
    });
  // The mode may have been tightened since the plan was made; loosening it does not loosen a plan that exists.
  const answers = [ask(plan.mode), ...(service.mode === plan.mode ? [] : [ask(service.mode)])];
  const needed = Math.max(plan.approvalsNeeded, ...answers.map((answer) => answer.approvalsNeeded));
  judgeDecision(plan, approved, needed, answers);
}

/** Everything that the plan, its action and the configuration tell by themselves. */
function judgePlan(ports: JudgePorts, { plan, action }: JudgeInput): void {
  const changed = (what: string) =>
    refuse('Action.PlanChanged', `${what} Nothing was done; propose and approve again.`);
  const fault = ports.verifyPlanDigest(plan);
  if (fault) throw changed(fault);
  const planned = plan.actions.find((one) => one.id === action.id);
  if (!planned || ports.digestValue(planned) !== ports.digestValue(action)) {
    throw changed(`The action ${action.id} is not the one in plan ${plan.digest.slice(0, 12)}.`);
  }
  if (action.target !== plan.target) throw changed(`${action.target} is not the target of the plan (${plan.target}).`);
  const misfit = refuseParameters(action.type, action.parameters);
  if (misfit) throw changed(misfit);
  // The policy decides from the risk, so a plan may not state a lower one than its own facts give.
  if (action.risk !== gradeRisk(action.type, { reproduced: plan.reproduced, tainted: action.tainted })) {
    throw changed(`The risk ${action.risk} of ${action.id} does not follow from the plan's facts.`);
  }
  const { service, settings } = findConfigured(ports, action);
  const unfit = refuseSettings(action.type, action.target, settings, service.deploysFile !== undefined);
  if (unfit) throw changed(`${unfit}.`);
  const { summary, undo, check } = describeAction(action.type, action.target, action.parameters, settings);
  if (summary !== action.summary || undo !== action.undo || check !== action.check) {
    throw changed(
      `The commands of ${action.type} for ${action.target} were changed in resident.yaml since the plan was made.`,
    );
  }
}

/** Distinct people who may approve and did, for this digest and in time. Somebody's rejection stops everything. */
function countApprovals(plan: Plan, approvals: readonly Approval[], approvers: readonly string[]): number {
  const valid = approvals.filter((one) => one.planDigest === plan.digest && approvers.includes(one.by));
  const rejection = valid.find((one) => one.decision === 'reject');
  if (rejection) throw refuse('Action.NotApproved', `${rejection.by} rejected plan ${plan.digest.slice(0, 12)}.`);
  const inTime = valid.filter((one) => one.via !== 'policy' && Date.parse(one.at) <= Date.parse(plan.expiresAt));
  return new Set(inTime.map((one) => one.by)).size;
}

function judgeExpiry(plan: Plan, approved: number, now: string): void {
  const limit = Date.parse(plan.expiresAt) + (approved > 0 ? startGraceMs : 0);
  // Written so that a time that cannot be read counts as expired.
  if (Date.parse(now) <= limit) return;
  throw refuse(
    'Action.Expired',
    `Plan ${plan.digest.slice(0, 12)} expired at ${plan.expiresAt}; it is ${now}. Propose again.`,
  );
}

function judgeDecision(
  plan: Plan,
  approved: number,
  needed: number,
  answers: readonly {
    readonly decision: PolicyDecision;
    readonly policies: readonly string[];
    readonly reason: string;
  }[],
): void {
  const named = `plan ${plan.digest.slice(0, 12)}`;
  if (plan.decision === 'forbid') throw refuse('Policy.Denied', `The policy only proposed ${named}.`);
  const forbids = answers.filter((answer) => answer.decision === 'forbid');
  // A missing quorum is told as what it is: people can mend it, unlike any other prohibition.
  const outright = forbids.find((answer) => answer.policies.join() !== 'quorum-before-acting');
  if (outright) {
    throw refuse('Policy.Denied', `Policy forbids ${named}: ${outright.reason} (${outright.policies.join(', ')}).`);
  }
  if (findGravest([plan.decision, ...answers.map((answer) => answer.decision)]) === 'auto') return;
  if (approved >= needed && forbids.length === 0) return;
  throw refuse(
    'Action.NotApproved',
    `${named} needs ${needed} approval(s) of ${plan.approvers.join(', ') || 'nobody'}, and has ${approved}.`,
  );
}
