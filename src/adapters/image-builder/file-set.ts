import { execFile } from 'node:child_process';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** What an image will hold at one absolute path. */
export type ImageEntry =
  | { readonly kind: 'folder'; readonly mode: number; readonly user: number }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'text'; readonly text: string; readonly mode?: number }
  | {
      readonly kind: 'copy';
      readonly from: string;
      readonly bytes: number;
      readonly mode: number;
      readonly mtimeMs: number;
    };

/** Entries by absolute path. */
export type FileSet = Map<string, ImageEntry>;

const execute = promisify(execFile);
const printedBytes = 16 * 1024 * 1024;
const askLimitMs = 20_000;

/**
 * Adds a file or link of this machine at the same path. Symbolic links on the way are kept as links and followed, so
 * that programs find themselves and their libraries in the image where they do here.
 */
export async function addPath(files: FileSet, wanted: string): Promise<void> {
  let at = '/';
  const parts = wanted.split('/').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const here = path.join(at, part);
    const found = await lstat(here);
    if (found.isSymbolicLink()) {
      const target = await readlink(here);
      addFolders(files, at);
      files.set(here, { kind: 'link', target });
      return addPath(files, path.join(path.resolve(at, target), ...parts.slice(index + 1)));
    }
    at = here;
  }
  await addReal(files, at);
}

/** Adds a file or folder whose path goes through no symbolic link. */
async function addReal(files: FileSet, at: string): Promise<void> {
  const found = await stat(at);
  if (found.isDirectory()) return addFolders(files, at);
  addFolders(files, path.dirname(at));
  const mode = found.mode & 0o111 ? 0o755 : 0o644;
  files.set(at, { kind: 'copy', from: at, bytes: found.size, mode, mtimeMs: found.mtimeMs });
}

/** Adds a folder and what is in it, except where `skip` says so of a path relative to the folder. */
export async function addTree(files: FileSet, folder: string, skip: (relative: string) => boolean): Promise<void> {
  await addPath(files, folder);
  const root = await realpath(folder);
  const walk = async (relative: string): Promise<void> => {
    for (const entry of await readdir(path.join(root, relative), { withFileTypes: true })) {
      const inner = path.join(relative, entry.name);
      if (skip(inner)) continue;
      if (entry.isDirectory()) await walk(inner);
      else if (entry.isFile()) await addReal(files, path.join(root, inner));
      else if (entry.isSymbolicLink() && (await exists(path.join(root, inner)))) {
        await addPath(files, path.join(root, inner));
      }
    }
  };
  await walk('');
}

/** Adds the shared libraries, and the loader, that `ldd` names for the programs. Scripts and static programs need none. */
export async function addLibraries(files: FileSet, programs: readonly string[]): Promise<void> {
  const output = await printFound('ldd', programs);
  const libraries = [...output.matchAll(/(?:=>\s+)?(\/\S+)\s+\(0x/g)].map(([, library]) => library!);
  for (const library of new Set(libraries)) await addPath(files, library);
}

/** Absolute paths of those of the programs that are on the PATH: the first of each name, or all of them. */
export async function findPrograms(
  names: readonly string[],
  { all = false }: { readonly all?: boolean } = {},
): Promise<readonly string[]> {
  const lines = (await printFound('which', all ? ['-a', ...names] : names)).split('\n');
  return [...new Set(lines.filter((line) => line.startsWith('/')))];
}

/** Both `which` and `ldd` print what they find and end with 1 when there was something that they did not. */
async function printFound(program: 'which' | 'ldd', args: readonly string[]): Promise<string> {
  try {
    return (await execute(program, args, { maxBuffer: printedBytes })).stdout;
  } catch (error) {
    const { code, stdout } = error as { code?: unknown; stdout?: string };
    if (code === 1 && stdout !== undefined) return stdout;
    throw error;
  }
}

/** What a program prints, standard error after standard output. Throws when it does not run or does not end with 0. */
export async function print(program: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(program, args, { maxBuffer: printedBytes, timeout: askLimitMs });
  return stdout + stderr;
}

/** The version in what a program prints; undefined where it does not run here. */
export async function printVersion(
  program: string,
  args: readonly string[],
  pattern: RegExp,
): Promise<string | undefined> {
  return print(program, args).then(
    (text) => pattern.exec(text)?.[1],
    () => undefined,
  );
}

/** What a program prints as JSON; undefined where it does not run here, as a version manager's stand-in may not. */
export async function printFacts<T>(program: string, args: readonly string[]): Promise<T | undefined> {
  return execute(program, args, { timeout: askLimitMs }).then(
    ({ stdout }) => JSON.parse(stdout) as T,
    () => undefined,
  );
}

export function addFolders(files: FileSet, folder: string): void {
  for (let at = folder; at !== '/' && !files.has(at); at = path.dirname(at)) {
    files.set(at, { kind: 'folder', mode: 0o755, user: 0 });
  }
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
