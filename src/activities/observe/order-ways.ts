import type { PackedScript, ReproductionWay } from '../../domain/reproduction/reproduction.ts';
import type { FixOrder } from '../../domain/reproduction/candidate-fix.ts';
import type { ReplayPlan } from '../../domain/reproduction/replay.ts';
import type { SandboxSettings } from '../../domain/settings.ts';

/**
 * A command made for the failure comes first; before plain tests, what failed in production is tried itself. What an engine wrote
 * comes last: it may show what the engine believes and not what happened.
 */
export function orderWays(
  command: { readonly isOwnTest: boolean } | undefined,
  replay: ReplayPlan | undefined,
  script: PackedScript | undefined,
): readonly ReproductionWay[] {
  const test: readonly ReproductionWay[] = command ? ['test'] : [];
  const request: readonly ReproductionWay[] = replay ? ['request'] : [];
  const first = command?.isOwnTest ? [...request, ...test] : [...test, ...request];
  return script ? [...first, 'script'] : first;
}

/** In a gap the last revision is not what is deployed, and the round before has tried the fix. */
export function orderFix(sandbox: SandboxSettings | undefined): FixOrder {
  if (!sandbox?.test) return {};
  const { image, setup, test } = sandbox;
  return { test: { image, setup, command: test } };
}
