import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FilesWanted } from '../programs.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a fetching way works with. */
export interface Workshop {
  readonly env: Environment;
  /** Empty at the beginning, thrown away at the end. */
  readonly scratch: string;
  /** What is put here becomes the cache's `bin/` when it proves to run. */
  readonly out: string;
  readonly fetch: typeof fetch;
  readonly limits: FetchLimits;
  readonly platform: string;
  readonly arch: string;
  /** Where apt may keep package lists of our own. */
  readonly aptFolder: string;
}

export interface FetchLimits {
  /** To the first byte of an answer; short, so that a vendor who cannot be reached costs little. */
  readonly connectMs: number;
  /** Without a single byte in the middle of a download. */
  readonly stallMs: number;
  readonly packagesMs: number;
  readonly buildMs: number;
}

/** Not possible on this machine, as against tried and failed: nothing was done, and it costs no time. */
export class WayNotOpen extends Error {}

/** Copies the wanted files out of an unpacked archive or package, found by their base names. */
export async function pickFiles(from: string, files: FilesWanted, out: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const [target, name] of Object.entries(files)) {
    const found = entries.find((entry) => {
      const place = path.relative(from, entry.parentPath);
      // A package's configuration and documents have files named like its program.
      return entry.isFile() && entry.name === name && !/(^|\/)(etc|var|share)(\/|$)/.test(place);
    });
    if (!found) throw new Error(`it holds no file named ${name}`);
    const to = path.join(out, target);
    await mkdir(path.dirname(to), { recursive: true });
    await copyFile(path.join(found.parentPath, found.name), to);
    await chmod(to, 0o755);
  }
}
