import { chain, planBisect, type BisectStep, type Trial } from './bisect.ts';
import type { Reproduction, SandboxRequest } from './reproduction.ts';
import { countOf } from '../text.ts';
import { findGap } from './find-gap.ts';
import { describeRun, failureOf, refuseSuspect, tryOf, type Tried } from './tried.ts';

export interface JudgeInput {
  readonly request: Pick<SandboxRequest, 'revisions' | 'suspectIndex' | 'command' | 'history' | 'gaps'>;
  /** Every run so far, in their order. */
  readonly tried: readonly Tried[];
  /** Whether one more run fits into the time that is left. */
  readonly hasTime: boolean;
}

export type Judged = Pick<Reproduction, 'verdict' | 'reason'> &
  Partial<
    Pick<
      Reproduction,
      'firstBad' | 'firstBadKind' | 'candidates' | 'gap' | 'before' | 'signature' | 'match' | 'matchReason' | 'frame'
    >
  >;

/** What to run next, or the verdict. */
export type Judgement =
  | { readonly kind: 'run'; readonly index: number; readonly isRepeat: boolean }
  | { readonly kind: 'judged'; readonly judged: Judged };

/**
 * How often a revision runs in all before its result is believed. A test that fails one time in three and failed on the suspect
 * fails again each time with 1/3: twice in 11 % of the cases, four times in 1.2 %. One that passed first goes on to pass seven
 * times more in 6 %, twice more in 44 %. So what is quick runs more often; what is slow must do with two repeats.
 */
const wantedRuns = {
  quick: { failing: 5, passing: 2, passingSuspect: 8 },
  slow: { failing: 3, passing: 2, passingSuspect: 3 },
} as const;
/** Beside this a container's own start and end (about a second) still weigh. */
const quickMs = 2_000;

const shownLength = 12;

/**
 * The rule of a reproduction, from the runs alone. Reproduced means: the command fails on the suspect as production does, or at
 * least not clearly otherwise; it fails the same way each time; and the nearest earlier revision does not fail that way, each
 * time. Where the one before fails as well, or the suspect passes, the window is bisected for the revision that the failure
 * came with. A revision that ends both ways is `flaky`, whichever it is.
 */
export function judgeRuns(input: JudgeInput): Judgement {
  const { request, tried, hasTime } = input;
  const { suspectIndex, revisions, history = chain(revisions.length) } = request;
  const [parent = 0] = history[suspectIndex] ?? [];
  const [first] = runsOf(tried, suspectIndex);
  if (!first) return run(suspectIndex);
  const refused = refuseSuspect(first, request.command, nameOf(input, suspectIndex));
  const isOnlyKnown = first.run.known !== undefined && runsOf(tried, suspectIndex).length === 1;
  if (refused) return isOnlyKnown && hasTime ? repeat(suspectIndex) : judged({ ...refused, ...failureOf(first) });

  const trials = judgeEach(input, first);
  const flaky = findFlaky(input, trials);
  if (flaky) return judged({ ...flaky, ...(first.run.end === 'passed' ? {} : failureOf(first)) });
  // What an earlier incident saw decides nothing alone: one lucky run would decide for as long as it is kept.
  if (isOnlyKnown) return hasTime ? repeat(suspectIndex) : judged(endedEarly(tried));
  if (trials[suspectIndex] === 'good') {
    if (hasTime && wants(tried, suspectIndex, 'passingSuspect')) return repeat(suspectIndex);
  } else if (hasTime && trials[parent] === undefined) {
    return run(parent);
  }
  const step = planBisect(history, trials);
  if (step.kind === 'try') return hasTime ? run(step.index) : judged(endedEarly(tried));
  return step.kind === 'found' ? judgeFound(input, step, first, trials) : judgeUnfound(input, step.kind, first, trials);
}

type Found = Extract<BisectStep, { kind: 'found' }>;

function judgeFound(input: JudgeInput, found: Found, first: Tried, trials: Readonly<Record<number, Trial>>): Judgement {
  const { tried, hasTime, request } = input;
  const { firstBad, before } = found;
  const culprit = nameCulprit(request, found, trials);
  if (first.run.end === 'passed') {
    const reason = `${passesOn(input)}; it fails from ${nameOf(input, firstBad)} on.`;
    return judged({ verdict: 'not-reproduced', ...culprit, reason });
  }
  const again = runsOf(tried, firstBad).length;
  if (hasTime) {
    if (again >= 2 && wants(tried, before, 'passing')) return repeat(before);
    if (wants(tried, firstBad, 'failing')) return repeat(firstBad);
    if (wants(tried, before, 'passing')) return repeat(before);
  }
  // One failure and one pass are no proof yet: the next run may end the other way.
  if (again < 2) return judged(endedEarly(tried));
  const proof = failureOf(runsOf(tried, firstBad)[0] ?? first);
  const beforeId = request.revisions[before]?.revision ?? '';
  return judged({ verdict: 'reproduced', ...culprit, before: beforeId, reason: '', ...proof });
}

function nameCulprit(
  request: JudgeInput['request'],
  found: Found,
  trials: Readonly<Record<number, Trial>>,
): Pick<Judged, 'firstBad' | 'firstBadKind' | 'candidates' | 'gap'> {
  const { revision: firstBad = '', change } = request.revisions[found.firstBad] ?? {};
  const gap = findGap(request, found, trials);
  const candidates = found.candidates.map((index) => request.revisions[index]?.revision ?? '');
  return {
    firstBad,
    ...(change && !gap && candidates.length === 1 ? { firstBadKind: change } : {}),
    ...(candidates.length > 1 ? { candidates } : {}),
    ...(gap ? { gap } : {}),
  };
}

function judgeUnfound(
  input: JudgeInput,
  kind: Exclude<BisectStep['kind'], 'found' | 'try'>,
  first: Tried,
  trials: Readonly<Record<number, Trial>>,
): Judgement {
  const { tried, hasTime, request } = input;
  const { suspectIndex } = request;
  if (kind === 'all-good') {
    return judged({
      verdict: 'not-reproduced',
      reason: `${passesOn(input)} and on the other revisions of the window.`,
    });
  }
  const suspect = nameOf(input, suspectIndex);
  const skipped = tried.filter(({ index }) => trials[index] === 'skip');
  const failing = tried.map(({ index }) => index).filter((index) => index < suspectIndex && trials[index] === 'bad');
  if (kind === 'undecided' || failing.length === 0) {
    const shown = skipped.at(-1) ?? first;
    const reason = `No revision before the suspect ${suspect} could be judged: ${describeRun(shown, request.command)}`;
    return judged({ verdict: 'cannot-run', reason, ...failureOf(first) });
  }
  // A flaky test can fail on every revision once, so what is quick is asked again before it is called the same everywhere.
  if (hasTime && isQuick(tried) && wants(tried, suspectIndex, 'failing')) return repeat(suspectIndex);
  const failure = failureOf(first);
  if (tried.every(({ run }) => run.end === 'timed-out')) {
    const reason =
      `The command reached its time limit on every revision that was tried, the oldest of the window too, so it tells nothing. ` +
      'Raise `sandbox.timeoutSeconds`, or give a command that ends sooner.';
    return judged({ verdict: 'cannot-run', reason, ...failure });
  }
  const lack = findLackOfAll(tried);
  if (failure.match !== 'same' && lack !== undefined) {
    const reason =
      `The command fails on both the suspect ${suspect} and ${nameOf(input, Math.max(...failing))} before it, and each time the ` +
      `output tells of surroundings that the sandbox lacks, so it tells nothing: ${[lack, first.run.note ?? ''].join(' ').trim()}`;
    return judged({ verdict: 'cannot-run', reason, ...failure });
  }
  const told =
    failure.match === 'same'
      ? 'so the failure did not come with a change of this window.'
      : "and not clearly in production's way, so it tells nothing about the changes of this window.";
  const reason =
    `The command fails on both the suspect ${suspect} and ${nameOf(input, Math.max(...failing))} before it, and on ` +
    `${nameOf(input, Math.min(...failing))}, the oldest of the window, ${told}`;
  return judged({ verdict: 'not-reproduced', reason, ...failure });
}

/** What the sandbox lacks by every run, in the words of the first; undefined where one fails without a sign of it. */
function findLackOfAll(tried: readonly Tried[]): string | undefined {
  const lacks = tried.map(({ shown }) => shown?.lack ?? shown?.trouble);
  return lacks.includes(undefined) ? undefined : lacks[0];
}

/** What each revision showed in its first run, measured by how the suspect failed. */
function judgeEach({ tried, request }: JudgeInput, first: Tried): Readonly<Record<number, Trial>> {
  const trials: Record<number, Trial> = {};
  for (const one of tried) trials[one.index] ??= tryOf(one, request.command, first);
  return trials;
}

/** A revision whose repeats do not end as its first run did. */
function findFlaky({ tried, request }: JudgeInput, trials: Readonly<Record<number, Trial>>): Judged | undefined {
  const first = runsOf(tried, request.suspectIndex)[0];
  for (const { index, run } of tried) {
    const runs = runsOf(tried, index);
    if (runs.length < 2 || !first || trials[index] === 'skip') continue;
    const others = runs.filter((one) => tryOf(one, request.command, first) !== trials[index]);
    if (others.length === 0) continue;
    const failed = runs.filter((one) => one.run.end !== 'passed').length;
    const how = failed === runs.length ? 'failed in different ways' : `failed ${failed} of ${runs.length} times`;
    const reason = `On ${run.revision.slice(0, shownLength)} the command ${how}, so it proves nothing.`;
    return { verdict: 'flaky', reason };
  }
  return undefined;
}

function wants(tried: readonly Tried[], index: number, what: keyof (typeof wantedRuns)['quick']): boolean {
  return runsOf(tried, index).length < wantedRuns[isQuick(tried) ? 'quick' : 'slow'][what];
}

/** By the slowest of all runs: a result taken over from the same files took no time and tells none. */
function isQuick(tried: readonly Tried[]): boolean {
  return tried.every(({ run }) => run.durationMs < quickMs);
}

function runsOf(tried: readonly Tried[], index: number): readonly Tried[] {
  return tried.filter((one) => one.index === index);
}

function nameOf({ request }: JudgeInput, index: number): string {
  return (request.revisions[index]?.revision ?? '').slice(0, shownLength);
}

function passesOn(input: JudgeInput): string {
  const { tried, request } = input;
  const times = runsOf(tried, request.suspectIndex).length;
  return `The command passes on the suspect ${nameOf(input, request.suspectIndex)}${times > 1 ? `, ${times} times of ${times},` : ''}`;
}

function endedEarly(tried: readonly Tried[]): Judged {
  const reason = `The time for the reproduction ended after ${countOf(tried.length, 'run')}. Raise \`timings.sandboxTimeoutSeconds\`.`;
  return { verdict: 'cannot-run', reason };
}

function run(index: number): Judgement {
  return { kind: 'run', index, isRepeat: false };
}

function repeat(index: number): Judgement {
  return { kind: 'run', index, isRepeat: true };
}

function judged(judged: Judged): Judgement {
  return { kind: 'judged', judged };
}
