import { beforeEach, expect, it, vi } from 'vitest';
import { mergeTemplates, type Mergeable } from '../../../../src/domain/analysis/logs/merge-templates.ts';
import { createTemplateMiner } from '../../../../src/domain/analysis/logs/templates.ts';
import { createRandom } from './random.ts';

vi.mock('../../../../src/domain/analysis/logs/merge-templates.ts', { spy: true });

const random = createRandom(11);
const word = () => Array.from({ length: 8 }, () => String.fromCharCode(97 + random.integer(0, 25))).join('');
const lines = 4_000;
const mostGroups = 400;

beforeEach(() => {
  vi.mocked(mergeTemplates).mockClear();
});

/** Templates that were compared while the lines were read, all merges together. */
function countCompared(write: (n: number) => string): number {
  const miner = createTemplateMiner({ mostGroups });
  for (let n = 0; n < lines; n++) miner.add(write(n));
  return vi.mocked(mergeTemplates).mock.calls.reduce((sum, [templates]) => sum + templates.length, 0);
}

it('lines at random are merged ever more seldom', () => {
  const compared = countCompared(() => `${word()} ${word()} ${word()} ${word()}`);
  expect(compared).toBeGreaterThan(0);
  expect(compared).toBeLessThan(2 * lines);
});

it('lines whose words vary at known places go to their template without another merge', () => {
  const compared = countCompared(() => `request of ${word()} ${word()} to ${word()} ended ${word()} by ${word()}`);
  expect(compared).toBe(mostGroups);
});

it('a merge that finds but a little room is not tried again as soon as that is filled', () => {
  // Nearly all of the groups stay what they are; the others become one group at each merge.
  const compared = countCompared((n) =>
    n < mostGroups - 5 ? `${word()} ${word()} ${word()} ${word()}` : `${word()} has left the queue of this node today`,
  );
  expect(compared).toBeGreaterThan(mostGroups);
  expect(compared).toBeLessThan(2 * lines);
});

it('twice as many templates take twice as many looks at their words', () => {
  const countLooks = (count: number) => {
    let looks = 0;
    const templates = Array.from({ length: count }, (): Mergeable => {
      let words: readonly string[] = ['order', word(), 'of', word(), 'was', 'sent', 'to', word()];
      return {
        scope: '',
        separators: Array<string>(9).fill(' '),
        get words() {
          looks++;
          return words;
        },
        set words(changed) {
          words = changed;
        },
      };
    });
    const live = mergeTemplates(templates, { keepStatusAndHost: false, onMerge: () => undefined });
    expect(live).toHaveLength(1);
    return looks;
  };
  expect(countLooks(2_000) / countLooks(1_000)).toBeLessThan(2.2);
});
