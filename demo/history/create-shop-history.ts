import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { importCommits } from './git-import.ts';
import type { DatedCommit } from './git-import.ts';
import { inventoryHistory } from './inventory-service.ts';
import { orderHistory } from './order-service.ts';
import { paymentHistory } from './payment-service.ts';
import { SERVICES, treesFrom, treesUpTo } from './recipe.ts';
import type { CommitRecipe, ServiceName, Tree } from './recipe.ts';
import { userHistory } from './user-service.ts';
import { variants } from './variants.ts';
import type { Variant, WindowCommit } from './variants.ts';

export interface ShopRevision {
  readonly sha: string;
  readonly subject: string;
  readonly author: string;
  readonly at: string;
}

export interface ServiceHistory {
  readonly path: string;
  /** Oldest first. */
  readonly revisions: readonly ShopRevision[];
  /** What runs when the demo begins; the youngest commit from before the incident window. */
  readonly deployedBefore: string;
  /** What the demo deploys; absent when the window's commits wait for a later deploy. */
  readonly toDeploy?: string;
}

export interface PlannedDeploy {
  readonly service: ServiceName;
  readonly revision: string;
  /** Milliseconds after the load began. */
  readonly afterMs: number;
}

export interface ShopHistory {
  readonly variant: Variant;
  readonly repos: Readonly<Record<ServiceName, ServiceHistory>>;
  /** Soonest first. */
  readonly plan: readonly PlannedDeploy[];
  /** The true cause, for tests and for the demo's last line. Nothing of it reaches Resident. */
  readonly culprit:
    | { readonly kind: 'commit'; readonly service: ServiceName; readonly sha: string; readonly subject: string }
    | { readonly kind: 'outside'; readonly name: 'acquirer'; readonly afterMs: number };
}

const shopFolder = path.join(import.meta.dirname, '..', 'shop');
const DAY_MS = 86_400_000;
const baseHistories: Record<ServiceName, readonly CommitRecipe[]> = {
  'order-service': orderHistory,
  'user-service': userHistory,
  'payment-service': paymentHistory,
  'inventory-service': inventoryHistory,
};

/** Makes the four repositories under `<folder>/repos`, with dates relative to `now`. The folders must not exist yet. */
export function createShopHistory(options: { folder: string; now: Date; variant: Variant }): ShopHistory {
  const { folder, now, variant } = options;
  const { windows, culprit } = variants[variant];
  const entries = SERVICES.map((service) => {
    const { commits, deployAfterMs } = windows[service];
    const history = createRepository(path.join(folder, 'repos', service), service, commits, now);
    const toDeploy = deployAfterMs === undefined ? undefined : history.revisions.at(-1)?.sha;
    return [service, { ...history, ...(toDeploy === undefined ? {} : { toDeploy }) }] as const;
  });
  const repos = Object.fromEntries(entries) as Record<ServiceName, ServiceHistory>;
  const plan = SERVICES.flatMap((service) => {
    const revision = repos[service].toDeploy;
    const afterMs = windows[service].deployAfterMs;
    return revision === undefined || afterMs === undefined ? [] : [{ service, revision, afterMs }];
  }).sort((left, right) => left.afterMs - right.afterMs);
  if (culprit.kind === 'outside') return { variant, repos, plan, culprit };
  const bad = repos[culprit.service].revisions.find(({ subject }) => subject === culprit.subject);
  if (!bad) throw new Error(`Variant ${variant}: ${culprit.service} has no commit "${culprit.subject}".`);
  return { variant, repos, plan, culprit: { ...culprit, sha: bad.sha } };
}

function createRepository(
  repository: string,
  service: ServiceName,
  window: readonly WindowCommit[],
  now: Date,
): Omit<ServiceHistory, 'toDeploy'> {
  const base = baseHistories[service];
  const final = readSources(service);
  const before = treesUpTo(final, base).map((tree, index) => ({
    tree,
    recipe: base[index] as CommitRecipe,
    at: dateOfBaseCommit(index, base.length, now),
  }));
  const recent = treesFrom(
    final,
    window.map(({ recipe }) => recipe),
  ).map((tree, index) => {
    const { recipe, minutesAgo } = window[index] as WindowCommit;
    return { tree, recipe, at: new Date(now.getTime() - minutesAgo * 60_000) };
  });
  const commits: DatedCommit[] = [...before, ...recent];
  const revisions = importCommits(repository, commits).map((sha, index) => {
    const { recipe, at } = commits[index] as DatedCommit;
    return { sha, subject: recipe.subject, author: recipe.author.name, at: at.toISOString() };
  });
  return { path: repository, revisions, deployedBefore: revisions[base.length - 1]?.sha ?? '' };
}

/** A commit every few days, at different hours, the last one two days before the demo. */
function dateOfBaseCommit(index: number, count: number, now: Date): Date {
  const daysAgo = 2 + (count - 1 - index) * 5.3;
  return new Date(now.getTime() - daysAgo * DAY_MS - ((index * 97) % 300) * 60_000);
}

function readSources(service: ServiceName): Tree {
  const own = readFolder(path.join(shopFolder, service), '');
  const platform = readFolder(path.join(shopFolder, 'platform'), 'src/platform/');
  return new Map([...own, ...platform]);
}

function readFolder(folder: string, prefix: string): [string, string][] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => [prefix + path.relative(folder, file).replaceAll(path.sep, '/'), readFileSync(file, 'utf8')]);
}
