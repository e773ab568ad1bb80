import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Plan } from '../domain/plan/plan.ts';
import { renderPlan, type PlanFacts } from '../domain/report/render-plan.ts';

/**
 * SHA-256 (hex) over the canonical JSON (RFC 8785) of a value.
 * @throws for what JSON cannot hold, such as a lone surrogate, NaN or a cycle.
 */
export function digestValue(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('A value without a JSON form has no digest.');
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Completes a plan: its text, rendered from its facts, and its digest over facts and text. */
export function sealPlan(facts: PlanFacts): Plan {
  const plan = { ...facts, text: renderPlan(facts) };
  return { ...plan, digest: digestValue(plan) };
}

/**
 * Recomputes what `sealPlan` computed, from the plan at hand.
 * @returns why the plan is not the one that its digest names, or undefined.
 */
export function verifyPlanDigest(plan: Plan): string | undefined {
  const { digest, text, ...facts } = plan;
  const actual = digestValue({ ...facts, text });
  if (actual !== digest)
    return `The plan's digest is ${String(digest).slice(0, 12)}, but its bytes give ${actual.slice(0, 12)}.`;
  if (renderPlan(facts) !== text) return 'The text that people read is not the text of this plan.';
  return undefined;
}
