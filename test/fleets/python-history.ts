import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { importCommits, type DatedCommit } from '../../demo/history/git-import.ts';
import { treesFrom, treesUpTo, type CommitRecipe, type Tree } from '../../demo/history/recipe.ts';
import { baseHistories, variants, type PythonService, type PythonVariant } from './python-commits.ts';

export const pythonServices = ['booking', 'slots', 'rates'] as const satisfies readonly PythonService[];

export interface PythonHistory {
  readonly repositories: Readonly<Record<PythonService, string>>;
  /** What runs when the test begins. */
  readonly deployed: Readonly<Record<PythonService, string>>;
  /** What is deployed while the load runs, soonest first. */
  readonly plan: readonly { readonly service: PythonService; readonly revision: string; readonly afterMs: number }[];
  /** The commit that is at fault, or undefined when none is. */
  readonly culprit: { readonly service: PythonService; readonly sha: string } | undefined;
}

const sources = path.join(import.meta.dirname, 'python');
const hourMs = 3_600_000;

/** Makes the three repositories under `<folder>/repos`: eight older commits each, and those of the variant's last half hour. */
export function createPythonHistory(folder: string, variant: PythonVariant): PythonHistory {
  const now = Date.now();
  const { windows, culprit } = variants[variant];
  const repositories = {} as Record<PythonService, string>;
  const deployed = {} as Record<PythonService, string>;
  const plan: PythonHistory['plan'][number][] = [];
  let found: PythonHistory['culprit'];
  for (const service of pythonServices) {
    const base = baseHistories[service];
    const window = windows[service];
    const final = readSources(service);
    const older = treesUpTo(final, base).map((tree, index) =>
      date(tree, base[index], now - (base.length - index) * 50 * hourMs),
    );
    const newer = treesFrom(final, window.commits).map((tree, index) =>
      date(tree, window.commits[index], now - (window.commits.length - index) * 7 * 60_000),
    );
    const repository = path.join(folder, 'repos', service);
    const shas = importCommits(repository, [...older, ...newer]);
    repositories[service] = repository;
    deployed[service] = shas[base.length - 1] ?? '';
    if (window.deployAfterMs !== undefined)
      plan.push({ service, revision: shas.at(-1) ?? '', afterMs: window.deployAfterMs });
    const bad = window.commits.findIndex((commit) => commit === culprit);
    if (bad >= 0) found = { service, sha: shas[base.length + bad] ?? '' };
  }
  return { repositories, deployed, plan: plan.sort((a, b) => a.afterMs - b.afterMs), culprit: found };
}

function date(tree: Tree, recipe: CommitRecipe | undefined, at: number): DatedCommit {
  if (!recipe) throw new Error('A tree without its commit.');
  return { tree, recipe, at: new Date(at) };
}

function readSources(service: PythonService): Tree {
  const own = readdirSync(path.join(sources, service), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('__pycache__'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [path.relative(path.join(sources, service), file).replaceAll(path.sep, '/'), read(file)] as const);
  return new Map([
    ...own,
    [`${service}/web.py`, read(path.join(sources, 'kit/web.py'))],
    [`${service}/__main__.py`, read(path.join(sources, 'kit/main.py'))],
  ]);
}

function read(file: string): string {
  return readFileSync(file, 'utf8');
}
