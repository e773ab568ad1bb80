import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createShopHistory } from '../../demo/history/create-shop-history.ts';
import { SERVICES, treesFrom, treesUpTo, lena } from '../../demo/history/recipe.ts';
import { VARIANTS } from '../../demo/history/variants.ts';
import { checkOut } from './check-out.ts';

const run = promisify(execFile);
const checkRevisions = path.join(import.meta.dirname, '../../demo/shop/tools/check-revisions.js');
const root = mkdtempSync(path.join(tmpdir(), 'shop-history-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const now = new Date();
const histories = VARIANTS.map((variant) => createShopHistory({ folder: path.join(root, variant), now, variant }));

describe('the history of the shop', () => {
  it('holds a dozen or more commits for each service, several of them in the last half hour', () => {
    for (const { repos } of histories) {
      for (const service of SERVICES) expect(repos[service].revisions.length).toBeGreaterThanOrEqual(12);
      const recent = SERVICES.flatMap((service) => repos[service].revisions).filter(
        ({ at }) => now.getTime() - Date.parse(at) < 30 * 60_000,
      );
      expect(recent.length).toBeGreaterThanOrEqual(6);
    }
  });

  it('has several authors, dates that only go forward, and none in the future', () => {
    for (const service of SERVICES) {
      const { path: repository, revisions } = histories[0]!.repos[service];
      expect(new Set(revisions.map(({ author }) => author)).size).toBeGreaterThanOrEqual(3);
      const format = ['log', '--reverse', '--format=%ct'];
      const dates = execFileSync('git', ['-C', repository, ...format], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map(Number);
      expect(dates).toEqual([...dates].sort((left, right) => left - right));
      expect(dates.at(-1)).toBeLessThan(now.getTime() / 1000);
    }
  });

  it('puts the culprit between what ran before and what is deployed, with innocent commits on both sides', () => {
    for (const { repos, culprit } of histories) {
      if (culprit.kind !== 'commit') continue;
      const { revisions, deployedBefore, toDeploy } = repos[culprit.service];
      const shas = revisions.map(({ sha }) => sha);
      const place = shas.indexOf(culprit.sha);
      expect(place).toBeGreaterThan(shas.indexOf(deployedBefore) + 1);
      expect(place).toBeLessThan(shas.indexOf(toDeploy ?? ''));
    }
  });

  it('changes something with every commit', () => {
    for (const { repos } of histories) {
      for (const service of SERVICES) {
        const args = ['-C', repos[service].path, 'rev-list', '--count', '--all', '--', '.'];
        const count = Number(execFileSync('git', args, { encoding: 'utf8' }));
        expect(count).toBe(repos[service].revisions.length);
      }
    }
  });

  it.each(SERVICES)('%s starts, and passes its own tests, at every commit of every variant', async (service) => {
    const checked = new Set<string>();
    const folders = histories.flatMap(({ variant, repos }) =>
      repos[service].revisions.flatMap(({ sha, subject }) => {
        if (checked.has(sha)) return [];
        checked.add(sha);
        const name = `${variant}-${subject.replaceAll(/\W+/g, '-')}`;
        return [checkOut(repos[service].path, sha, path.join(root, 'checkouts', service, name))];
      }),
    );
    expect(folders.length).toBeGreaterThan(14);
    await run(process.execPath, [checkRevisions, ...folders], { timeout: 25_000 });
  });
});

describe('a recipe', () => {
  const commit = { subject: 'x', author: lena, edits: [{ file: 'a', before: 'one', after: 'two' }] };

  it('is undone from the end and done from the start', () => {
    expect(treesUpTo(new Map([['a', 'two']]), [{ ...commit, edits: [] }, commit])).toEqual([
      new Map([['a', 'one']]),
      new Map([['a', 'two']]),
    ]);
    expect(treesFrom(new Map([['a', 'one']]), [commit])).toEqual([new Map([['a', 'two']])]);
  });

  it('that does not fit names its commit and the passage', () => {
    expect(() => treesFrom(new Map([['a', 'three']]), [commit])).toThrow(/commit "x".*0 times in a[^]*one/);
  });
});
