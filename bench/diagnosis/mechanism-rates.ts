import { execFileSync, spawnSync } from 'node:child_process';
import { explainHarmless, readHunks } from '../../src/domain/analysis/changes/diffs.ts';
import { viewDiff } from '../../src/domain/analysis/changes/diff-view.ts';
import { mechanisms } from '../../src/domain/analysis/changes/mechanisms.ts';
import type { Change } from '../../src/domain/evidence/evidence.ts';

/**
 * How often arbitrary commits show each mechanism without any symptom: the `everyday` of `mechanisms/`. Arguments are Git folders of public
 * repositories; of each, a hundred commits without merges count, evenly spread over its latest four thousand. Commits that are
 * ruled out whatever they hold (documents, tests) are left out.
 *
 *     npx tsx bench/diagnosis/mechanism-rates.ts <folder>/.git ...
 */
const commitsEach = 100;
const latest = 4000;
const longestDiff = 200_000;
const mostBytes = 2 ** 28;

function readChanges(gitFolder: string): readonly Change[] {
  const log = ['log', '--no-merges', '--format=%H', `-${latest}`];
  const ids = execFileSync('git', [`--git-dir=${gitFolder}`, ...log], { maxBuffer: mostBytes, encoding: 'utf8' })
    .trim()
    .split('\n');
  const step = Math.max(1, Math.floor(ids.length / commitsEach));
  const chosen = ids.filter((_, index) => index % step === 0).slice(0, commitsEach);
  return chosen.flatMap((id) => {
    const shown = spawnSync('git', [`--git-dir=${gitFolder}`, 'show', '--format=', '--no-renames', id], {
      maxBuffer: mostBytes,
      encoding: 'latin1',
    });
    if (shown.status !== 0) {
      console.log(`left out ${id}: ${shown.stderr.trim()}`);
      return [];
    }
    const patches = shown.stdout.split(/^diff --git /m).slice(1);
    const files = patches.map((patch) => ({
      path: /^a\/(.*?) b\//.exec(patch)?.[1] ?? '',
      diff: patch.slice(patch.indexOf('\n') + 1, longestDiff),
    }));
    return [{ id, service: 'any', at: '2026-01-01T00:00:00Z', author: '', subject: '', body: '', files }];
  });
}

const views = process.argv.slice(2).flatMap((folder) =>
  readChanges(folder).flatMap((change) => {
    const hunks = readHunks(change);
    return explainHarmless(change, hunks) === undefined ? [viewDiff(hunks)] : [];
  }),
);
if (views.length === 0) throw new Error('No commits: name the Git folders of one repository or several.');
console.log(`${views.length} commits that may change how a program runs`);
for (const mechanism of mechanisms) {
  const signs = views.flatMap((view) => mechanism.explain(view, '') ?? []);
  const share = (signs.length / views.length).toFixed(3);
  console.log(`${share} (held ${mechanism.everyday})  ${mechanism.name}: ${signs[0]?.what ?? 'never'}`);
}
