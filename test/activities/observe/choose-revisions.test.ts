import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  chooseInGap,
  chooseRevisions,
  countRevisions,
  maxRevisions,
  type RevisionChoice,
} from '../../../src/activities/observe/choose-revisions.ts';
import { createGit, type Git } from '../../../src/adapters/git/git.ts';
import { planBisect, type BisectStep, type History, type Trial } from '../../../src/domain/reproduction/bisect.ts';
import { findGap } from '../../../src/domain/reproduction/find-gap.ts';
import { maxRounds } from '../../../src/domain/reproduction/narrow.ts';
import { createRepository, type FakeRepository } from '../../fakes/repository.ts';
import { makeRandom } from '../../fakes/random.ts';

let folder: string;
let repository: FakeRepository;
let git: Git;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'resident-choose-'));
  repository = createRepository(path.join(folder, 'app'));
  git = createGit({ cacheFolder: path.join(folder, 'cache') });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00Z`;

interface Invented {
  readonly parents: History;
  readonly verdicts: readonly Trial[];
}

/** Branches and merges; one commit breaks, and all that stand on it are broken. Some cannot be judged. */
function invent(seed: number, length: number, skipped: number): Invented {
  const random = makeRandom(seed);
  const pick = (most: number) => Math.floor(random() * most);
  const parents: number[][] = [[]];
  let tips = [0];
  for (let index = 1; index < length - 1; index += 1) {
    const on = tips[pick(tips.length)]!;
    const other = tips[pick(tips.length)]!;
    const isMerge = other !== on && random() < 0.4;
    const from = random() < 0.3 ? Math.max(0, index - 1 - pick(4)) : on;
    const own = isMerge ? [on, other] : [from];
    parents.push(own);
    tips = [...tips.filter((tip) => !own.includes(tip)), index];
  }
  parents.push(tips);
  const culprit = 1 + pick(length - 1);
  const broken = new Set([culprit]);
  parents.forEach((own, index) => own.some((parent) => broken.has(parent)) && broken.add(index));
  const verdicts = parents.map((_, index): Trial => {
    if (index > 0 && index < length - 1 && random() < skipped) return 'skip';
    return broken.has(index) ? 'bad' : 'good';
  });
  return { parents, verdicts };
}

/** Writes the history into the repository, and returns the commits' ids in its order. */
function write({ parents, verdicts }: Invented): readonly string[] {
  const blob = (text: string) => `data ${text.length}\n${text}\n`;
  const script = parents.map((own, index) => {
    const [first, ...others] = own.map((parent) => `:${parent + 1}`);
    const time = `A <a@example.com> ${1_700_000_000 + index} +0000`;
    return [
      ...['commit refs/heads/main', `mark :${index + 1}`, `committer ${time}`, blob(`c${index}`).trimEnd()],
      ...[first ? `from ${first}` : '', ...others.map((other) => `merge ${other}`)].filter(Boolean),
      `M 100644 inline verdict\n${blob(verdicts[index]!)}M 100644 inline n\n${blob(`${index}`)}`,
    ].join('\n');
  });
  const marks = path.join(folder, 'marks');
  const input = `reset refs/heads/main\n${script.join('\n')}\ndone\n`;
  execFileSync('git', ['fast-import', '--quiet', '--done', '--force', `--export-marks=${marks}`], {
    cwd: repository.folder,
    input,
  });
  repository.git(['reset', '--quiet', '--hard', 'main']);
  const ids = execFileSync('cat', [marks], { encoding: 'utf8' }).trim().split('\n');
  return ids
    .map((line) => line.split(' '))
    .sort(([a = ''], [b = '']) => Number(a.slice(1)) - Number(b.slice(1)))
    .map(([, id = '']) => id);
}

/** What `git bisect run` answers: one commit, or those that it cannot tell apart for skipped ones. */
function askGit(good: string, bad: string): readonly string[] {
  const script = 'case $(cat verdict) in good) exit 0;; bad) exit 1;; *) exit 125;; esac';
  repository.git(['bisect', 'start', bad, good]);
  const { stdout } = spawnSync('git', ['bisect', 'run', 'sh', '-c', script], {
    cwd: repository.folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, GIT_CONFIG_NOSYSTEM: '1' },
  });
  execFileSync('git', ['bisect', 'reset'], { cwd: repository.folder, stdio: 'ignore' });
  const found = /^([0-9a-f]{40}) is the first bad commit/m.exec(stdout)?.[1];
  if (found !== undefined) return [found];
  return [.../could be any of:\n((?:[0-9a-f]{40}\n)+)/.exec(stdout)![1]!.trim().split('\n')].sort();
}

function follow(choice: RevisionChoice, judge: (id: string) => Trial) {
  const trials: Record<number, Trial> = {};
  let step: BisectStep = planBisect(choice.parents, trials);
  while (step.kind === 'try') {
    trials[step.index] = judge(choice.revisions[step.index]!);
    step = planBisect(choice.parents, trials);
  }
  if (step.kind !== 'found') throw new Error(step.kind);
  return { step, trials, tries: Object.keys(trials).length };
}

describe('a bisection over real histories', () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed + 1))(
    'finds what `git bisect run` finds, merges and skipped commits included (history %i)',
    async (seed) => {
      const invented = invent(seed, 6 + ((seed * 7) % 25), seed % 2 === 0 ? 0.25 : 0);
      const ids = write(invented);
      const judge = (id: string) => invented.verdicts[ids.indexOf(id)]!;
      const [root = '', head = ''] = [ids[0], ids.at(-1)];
      const choice = await chooseRevisions(git, repository.folder, { suspect: head, before: root, candidates: ids });
      if ('cannotRun' in choice) throw new Error(choice.cannotRun);
      expect(choice.revisions.toSorted()).toEqual(ids.toSorted());
      const parentsOf = (index: number) => choice.parents[index]?.map((parent) => choice.revisions[parent]).toSorted();
      for (const [index, id] of choice.revisions.entries()) {
        expect(parentsOf(index)).toEqual(invented.parents[ids.indexOf(id)]!.map((parent) => ids[parent]).toSorted());
      }
      const { step } = follow(choice, judge);
      const ours = step.candidates.map((index) => choice.revisions[index]!).toSorted();
      const theirs = askGit(root, head);
      // Where a culprit that cannot be judged was merged by two ways, each search may end on another of its children.
      const isUnique = theirs.length === 1 || ours.length === 1;
      if (isUnique) expect(ours).toEqual(theirs);
      const culprit = ids.find(
        (id, index) => judge(id) === 'bad' && invented.parents[index]!.every((parent) => judge(ids[parent]!) !== 'bad'),
      );
      if (theirs.includes(culprit!)) expect(ours).toContain(culprit);
      expect(ours.filter((id) => judge(id) !== 'skip')).toHaveLength(1);
    },
  );
});

describe('a window with more commits than are packed', () => {
  it('is bisected in rounds, and the answer is as exact as with all of them', async () => {
    const counts: number[] = [];
    for (const [seed, length] of [
      [3, 90],
      [8, 1_500],
    ] as const) {
      repository = createRepository(path.join(folder, `large-${seed}`));
      const invented = invent(seed, length, 0);
      const ids = write(invented);
      const judge = (id: string) => invented.verdicts[ids.indexOf(id)]!;
      const question = { suspect: ids.at(-1)!, before: ids[0]!, candidates: [] };
      let choice = await chooseRevisions(git, repository.folder, question);
      let [rounds, tries] = [0, 0];
      for (;;) {
        if ('cannotRun' in choice) throw new Error(choice.cannotRun);
        expect(choice.revisions.length).toBeLessThanOrEqual(maxRevisions);
        const { step, trials, tries: more } = follow(choice, judge);
        [rounds, tries] = [rounds + 1, tries + more];
        const packed = choice.revisions.map((revision) => ({ service: 'app', revision, digest: '', bytes: 0 }));
        const gap = findGap({ revisions: packed, gaps: choice.gaps }, step, trials);
        if (!gap) {
          expect(choice.revisions[step.firstBad]).toBe(askGit(ids[0]!, ids.at(-1)!)[0]);
          break;
        }
        expect(gap.good.map(judge)).not.toContain('bad');
        choice = await chooseInGap(git, repository.folder, gap);
        expect(choice.revisions[choice.suspectIndex]).toBe(gap.bad);
      }
      expect(rounds).toBeGreaterThan(1);
      counts.push(tries);
      expect(tries).toBeLessThanOrEqual(2 * rounds + Math.ceil(Math.log2(length)) + 4);
    }
    expect(counts).toHaveLength(2);
  });
});

describe('countRevisions', () => {
  it('packs fewer revisions of a large source, and never too few to bisect', () => {
    expect([1, 1_000_000, 10_000_000, 20_000_000, 200_000_000].map(countRevisions)).toEqual([32, 32, 25, 12, 8]);
  });

  it('finds the same commit with the fewest, in five rounds at most', async () => {
    const invented = invent(11, 600, 0);
    const ids = write(invented);
    const judge = (id: string) => invented.verdicts[ids.indexOf(id)]!;
    const question = { suspect: ids.at(-1)!, before: ids[0]!, candidates: [] };
    const most = countRevisions(200_000_000);
    let choice = await chooseRevisions(git, repository.folder, question, most);
    for (let round = 1; ; round += 1) {
      if ('cannotRun' in choice) throw new Error(choice.cannotRun);
      expect(choice.revisions.length).toBeLessThanOrEqual(most);
      const { step, trials } = follow(choice, judge);
      const packed = choice.revisions.map((revision) => ({ service: 'app', revision, digest: '', bytes: 0 }));
      const gap = findGap({ revisions: packed, gaps: choice.gaps }, step, trials);
      if (!gap) {
        expect(round).toBeLessThanOrEqual(maxRounds);
        expect(choice.revisions[step.firstBad]).toBe(askGit(ids[0]!, ids.at(-1)!)[0]);
        return;
      }
      choice = await chooseInGap(git, repository.folder, gap, most);
    }
  });
});

describe('the folder of a service inside a larger repository', () => {
  const idsOf = (choice: Awaited<ReturnType<typeof chooseRevisions>>) => {
    if ('cannotRun' in choice) throw new Error(choice.cannotRun);
    return choice.revisions;
  };
  const readFirst = async (source: string, id: string) =>
    (await git.archive(source, id)).tar.toString('utf8', 512, 520);

  it('has only the commits that changed it, merges of others left out', async () => {
    const base = repository.commit(at(1), 'base', { 'user/a': '1', 'order/a': '1' });
    repository.commit(at(2), 'theirs', { 'order/a': '2' });
    repository.git(['checkout', '--quiet', '-b', 'feature']);
    const ours = repository.commit(at(3), 'ours', { 'user/a': '2' });
    repository.git(['checkout', '--quiet', 'main']);
    repository.commit(at(4), 'theirs again', { 'order/a': '3' });
    repository.git(['merge', '--quiet', '--no-ff', '-m', 'merge', 'feature'], at(5));
    const last = repository.commit(at(6), 'ours again', { 'user/a': '3' });
    const source = path.join(repository.folder, 'user');
    const question = { suspect: last, before: base, candidates: [] };
    expect(idsOf(await chooseRevisions(git, source, question))).toEqual([base, ours, last]);
  });

  it('takes the last commit that changed it where the suspect is a deploy of the whole repository', async () => {
    const base = repository.commit(at(1), 'base', { 'user/a': '1', 'order/a': '1' });
    const ours = repository.commit(at(2), 'ours', { 'user/a': '2' });
    const deployed = repository.commit(at(3), 'theirs', { 'order/a': '2' });
    const choice = await chooseRevisions(git, path.join(repository.folder, 'user'), {
      suspect: deployed,
      before: base,
      candidates: [],
    });
    expect(idsOf(choice)).toEqual([base, ours]);
  });

  it('is found under the name that it had before it was renamed, twice', async () => {
    const files = (folder: string, value: string) => ({
      [`${folder}/a.txt`]: `${value}\nsame\nsame\nsame\n`,
      [`${folder}/b/c.txt`]: 'long enough to be found again',
    });
    const one = repository.commit(at(1), 'one', { ...files('usr', 'one'), other: '1' });
    const two = repository.commit(at(2), 'two', files('usr', 'two'));
    repository.git(['mv', 'usr', 'people']);
    const three = repository.commit(at(3), 'renamed', {});
    repository.commit(at(4), 'other', { other: '2' });
    execFileSync('mkdir', ['services'], { cwd: repository.folder });
    repository.git(['mv', 'people', 'services/user']);
    const four = repository.commit(at(5), 'moved', {});
    const five = repository.commit(at(6), 'five', files('services/user', 'five'));
    const source = path.join(repository.folder, 'services/user');
    const choice = await chooseRevisions(git, source, { suspect: five, before: one, candidates: [] });
    expect(idsOf(choice)).toEqual([one, two, three, four, five]);
    expect(await Promise.all([one, two, three, five].map((id) => readFirst(source, id)))).toEqual(
      ['one', 'two', 'two', 'five'].map((value) => expect.stringMatching(`^${value}\n`) as string),
    );
    expect(await git.listWithin(source, { from: at(0), to: at(59) })).toEqual([one, two, three, four, five]);
  });

  it('says so when there was no such service before the suspect', async () => {
    const base = repository.commit(at(1), 'base', { 'order/a': '1' });
    const born = repository.commit(at(2), 'born', { 'user/a': 'something of its own' });
    const source = path.join(repository.folder, 'user');
    expect(await chooseRevisions(git, source, { suspect: born, candidates: [] })).toEqual({
      cannotRun: `${source} did not exist before ${born}: there is no revision to compare with.`,
    });
    await expect(git.archive(source, base)).rejects.toThrow('did not exist at');
  });
});
