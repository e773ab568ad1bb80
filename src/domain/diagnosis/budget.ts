import type { Budgets } from '../settings.ts';
import { countOf } from '../text.ts';
import type { EngineUsage } from './engine.ts';

/** How far an engine has come in one round. */
export interface Progress {
  /** The step that comes next, from 1. */
  readonly step: number;
  /** Milliseconds since the round began to argue. */
  readonly elapsedMs: number;
  /** What the whole incident has spent. */
  readonly spent: EngineUsage;
}

/**
 * Why the next step must be the last one; undefined while there is room. A budget is looked at before a step, so that one step may go
 * beyond it, and no second one.
 */
export function findBudgetEnd(
  { maxEngineSteps, maxModelTokens, maxModelCost, maxEngineMs }: Budgets,
  { step, elapsedMs, spent }: Progress,
): string | undefined {
  if (step >= maxEngineSteps) return `step ${step} of ${maxEngineSteps}`;
  const tokens = spent.inputTokens + spent.outputTokens;
  if (tokens >= maxModelTokens) return `${countOf(tokens, 'token')} of ${maxModelTokens} spent`;
  const { cost = 0 } = spent;
  if (cost >= maxModelCost) return `${cost.toFixed(2)} of ${maxModelCost.toFixed(2)} US dollars spent`;
  if (elapsedMs >= maxEngineMs)
    return `${Math.round(elapsedMs / 60_000)} of ${Math.round(maxEngineMs / 60_000)} minutes gone`;
  return undefined;
}
