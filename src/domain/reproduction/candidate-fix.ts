import type { ReproductionWay, SandboxRun, SourceArchive } from './reproduction.ts';
import { asSentence, countOf, toOneLine } from '../text.ts';
import { findGuardedKind } from './guarded-files.ts';
import { findTallyFault, type TestTally } from './test-tally.ts';
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
    | { readonly by: string; readonly archive: SourceArchive; readonly changes?: FixChanges }
    | { readonly by: string; readonly refused: string };
}

/** What a fix changes, for whoever is to judge it. */
export interface FixChanges {
  /** The first of them, in their order. */
  readonly paths: readonly string[];
  /** How many more there are. */
  readonly left: number;
  /** The first of those that are tests or part of the build: a change that is taken back may hold some, an engine's never. */
  readonly guarded: readonly string[];
  /** SHA-256 (hex) in the evidence store: of an engine's diff, or of the tar of all files with a change taken back. */
  readonly digest: string;
}

/** `unknown`: the failure does not show with it, and it cannot be told whether that is the fix or tests that ran no more. */
export type FixVerdict = 'fixes' | 'does-not-fix' | 'breaks-tests' | 'unknown' | 'cannot-run';

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
  /** The failure without the fix, and with it as often as it was run; then the whole tests without and with it. */
  readonly runs: readonly SandboxRun[];
  readonly changes?: FixChanges;
}

/** A run with what its runner tells of the tests in it. */
export interface TalliedRun extends Tried {
  readonly tally: TestTally;
}

export interface FixRuns {
  readonly source: FixTrial['source'];
  /** How the failure is shown: tests are counted, a replayed request is answered. */
  readonly way: ReproductionWay;
  /** The failing command as its runs know it. */
  readonly command: readonly string[];
  readonly deployed: TalliedRun;
  /** Every run of it with the fix. */
  readonly fixed: readonly TalliedRun[];
  /** The whole tests; absent where there are none, or no time was left for them. */
  readonly tests?: { readonly command: readonly string[]; readonly deployed: TalliedRun; readonly fixed: TalliedRun };
}

/** What the runs of a copy with the fix are called; as long as what tables show of a revision. */
export const fixedRevision = 'with the fix';
/** One pass may be luck: a pass with the fix is believed after as many runs as a proof needs of the revision that passes. */
export const wantedFixedRuns = 2;

const mostNames = 50;
const mostPaths = 12;
const longestPath = 120;

type Judged = Pick<FixTrial, 'verdict' | 'reason' | 'newlyBroken'>;

/**
 * Judges a fix from its runs alone: the failure must be there without it and gone with it each time, the tests that ran without
 * it must run with it, and none may fail that did not. An exit code alone is no proof: a program can end itself with 0.
 */
export function judgeFix(runs: FixRuns): Judged {
  const { command, deployed, fixed, tests } = runs;
  const without = tryOf(deployed, command, deployed);
  if (without === 'good') return judge('cannot-run', 'What is deployed now does not show the failure any more.');
  if (without === 'skip') return judge('cannot-run', describeRun(deployed, command));
  const trials = fixed.map((one) => tryOf(one, command, deployed));
  const failed = trials.filter((trial) => trial === 'bad').length;
  if (failed > 0) {
    const often = failed < trials.length ? ` in ${failed} of ${trials.length} runs` : '';
    return judge('does-not-fix', `The failure is still there${often}.`);
  }
  const other = fixed[trials.indexOf('skip')];
  if (other) return judge('does-not-fix', `With it the failure gives way to another: ${describeRun(other, command)}`);
  if (fixed.length < wantedFixedRuns) {
    return judge('unknown', 'With it the failure did not show once; no time was left to run it again.');
  }
  const fault = measuresByExitCode(runs) ? undefined : findFault(deployed, fixed);
  if (fault !== undefined) {
    return judge('unknown', `The failing command does not fail with it, but ${fault}.`);
  }
  return tests
    ? judgeTests(tests, runs.source)
    : judge('fixes', 'Its other effects were not looked at: no whole tests were run.');
}

function judgeTests({ deployed, fixed }: NonNullable<FixRuns['tests']>, source: FixTrial['source']): Judged {
  const broken = listNewlyBroken(deployed, fixed);
  if (broken === 'unknown') {
    const reason = `The whole tests pass without it and not with it (${describeEnd(fixed.run)}); their output names none.`;
    return judge('breaks-tests', reason);
  }
  if (broken.length > 0) return judge('breaks-tests', '', broken);
  // A revert takes back the tests that the commit brought, so none of those can be asked for; that some ran must be told.
  const before = source === 'revert' ? { passed: [], failed: [] } : { ...deployed.tally, failed: [] };
  const fault = findTallyFault(before, fixed.tally);
  if (fault !== undefined) {
    return judge('unknown', `The failure is gone with it, but of the whole tests it cannot be told: ${fault}.`);
  }
  const { run } = fixed;
  return judge(
    'fixes',
    run.end === 'passed' ? '' : `The whole tests fail with it as they do without it (${describeEnd(run)}).`,
  );
}

/**
 * A replayed request is judged by its answer, and a script by its exit code, as it was on the revisions before: these are Git's
 * own states. An engine's fix is measured by nothing that the engine could silence.
 */
function measuresByExitCode({ way, source }: FixRuns): boolean {
  return way === 'request' || (way === 'script' && source === 'revert');
}

function findFault({ tally }: TalliedRun, fixed: readonly TalliedRun[]): string | undefined {
  return fixed.map((one) => findTallyFault(tally, one.tally)).find((fault) => fault !== undefined);
}

function judge(verdict: FixVerdict, reason: string, newlyBroken: readonly string[] = []): Judged {
  return { verdict, reason, newlyBroken: newlyBroken.slice(0, mostNames) };
}

/** The bounded account of what a fix changes. */
export function listChanges(paths: readonly string[], digest: string): FixChanges {
  const shown = paths.map((path) => toOneLine(path, longestPath));
  return {
    paths: shown.slice(0, mostPaths),
    left: Math.max(0, shown.length - mostPaths),
    guarded: shown.filter((_, at) => findGuardedKind(paths[at] ?? '') !== undefined).slice(0, mostPaths),
    digest,
  };
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
  const isTested = runs.filter(({ revision }) => revision !== fixedRevision).length > 1;
  const tested = isTested ? ' and breaks no test' : '';
  switch (verdict) {
    case 'fixes':
      return toOneLine(`${what} fixes it${reason === '' ? tested : ''}.${told}`, 600);
    case 'does-not-fix':
      return toOneLine(`${what} does not fix it.${told}`, 600);
    case 'unknown':
      return toOneLine(`Whether ${what.replace(/^T/, 't')} fixes it cannot be told.${told}`, 600);
    case 'breaks-tests': {
      const names = newlyBroken.slice(0, 5).join('; ') + (newlyBroken.length > 5 ? '; …' : '');
      const broken = newlyBroken.length === 0 ? '' : ` It breaks ${countOf(newlyBroken.length, 'test')}: ${names}.`;
      return toOneLine(`${what} fixes it, but tests break that passed before.${broken}${told}`, 600);
    }
    case 'cannot-run':
      return toOneLine(`${what} was not tried.${told}`, 600);
  }
}

/** What it changes and who wrote it; empty where nothing was packed. */
export function describeChanges({ source, of, changes }: FixTrial): string {
  if (!changes) return '';
  const { paths, left, guarded, digest } = changes;
  const by =
    source === 'revert' ? 'computed from Git, written by nobody' : `written by the engine ${of}, not by a person`;
  const what = source === 'revert' ? 'all its files' : 'its diff';
  const also = guarded.length === 0 ? '' : ` It also takes back changes of tests or the build: ${guarded.join(', ')}.`;
  const more = left > 0 ? ` and ${left} more` : '';
  const list = `It changes ${countOf(paths.length + left, 'file')}: ${paths.join(', ')}${more}.`;
  return asSentence(toOneLine(`${by}; SHA-256 of ${what} ${digest}.${also} ${list}`, 1_200));
}
