import type { SandboxRun, SourceArchive } from './reproduction.ts';
import { countOf, toOneLine } from '../text.ts';
import { describeRun, tryOf, type Tried } from './tried.ts';

/** What it takes to try a fix once the failure is shown. */
export interface FixOrder {
  /** The suspect service's whole tests; without them nothing tells what a fix breaks. */
  readonly test?: {
    readonly image: string;
    readonly setup: readonly (readonly string[])[];
    readonly command: readonly string[];
  };
  /** What is deployed with an engine's diff applied, or why that was refused; without it the culprit's change is taken back. */
  readonly written?:
    { readonly by: string; readonly archive: SourceArchive } | { readonly by: string; readonly refused: string };
}

export type FixVerdict = 'fixes' | 'does-not-fix' | 'breaks-tests' | 'cannot-run';

/** What a candidate fix did to a copy of what is deployed. It informs people; no plan follows from it. */
export interface FixTrial {
  readonly source: 'revert' | 'engine';
  /** The revision whose change is taken back, or the engine that wrote the fix. */
  readonly of: string;
  readonly verdict: FixVerdict;
  /** Empty where the verdict says all. */
  readonly reason: string;
  /** Tests that fail with the fix and did not without it. */
  readonly newlyBroken: readonly string[];
  /** The failure without and with the fix, then the whole tests without and with it. */
  readonly runs: readonly SandboxRun[];
}

export interface FixRuns {
  /** The failing command as its runs know it. */
  readonly command: readonly string[];
  readonly deployed: Tried;
  readonly fixed: Tried;
  /** The whole tests; absent where there are none, or no time was left for them. */
  readonly tests?: { readonly command: readonly string[]; readonly deployed: Tried; readonly fixed: Tried };
}

const mostNames = 50;

/** Judges a fix from its runs alone: the failure must be there without it and gone with it, and no test may fail that did not. */
export function judgeFix(runs: FixRuns): Pick<FixTrial, 'verdict' | 'reason' | 'newlyBroken'> {
  const { command, deployed, fixed, tests } = runs;
  const judge = (verdict: FixVerdict, reason: string, newlyBroken: readonly string[] = []) => ({
    verdict,
    reason,
    newlyBroken: newlyBroken.slice(0, mostNames),
  });
  const without = tryOf(deployed, command, deployed);
  if (without === 'good') return judge('cannot-run', 'What is deployed now does not show the failure any more.');
  if (without === 'skip') return judge('cannot-run', describeRun(deployed, command));
  const withFix = tryOf(fixed, command, deployed);
  if (withFix === 'bad') return judge('does-not-fix', 'The failure is still there.');
  if (withFix === 'skip')
    return judge('does-not-fix', `With it the failure gives way to another: ${describeRun(fixed, command)}`);
  if (!tests) return judge('fixes', 'Its other effects were not looked at: no whole tests were run.');
  const broken = listNewlyBroken(tests.deployed, tests.fixed);
  if (broken === 'unknown') {
    const reason = `The whole tests pass without it and not with it (${describeEnd(tests.fixed.run)}); their output names none.`;
    return judge('breaks-tests', reason);
  }
  if (broken.length > 0) return judge('breaks-tests', '', broken);
  const { run } = tests.fixed;
  return judge(
    'fixes',
    run.end === 'passed' ? '' : `The whole tests fail with it as they do without it (${describeEnd(run)}).`,
  );
}

/** Names of tests that fail only in the second run; `unknown` where it fails, the first did not, and nothing is named. */
export function listNewlyBroken(before: Tried, after: Tried): readonly string[] | 'unknown' {
  if (after.run.end === 'passed') return [];
  const known = before.shown?.report.failed ?? [];
  const failed = after.shown?.report.failed ?? [];
  const broken = failed.filter((name) => !known.includes(name));
  return broken.length === 0 && before.run.end === 'passed' ? 'unknown' : broken;
}

function describeEnd({ end, exitCode }: SandboxRun): string {
  return end === 'failed' ? `exit code ${exitCode}` : end;
}

/** One sentence for people who decide. */
export function describeFix({ source, of, verdict, reason, newlyBroken, runs }: FixTrial): string {
  const what = source === 'revert' ? `Taking back ${of.slice(0, 12)} alone` : `The fix written by ${of}`;
  const told = reason === '' ? '' : ` ${reason}`;
  const tested = runs.length > 2 ? ' and breaks no test' : '';
  switch (verdict) {
    case 'fixes':
      return toOneLine(`${what} fixes it${reason === '' ? tested : ''}.${told}`, 600);
    case 'does-not-fix':
      return toOneLine(`${what} does not fix it.${told}`, 600);
    case 'breaks-tests': {
      const names = newlyBroken.slice(0, 5).join('; ') + (newlyBroken.length > 5 ? '; …' : '');
      const broken = newlyBroken.length === 0 ? '' : ` It breaks ${countOf(newlyBroken.length, 'test')}: ${names}.`;
      return toOneLine(`${what} fixes it, but tests break that passed before.${broken}${told}`, 600);
    }
    case 'cannot-run':
      return toOneLine(`${what} was not tried.${told}`, 600);
  }
}
