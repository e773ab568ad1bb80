import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { writeDurably } from './answer-journal.ts';
import type { RunOrder } from './docker/sandbox.ts';

/** A finished run without its output, which lies in the evidence store under `outputDigest`. */
const knownRun = z.strictObject({
  end: z.enum(['passed', 'failed', 'output-cut']),
  exitCode: z.number(),
  failedSetup: z.number().exactOptional(),
  durationMs: z.number(),
  totalBytes: z.number(),
  notice: z.string().exactOptional(),
  note: z.string().exactOptional(),
  outputDigest: z.string(),
  /** Time limit of the run, and when it ended (ISO). */
  timeoutMs: z.number(),
  at: z.string(),
});
export type KnownRun = z.infer<typeof knownRun>;

/**
 * Whether a run ended as it would at any other moment. An engine that was lost or a container that was ended from outside says
 * nothing about the code, and one slow or crowded moment of a machine must not be believed for incidents to come.
 */
export function isKeptEnd(end: string): end is KnownRun['end'] {
  return knownRun.shape.end.safeParse(end).success;
}

const entry = z.strictObject({ run: knownRun, sha256: z.string() });

/** What `read` found, and what a person should know of an entry that could not be used. */
export interface CacheAnswer {
  readonly run?: KnownRun;
  readonly damage?: string;
}

/**
 * Results of runs by what decides them, shared by all incidents. Nothing here is needed: an entry that is missing, damaged or
 * thrown out costs one more run.
 */
export interface RunCache {
  /** A run that ended within this time limit. */
  read(order: RunOrder): Promise<CacheAnswer>;
  write(order: RunOrder, run: KnownRun): Promise<void>;
  /** For a result that turned out flaky: it must not come back. */
  forget(order: RunOrder): Promise<void>;
}

export interface RunCacheOptions {
  /** Created when missing. */
  readonly folder: string;
  /** Beyond this the oldest are thrown out; an entry takes about 600 bytes. */
  readonly maxEntries?: number;
  /** The OCI runtime that runs are made with: under another one they may end otherwise. */
  readonly runtime?: string;
}

/** Raised with every change of how a run is confined or of what is kept of it: what was kept before then counts no more. */
const version = 3;

export function createRunCache({ folder, maxEntries = 5_000, runtime = '' }: RunCacheOptions): RunCache {
  const fileOf = (order: RunOrder) => path.join(folder, `${keyOf(order, runtime)}.json`);
  let count: number | undefined;

  async function write(order: RunOrder, run: KnownRun): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeDurably(fileOf(order), JSON.stringify({ run, sha256: digestOf(run) }));
    count = count === undefined ? (await readdir(folder)).length : count + 1;
    if (count > maxEntries) count = await throwOutOldest(folder, Math.ceil(maxEntries * 0.9));
  }

  return {
    async read(order) {
      const file = fileOf(order);
      try {
        const run = parseEntry(await readFile(file, 'utf8'));
        return run.durationMs <= order.limits.timeoutMs ? { run } : {};
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
        await rm(file, { force: true });
        const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
        return { damage: `The kept result ${file} cannot be used and was removed; it is run again (${why}).` };
      }
    },
    write,
    forget: (order) => rm(fileOf(order), { force: true }),
  };
}

/** The time limit is not part of the key: it varies with the time that is left, and decides only whether a result fits. */
function keyOf({ sources, imageId, workService, setup, command, limits }: RunOrder, runtime: string): string {
  const trees = sources.map(({ service, treeDigest }) => [service, treeDigest]).sort();
  const { memoryMb, cpus, outputBytes } = limits;
  const decisive = [version, runtime, trees, imageId, workService, setup, command, memoryMb, cpus, outputBytes];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('hex');
}

function parseEntry(text: string): KnownRun {
  const { run, sha256 } = entry.parse(JSON.parse(text));
  if (digestOf(run) !== sha256) throw new Error('its content is not what was written');
  return run;
}

function digestOf(run: KnownRun): string {
  const sorted = Object.entries(run).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}

/** Returns how many are left. */
async function throwOutOldest(folder: string, keep: number): Promise<number> {
  const files = (await readdir(folder)).map((name) => path.join(folder, name));
  const aged = await Promise.all(
    files.map(async (file) => ({ file, at: (await stat(file).catch(() => undefined))?.mtimeMs ?? 0 })),
  );
  const old = aged.sort((a, b) => b.at - a.at).slice(keep);
  await Promise.all(old.map(({ file }) => rm(file, { force: true })));
  return aged.length - old.length;
}
