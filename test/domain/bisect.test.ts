import { describe, expect, it } from 'vitest';
import { planBisect, type Trial } from '../../src/domain/bisect.ts';

/** Follows the plan against a judge until it ends. */
function follow(length: number, judge: (index: number) => Trial, known: Record<number, Trial> = {}) {
  const trials: Record<number, Trial> = { ...known };
  let tries = 0;
  for (;;) {
    const step = planBisect(length, trials);
    if (step.kind !== 'try') return { step, tries };
    if (trials[step.index] !== undefined) throw new Error(`asked for ${step.index} again`);
    trials[step.index] = judge(step.index);
    tries += 1;
  }
}

describe('planBisect', () => {
  it('finds the first bad revision wherever it is, in log2(n) + 2 trials', () => {
    for (let length = 2; length <= 40; length += 1) {
      for (let firstBad = 1; firstBad < length; firstBad += 1) {
        const { step, tries } = follow(length, (index) => (index < firstBad ? 'good' : 'bad'));
        expect(step).toEqual({ kind: 'found', firstBad, candidates: [firstBad] });
        expect(tries).toBeLessThanOrEqual(Math.ceil(Math.log2(length)) + 2);
      }
    }
  });

  it('needs no trial when a good revision stands just below a bad one', () => {
    const known = { 3: 'good', 4: 'bad' } as const;
    expect(follow(8, () => 'skip', known)).toEqual({ step: { kind: 'found', firstBad: 4, candidates: [4] }, tries: 0 });
  });

  it('says so when every revision fails, and when every one passes', () => {
    expect(follow(9, () => 'bad').step).toEqual({ kind: 'all-bad' });
    expect(follow(9, () => 'good').step).toEqual({ kind: 'all-good' });
    expect(follow(9, () => 'skip').step).toEqual({ kind: 'undecided' });
    expect(planBisect(0, {})).toEqual({ kind: 'undecided' });
  });

  it('goes around revisions that cannot be judged and names what remains possible', () => {
    const judge = (index: number): Trial => (index === 4 || index === 5 ? 'skip' : index < 5 ? 'good' : 'bad');
    expect(follow(10, judge).step).toEqual({ kind: 'found', firstBad: 6, candidates: [4, 5, 6] });
  });

  it('looks above a good revision as well as below a bad one', () => {
    const judge = (index: number): Trial => (index < 6 ? 'good' : 'bad');
    expect(follow(8, judge, { 2: 'good' }).step).toMatchObject({ kind: 'found', firstBad: 6 });
  });
});
