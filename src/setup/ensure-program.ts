import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from './errors.ts';
import { withLock } from './lock.ts';
import { cachedFile, lookFor, type Found, type Look, type LookOptions } from './look-for.ts';
import type { OnStep } from './progress.ts';
import { versionOf } from './probe.ts';
import { programs, type ProgramName, type Way } from './programs.ts';
import { unpackDebianPackages } from './ways/debian.ts';
import { download } from './ways/download.ts';
import { buildWithGo } from './ways/go-build.ts';
import { WayNotOpen, type FetchLimits, type Workshop } from './ways/workshop.ts';

export interface EnsureOptions extends LookOptions {
  /** False with `--no-install`: nothing is downloaded, unpacked or built. */
  readonly mayFetch: boolean;
  readonly onStep?: OnStep;
  readonly fetch?: typeof fetch;
  readonly limits?: Partial<FetchLimits>;
  readonly platform?: string;
  readonly arch?: string;
}

export type Ensured =
  | ({ readonly status: 'ready' } & Found)
  | { readonly status: 'missing'; readonly reason: string; readonly costs: string; readonly remedy: string };

const usualLimits: FetchLimits = { connectMs: 10_000, stallMs: 30_000, packagesMs: 180_000, buildMs: 1_500_000 };

/**
 * Comes by a program: looks for it, else fetches it into Resident's cache folder, in the order of the table in
 * programs.ts. Nothing is installed on the system. A program that cannot be had is a result, not an error.
 */
export async function ensureProgram(name: ProgramName, options: EnsureOptions): Promise<Ensured> {
  const first = await lookFor(name, options);
  if (first.is !== 'absent') return conclude(name, first);
  if (!options.mayFetch) return missing(name, `${first.reasons.join('; ')}; fetching it was not allowed`);
  const { title, needsRoot } = programs[name];
  if (needsRoot && !(options.isRoot ?? process.getuid?.() === 0)) {
    return missing(name, `${first.reasons.join('; ')}; an engine of our own can only be started as root`);
  }
  const lock = path.join(options.cacheFolder, 'locks', `${name}.lock`);
  const onWait = (holder: number) =>
    options.onStep?.({ state: 'waiting', subject: title, text: `process ${holder} is fetching it already` });
  return withLock(lock, () => fetchProgram(name, options), { onWait });
}

async function fetchProgram(name: ProgramName, options: EnsureOptions): Promise<Ensured> {
  // Another process may have fetched it while we waited for the lock.
  const again = await lookFor(name, options);
  if (again.is !== 'absent') return conclude(name, again);
  const reasons = [...again.reasons];
  for (const way of programs[name].ways) {
    if (way.kind === 'download' || way.kind === 'debian' || way.kind === 'go') {
      const tried = await tryFetching(name, way, options);
      if (typeof tried === 'object') return { status: 'ready', ...tried };
      reasons.push(tried);
    }
  }
  return missing(name, reasons.join('; '));
}

type FetchingWay = Extract<Way, { kind: 'download' | 'debian' | 'go' }>;

/** What was found, or why this way failed. Says what it does and how long it took. */
async function tryFetching(name: ProgramName, way: FetchingWay, options: EnsureOptions): Promise<Found | string> {
  const subject = programs[name].title;
  const begun = performance.now();
  const passed = () => performance.now() - begun;
  options.onStep?.({ state: 'begun', subject, text: describe(way) });
  const beat = setInterval(() => {
    options.onStep?.({ state: 'waiting', subject, text: `still at it (${describe(way)})`, durationMs: passed() });
  }, 20_000);
  try {
    const found = await fetchInto(name, way, options);
    options.onStep?.({ state: 'done', subject, text: `${found.version}, ${found.path}`, durationMs: passed() });
    return found;
  } catch (error) {
    const text = `${way.kind}: ${messageOf(error)}`;
    options.onStep?.({ state: 'failed', subject, text, durationMs: passed() });
    return text;
  } finally {
    clearInterval(beat);
  }
}

/** Works in a folder of its own and moves what proves to run into the cache in one step, so nothing half is ever found. */
async function fetchInto(name: ProgramName, way: FetchingWay, options: EnsureOptions): Promise<Found> {
  const program = programs[name];
  const bench = path.join(options.cacheFolder, 'staging', name);
  const shop: Workshop = {
    env: options.env,
    scratch: path.join(bench, 'scratch'),
    out: path.join(bench, 'out'),
    fetch: options.fetch ?? fetch,
    limits: { ...usualLimits, ...options.limits },
    platform: options.platform ?? process.platform,
    arch: options.arch ?? process.arch,
    aptFolder: path.join(options.cacheFolder, 'apt'),
  };
  // We hold the lock, so what lies here was left by a run that was killed.
  await rm(bench, { recursive: true, force: true });
  await mkdir(shop.scratch, { recursive: true });
  await mkdir(shop.out, { recursive: true });
  try {
    await run(way, shop);
    const version = await versionOf(path.join(shop.out, program.cached), program, options.env);
    if (version === undefined) throw new WayNotOpen(`what came does not run on this machine`);
    await moveIntoPlace(shop.out, path.join(options.cacheFolder, 'bin'));
    return { how: way.kind, path: cachedFile(program, options.cacheFolder), version };
  } finally {
    await rm(bench, { recursive: true, force: true });
  }
}

async function run(way: FetchingWay, shop: Workshop): Promise<void> {
  switch (way.kind) {
    case 'download':
      return download(way.release, shop);
    case 'debian':
      return unpackDebianPackages(way, shop);
    case 'go':
      return buildWithGo(way.module, shop);
  }
}

async function moveIntoPlace(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from)) {
    // Only what did not run is replaced here: a program that works was found before.
    await rm(path.join(to, entry), { recursive: true, force: true });
    await rename(path.join(from, entry), path.join(to, entry));
  }
}

function describe(way: FetchingWay): string {
  switch (way.kind) {
    case 'download':
      return `downloading ${way.release.version} from its vendor`;
    case 'debian':
      return `unpacking Debian's ${way.packages.join(', ')} into the cache folder`;
    case 'go':
      return 'building it with Go through the module proxy (about 6 minutes the first time on two cores)';
  }
}

function conclude(name: ProgramName, look: Exclude<Look, { is: 'absent' }>): Ensured {
  return look.is === 'found' ? { status: 'ready', ...look.found } : missing(name, look.reason);
}

function missing(name: ProgramName, reason: string): Ensured {
  const { costsWithout, remedy } = programs[name];
  return { status: 'missing', reason, costs: costsWithout, remedy };
}
