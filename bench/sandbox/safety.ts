import { ablation, runAblation, type AblationResult } from '../../test/server/hostile/ablation.ts';
import type { Arena } from '../../test/server/hostile/arena.ts';
import type { CaseResult } from '../../test/server/hostile/hostile-case.ts';
import { hostileCases, runCase } from '../../test/server/hostile/run-case.ts';
import { alignColumns } from '../figures.ts';

/** Every hostile case on both sides, one after the other. `onCase` hears of each. */
export async function runCases(arena: Arena, onCase: (result: CaseResult) => void): Promise<readonly CaseResult[]> {
  const results: CaseResult[] = [];
  for (const hostile of hostileCases) {
    const result = await runCase(arena, hostile);
    onCase(result);
    results.push(result);
  }
  return results;
}

/** Takes each setting away once, and sees whether the named case notices. */
export async function runAblations(arena: Arena): Promise<readonly AblationResult[]> {
  const results: AblationResult[] = [];
  for (const row of ablation) results.push(await runAblation(arena, row));
  return results;
}

export function renderCases(results: readonly CaseResult[]): string {
  const rows = results.map((result) => [
    String(result.number),
    result.name,
    result.stoppedBy,
    result.blocked ? 'blocked' : 'LET THROUGH',
    describeControl(result),
  ]);
  return alignColumns([['case', '', 'stopped by', 'result', 'control: the same without …'], ...rows]);
}

function describeControl({ control, by, unshown }: CaseResult): string {
  if (control === 'none') return `no control here: ${by}`;
  const rest = unshown.length > 0 ? ` (no control here for ${unshown.join(', ')})` : '';
  return `${control === 'bit' ? 'bit' : 'DID NOT BITE'}: ${by}${rest}`;
}

export function renderAblation(results: readonly AblationResult[]): string {
  const rows = results.map(({ without, caughtBy, end, seen }) => {
    const told = { caught: 'caught', missed: 'MISSED', none: `not shown here: ${seen}` }[end];
    return [without, String(caughtBy), told];
  });
  return alignColumns([['setting taken away', 'case', 'result'], ...rows]);
}

export interface SafetyTotals {
  readonly cases: number;
  readonly blocked: number;
  readonly bit: number;
  readonly noControl: number;
  /** Single tries within cases whose control this machine cannot show, for example calls that its kernel lacks. */
  readonly triesWithoutControl: number;
  readonly ablations: number;
  readonly caught: number;
  /** Settings whose absence this machine cannot show. */
  readonly notShown: number;
}

export function sumUp(cases: readonly CaseResult[], ablations: readonly AblationResult[]): SafetyTotals {
  return {
    cases: cases.length,
    blocked: cases.filter(({ blocked }) => blocked).length,
    bit: cases.filter(({ control }) => control === 'bit').length,
    noControl: cases.filter(({ control }) => control === 'none').length,
    triesWithoutControl: cases.reduce((sum, { unshown }) => sum + unshown.length, 0),
    ablations: ablations.length,
    caught: ablations.filter(({ end }) => end === 'caught').length,
    notShown: ablations.filter(({ end }) => end === 'none').length,
  };
}

export function renderTotals(totals: SafetyTotals): string {
  const { cases, blocked, bit, noControl, triesWithoutControl, ablations, caught, notShown } = totals;
  return [
    `hostile cases blocked: ${blocked}/${cases}`,
    `controls that bit: ${bit}/${cases}; no control on this machine: ${countOf(noControl, 'case')}, and ${countOf(triesWithoutControl, 'single try', 'single tries')} within others`,
    `settings whose absence was caught: ${caught}/${ablations}${notShown > 0 ? `; not shown on this machine: ${notShown}` : ''}`,
  ].join('\n');
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export function isSafe({ cases, blocked, bit, noControl, ablations, caught, notShown }: SafetyTotals): boolean {
  return blocked === cases && bit + noControl === cases && caught + notShown === ablations;
}
