import type { Mode, PolicyDecision, Risk } from './plan.ts';

/** What a policy decides from, computed in TypeScript: Cedar compares, it does not count. */
export interface Guardrails {
  /** Services that the plan changes. */
  readonly blastRadius: number;
  /** Actions that Resident began on the target in the last 24 hours, this one not counted. */
  readonly actionsToday: number;
}

/** Beyond these, `collaborative` asks even for a medium risk. */
export const guardrailLimits = { blastRadius: 1, actionsPerDay: 3 } as const;

/** A plan may act alone at medium risk only on one service, and only a few times a day. */
export function isInsideGuardrails(guardrails: Guardrails): boolean {
  return (
    guardrails.blastRadius <= guardrailLimits.blastRadius && guardrails.actionsToday < guardrailLimits.actionsPerDay
  );
}

/**
 * The table of DESIGN.md, "Modes and risk". It is the ceiling: policy may forbid more, never allow more.
 * `forbid` here means that the action is only proposed.
 */
export function decideByMode(mode: Mode, risk: Risk, insideGuardrails: boolean): PolicyDecision {
  if (risk === 'read') return 'auto';
  switch (mode) {
    case 'observe':
      return 'forbid';
    case 'assist':
      return 'ask';
    case 'semi-auto':
      return risk === 'low' ? 'auto' : 'ask';
    case 'collaborative':
      return risk === 'low' || (risk === 'medium' && insideGuardrails) ? 'auto' : 'ask';
  }
}

/** How many people must approve an action that is asked for: two for a high risk where Resident otherwise acts by itself. */
export function countApprovalsNeeded(mode: Mode, risk: Risk): number {
  return mode === 'collaborative' && risk === 'high' ? 2 : 1;
}

const gravity: readonly PolicyDecision[] = ['auto', 'ask', 'forbid'];

/** The gravest of several decisions; `forbid` when there is none, because what nobody decided is not allowed. */
export function findGravest(decisions: readonly PolicyDecision[]): PolicyDecision {
  if (decisions.length === 0) return 'forbid';
  return gravity[Math.max(...decisions.map((decision) => gravity.indexOf(decision)))] ?? 'forbid';
}
