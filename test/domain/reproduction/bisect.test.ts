import { describe, expect, it } from 'vitest';
import { chain, planBisect, type History, type Trial } from '../../../src/domain/reproduction/bisect.ts';
import { makeRandom } from '../../fakes/random.ts';

/** Follows the plan against a judge until it ends. */
function follow(history: History, judge: (index: number) => Trial, known: Record<number, Trial> = {}) {
  const trials: Record<number, Trial> = { ...known };
  const tried: number[] = [];
  for (;;) {
    const step = planBisect(history, trials);
    if (step.kind !== 'try') return { step, tried };
    if (trials[step.index] !== undefined) throw new Error(`asked for ${step.index} again`);
    trials[step.index] = judge(step.index);
    tried.push(step.index);
  }
}

const breaksAt = (firstBad: number) => (index: number) => (index < firstBad ? 'good' : 'bad') as Trial;

describe('planBisect', () => {
  it('finds the first bad of 2 to 200 revisions wherever it is, in log2(n) + 2 trials', () => {
    for (let length = 2; length <= 200; length += 1) {
      const history = chain(length);
      const most = Math.ceil(Math.log2(length)) + 2;
      for (let firstBad = 1; firstBad < length; firstBad += 1) {
        const { step, tried } = follow(history, breaksAt(firstBad));
        expect(step).toEqual({ kind: 'found', firstBad, candidates: [firstBad], before: firstBad - 1 });
        expect(tried.length).toBeLessThanOrEqual(most);
      }
    }
  }, 30_000);

  it('pays one trial at most for each revision that cannot be judged, and names all that remain possible', () => {
    const lengths = [2, 3, 4, 5, 7, 8, 9, 16, 31, 33, 64, 100, 200];
    for (const length of lengths) {
      const history = chain(length);
      for (let seed = 1; seed <= 40; seed += 1) {
        const random = makeRandom(seed * length);
        const firstBad = 1 + Math.floor(random() * (length - 1));
        const skipped = new Set(history.map((_, index) => index).filter(() => random() < 0.3));
        skipped.delete(0);
        skipped.delete(length - 1);
        const { step, tried } = follow(history, (index) => (skipped.has(index) ? 'skip' : breaksAt(firstBad)(index)));
        const shown = history.findIndex((_, index) => index >= firstBad && !skipped.has(index));
        const before = history.findLastIndex((_, index) => index < firstBad && !skipped.has(index));
        const candidates = history.map((_, index) => index).slice(before + 1, shown + 1);
        expect(step).toEqual({ kind: 'found', firstBad: shown, candidates, before });
        const inVain = tried.filter((index) => skipped.has(index)).length;
        expect(tried.length - inVain).toBeLessThanOrEqual(Math.ceil(Math.log2(length)) + 2 + inVain);
      }
    }
  });

  it('needs no trial when a good revision stands just below a bad one', () => {
    const known = { 3: 'good', 4: 'bad' } as const;
    expect(follow(chain(8), () => 'skip', known)).toEqual({
      step: { kind: 'found', firstBad: 4, candidates: [4], before: 3 },
      tried: [],
    });
  });

  it('says so when every revision fails, and when every one passes, after both ends', () => {
    expect(follow(chain(9), () => 'bad')).toEqual({ step: { kind: 'all-bad' }, tried: [8, 0] });
    expect(follow(chain(9), () => 'good')).toEqual({ step: { kind: 'all-good' }, tried: [8] });
    expect(follow(chain(9), () => 'skip').step).toEqual({ kind: 'undecided' });
    expect(planBisect([], {})).toEqual({ kind: 'undecided' });
  });

  it('takes the next one for an end that cannot be judged', () => {
    const judge = (index: number): Trial => (index < 2 || index > 6 ? 'skip' : breaksAt(5)(index));
    expect(follow(chain(9), judge).step).toEqual({ kind: 'found', firstBad: 5, candidates: [5], before: 4 });
  });

  it('looks above a good revision as well as below a bad one', () => {
    expect(follow(chain(8), breaksAt(6), { 2: 'good' }).step).toMatchObject({ kind: 'found', firstBad: 6 });
  });

  it('lets no later repair hide where the failure came from', () => {
    const judge = (index: number): Trial => (index >= 3 && index < 6 ? 'bad' : 'good');
    expect(follow(chain(8), judge, { 7: 'good', 5: 'bad' }).step).toMatchObject({ kind: 'found', firstBad: 3 });
  });
});

//   0 - 1 ------ 4 - 5 - 6
//        \          /
//         2 - 3 ----
const merged: History = [[], [0], [1], [2], [1], [4, 3], [5]];

describe('planBisect over merges', () => {
  it('finds a commit on the merged branch', () => {
    const judge = (index: number): Trial => ([3, 5, 6].includes(index) ? 'bad' : 'good');
    expect(follow(merged, judge).step).toEqual({ kind: 'found', firstBad: 3, candidates: [3], before: 2 });
  });

  it('finds a merge that breaks what both its parents keep', () => {
    const { step, tried } = follow(merged, (index) => (index >= 5 ? 'bad' : 'good'));
    expect(step).toMatchObject({ kind: 'found', firstBad: 5, candidates: [5] });
    expect(tried).toEqual(expect.arrayContaining([3, 4]));
  });

  it('does not blame a merge while one of its parents is in doubt', () => {
    expect(planBisect(merged, { 5: 'bad', 4: 'good' })).toMatchObject({ kind: 'try' });
    expect(planBisect(merged, { 5: 'bad', 4: 'good', 3: 'skip', 2: 'good' })).toMatchObject({ candidates: [3, 5] });
  });

  it('finds the first commit of a branch that left the main line before the window', () => {
    const old: History = [[], [0], [], [1, 2]];
    const judge = (index: number): Trial => (index >= 2 ? 'bad' : 'good');
    expect(follow(old, judge).step).toEqual({ kind: 'found', firstBad: 2, candidates: [2], before: 1 });
  });
});
