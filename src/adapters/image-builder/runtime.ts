import { OutsideError } from '../outside-error.ts';
import { fitsVersion, type ImageLanguage } from '../../domain/reproduction/image-name.ts';
import type { FileSet } from './file-set.ts';
import { findOfficial, listOfficialVersions } from './official.ts';

/** One language's runtime as this machine has it. */
export interface Runtime {
  readonly version: string;
  /** Files that change when the runtime does: what tells quickly whether the engine's image is still the right one. */
  readonly witnesses: readonly string[];
  /** Folders to put first on the PATH. */
  readonly pathFolders: readonly string[];
  /** Variables that programs of this language need in a sandbox, as `NAME=value`. */
  readonly env?: readonly string[];
  /** Raise it when what `fill` adds changes though the machine's files do not: images of this language alone are made anew. */
  readonly recipe?: string;
  fill(files: FileSet, work: FillWork): Promise<void>;
}

/** What filling an image may use beside the files of the machine. */
export interface FillWork {
  /** An empty folder. What is in it stays until the image is loaded. */
  readonly folder: string;
  readonly onProgress: (step: string) => void;
}

/** Finds a runtime of the wanted version, or of any. Throws `Sandbox.ImageNotBuilt` with the remedy. */
export type FindRuntime = (wanted: string | undefined) => Promise<Runtime>;

/**
 * The first of the runtimes, in the order of preference, that has the wanted version.
 * Throws `Sandbox.ImageNotBuilt` naming those that are there.
 */
export function pickVersion<T extends { readonly version: string }>(
  language: ImageLanguage,
  found: readonly T[],
  wanted: string | undefined,
): T {
  const fitting = found.find(({ version }) => fitsVersion(version, wanted));
  if (fitting) return fitting;
  const there = [...new Set(found.map(({ version }) => version))];
  const asked = wanted === undefined ? language : `${language} ${wanted}`;
  const official =
    findOfficial(language, wanted) === undefined
      ? `name another version (those of this machine, or official images: ${listOfficialVersions(language).join(', ')})`
      : fetchOfficial;
  throw cannotBuild(
    there.length === 0 ? `it has no ${asked}` : `${asked} is asked for, and it has ${there.join(' and ')}`,
    asked,
    official,
  );
}

const fetchOfficial = 'fetch the official image beforehand with `resident images build --pull`';

export function cannotBuild(why: string, what = 'it', instead = fetchOfficial): OutsideError {
  return new OutsideError(
    `The sandbox image cannot be built from this machine because ${why}. Install ${what}, or ${instead}, ` +
      'or name an image by its digest in `sandbox.image`.',
    { system: 'Sandbox', kind: 'ImageNotBuilt', retryable: false },
  );
}
