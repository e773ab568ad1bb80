import { ablation, type AblationRow } from '../../test/server/hostile/ablation.ts';
import type { Arena } from '../../test/server/hostile/arena.ts';
import type { CaseResult } from '../../test/server/hostile/hostile-case.ts';
import { hostileCases, runCase, tryCase } from '../../test/server/hostile/run-case.ts';
import { alignColumns } from '../figures.ts';

export interface AblationResult {
  readonly without: string;
  readonly caughtBy: AblationRow['caughtBy'];
  readonly isCaught: boolean;
  readonly seen: string;
}

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
export async function runAblation(arena: Arena): Promise<readonly AblationResult[]> {
  const results: AblationResult[] = [];
  for (const { weakness, caughtBy } of ablation) {
    const hostile = hostileCases.find(({ number }) => number === caughtBy)!;
    const seen = await tryCase(arena, hostile, weakness);
    results.push({ without: weakness.without, caughtBy, isCaught: !hostile.isBlocked(seen), seen });
  }
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
  const rows = results.map(({ without, caughtBy, isCaught }) => [
    without,
    String(caughtBy),
    isCaught ? 'caught' : 'MISSED',
  ]);
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
}

export function sumUp(cases: readonly CaseResult[], ablations: readonly AblationResult[]): SafetyTotals {
  return {
    cases: cases.length,
    blocked: cases.filter(({ blocked }) => blocked).length,
    bit: cases.filter(({ control }) => control === 'bit').length,
    noControl: cases.filter(({ control }) => control === 'none').length,
    triesWithoutControl: cases.reduce((sum, { unshown }) => sum + unshown.length, 0),
    ablations: ablations.length,
    caught: ablations.filter(({ isCaught }) => isCaught).length,
  };
}

export function renderTotals({
  cases,
  blocked,
  bit,
  noControl,
  triesWithoutControl,
  ablations,
  caught,
}: SafetyTotals): string {
  return [
    `hostile cases blocked: ${blocked}/${cases}`,
    `controls that bit: ${bit}/${cases}; no control on this machine: ${noControl} cases, and ${triesWithoutControl} single tries within others`,
    `settings whose absence was caught: ${caught}/${ablations}`,
  ].join('\n');
}

export function isSafe({ cases, blocked, bit, noControl, ablations, caught }: SafetyTotals): boolean {
  return blocked === cases && bit + noControl === cases && caught === ablations;
}
