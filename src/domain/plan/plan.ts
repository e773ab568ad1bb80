import type { Proof } from '../reproduction/tabulate-runs.ts';

export type ActionType = 'deploy.rollback' | 'config.rollback' | 'service.restart';
export type Risk = 'read' | 'low' | 'medium' | 'high';
export type Mode = 'observe' | 'assist' | 'semi-auto' | 'collaborative';
export type PolicyDecision = 'auto' | 'ask' | 'forbid';

/** One typed change from the catalogue. Its undo and its check are part of what is approved. */
export interface Action {
  /** `<plan's incident run>/<n>`: the key of idempotence. */
  readonly id: string;
  readonly type: ActionType;
  /** The service that is changed. */
  readonly target: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly risk: Risk;
  /** Told to people: what is done, how it is undone, how it is checked. */
  readonly summary: string;
  readonly undo: string;
  readonly check: string;
  /** Parameters whose values are not members of the inventory fetched in this incident. */
  readonly tainted: readonly string[];
}

export interface ActionDecision {
  readonly actionId: string;
  readonly decision: PolicyDecision;
  readonly policies: readonly string[];
  readonly reason: string;
}

/** The ordered actions proposed for one diagnosis. Its digest is SHA-256 over its canonical bytes (RFC 8785), without `digest`. */
export interface Plan {
  readonly digest: string;
  readonly incidentId: string;
  readonly runId: string;
  readonly round: number;
  readonly target: string;
  readonly actions: readonly Action[];
  readonly mode: Mode;
  readonly decisions: readonly ActionDecision[];
  /** The gravest of the actions' decisions. */
  readonly decision: PolicyDecision;
  readonly policyDigest: string;
  /** People who may decide. */
  readonly approvers: readonly string[];
  /** How many of them must approve. */
  readonly approvalsNeeded: number;
  readonly reproduced: boolean;
  /** What the sandbox showed; absent where nothing was run. */
  readonly proof?: Proof;
  /** What the built-in analyst holds against the model's cause that this plan follows; absent where they agree. */
  readonly disagreement?: string;
  readonly expiresAt: string;
  /** The plan as people read it, rendered from its own bytes. */
  readonly text: string;
}

export type ApprovalVia = 'signal' | 'update' | 'policy';

export interface Decision {
  readonly planDigest: string;
  readonly decision: 'approve' | 'reject';
  readonly by: string;
  readonly reason?: string;
}

export interface Approval {
  readonly planDigest: string;
  readonly decision: 'approve' | 'reject';
  readonly by: string;
  readonly via: ApprovalVia;
  readonly at: string;
  readonly reason?: string;
}

/** A decision that was not taken, with why; refusals stay visible. */
export interface Refusal {
  readonly at: string;
  readonly by: string;
  readonly via: ApprovalVia;
  readonly planDigest: string;
  readonly why: string;
}

/**
 * The one function that decides about decisions, whichever way they come.
 * @returns the reason for a refusal, or undefined when the decision counts.
 */
export function refuseDecision(
  plan: Plan | undefined,
  taken: readonly Approval[],
  decision: Decision,
  isOpen: boolean,
): string | undefined {
  if (!plan) return 'No plan awaits a decision.';
  if (typeof decision.by !== 'string' || decision.by === '') return 'The decision does not say who made it: set `by`.';
  if (decision.planDigest !== plan.digest && plan.digest.startsWith(String(decision.planDigest))) {
    return `A decision carries the whole digest of its plan: ${plan.digest}.`;
  }
  if (decision.planDigest !== plan.digest) {
    return `This decision is about another plan (${String(decision.planDigest).slice(0, 12)}); the one that waits is ${plan.digest.slice(0, 12)}. Read it and decide again.`;
  }
  if (decision.decision !== 'approve' && decision.decision !== 'reject') return 'A decision is `approve` or `reject`.';
  if (!isOpen) return 'The plan no longer waits: it was decided or has expired.';
  if (plan.decision === 'forbid') return `Mode ${plan.mode} and policy only propose here; nothing can be approved.`;
  if (!plan.approvers.includes(decision.by)) {
    return `${decision.by} may not decide for ${plan.target}. People who may: ${plan.approvers.join(', ') || 'nobody is configured'}.`;
  }
  if (taken.some((approval) => approval.by === decision.by)) return `${decision.by} has decided already.`;
  return undefined;
}

/**
 * `rejected by ana in round 1` of a plan that a person refused. It stays in the state where a later round proposes nothing, and
 * what the sandbox showed since then may say more than the plan knew.
 */
export function tellRejection({ digest, round }: Plan, approvals: readonly Approval[]): string | undefined {
  const rejection = approvals.find(({ decision, planDigest }) => decision === 'reject' && planDigest === digest);
  return rejection && `rejected by ${rejection.by} in round ${round}`;
}

/** An action in a few words, for timelines; its whole text is in the plan. */
export function nameAction({ type, target, parameters }: Action): string {
  const values = Object.entries(parameters).map(([name, value]) => `${name} ${value.slice(0, 12)}`);
  return [type, target, ...values].join(' ');
}

/** An action as a sentence of a few words, from its typed values alone. */
export function titleAction({ type, target, parameters }: Action): string {
  switch (type) {
    case 'deploy.rollback':
      return `Roll ${target} back to ${parameters['revision'] ?? ''}${parameters['from'] ? ` from ${parameters['from']}` : ''}`;
    case 'config.rollback':
      return `Revert commit ${parameters['commit'] ?? ''} in the configuration of ${target}`;
    case 'service.restart':
      return `Restart ${target}`;
  }
}

const riskOrder: readonly Risk[] = ['read', 'low', 'medium', 'high'];

/** One step graver; `high` stays. */
export function raiseRisk(risk: Risk): Risk {
  return riskOrder[Math.min(riskOrder.indexOf(risk) + 1, riskOrder.length - 1)] ?? 'high';
}
