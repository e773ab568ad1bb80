import { isUtf8 } from 'node:buffer';
import { posix } from 'node:path';
import { applyPatch, parsePatch, type StructuredPatch } from 'diff';
import { findGuardedKind, guardedWords } from '../../domain/reproduction/guarded-files.ts';
import { shadowsPython } from '../../domain/reproduction/python-modules.ts';
import { maxDiffLength } from '../../domain/reproduction/written-proof.ts';
import type { SourceTree, TreeFile } from './source-tree.ts';

export type Applied = { readonly tree: SourceTree; readonly paths: readonly string[] } | { readonly refused: string };

/** More than this is no fix that a person can judge in an incident. */
const maxFiles = 20;

/**
 * Applies a unified diff that an engine wrote to a source tree in memory. The diff is text of a stranger: what is not a plain
 * change of plain text files inside the tree is refused, with the reason, and so is a change of what the fix is measured by: tests,
 * the build, CI, and the files that the commands name. The context must fit exactly.
 */
export function applyDiff(tree: SourceTree, diff: string, commands: readonly (readonly string[])[] = []): Applied {
  if (diff.length > maxDiffLength) return { refused: `it is longer than ${maxDiffLength} characters` };
  if (/^(?:new file mode 1[26]|old mode|new mode|rename |copy |GIT binary patch|Binary files )/m.test(diff)) {
    return { refused: 'it does more than change the text of files (modes, links, renames, binaries)' };
  }
  const patches = parse(diff);
  if (!patches || patches.length === 0) return { refused: 'it is no unified diff' };
  if (patches.length > maxFiles) return { refused: `it changes more than ${maxFiles} files` };
  const changed = new Map(tree);
  const paths: string[] = [];
  for (const patch of patches) {
    const named = readPaths(patch);
    if ('refused' in named) return named;
    const { path, isNew, isGone } = named;
    const fault =
      findPathFault(path, changed) ??
      findCommandFault(path, commands) ??
      (isNew ? findNewFault(path, commands) : undefined);
    if (fault !== undefined) return { refused: `${JSON.stringify(path.slice(0, 200))} ${fault}` };
    const file = applyOne(changed.get(path), patch, { isNew, isGone });
    if (typeof file === 'string') return { refused: `${path}: ${file}` };
    if (file) changed.set(path, file);
    else changed.delete(path);
    paths.push(path);
  }
  return { tree: changed, paths };
}

function parse(diff: string): readonly StructuredPatch[] | undefined {
  try {
    return parsePatch(diff).filter(({ hunks }) => hunks.length > 0);
  } catch {
    return undefined;
  }
}

interface Named {
  readonly path: string;
  readonly isNew: boolean;
  readonly isGone: boolean;
}

function readPaths({ oldFileName = '', newFileName = '' }: StructuredPatch): Named | { readonly refused: string } {
  const [isNew, isGone] = [oldFileName === '/dev/null', newFileName === '/dev/null'];
  const strip = (name: string, side: string) => (name.startsWith(`${side}/`) ? name.slice(2) : name);
  const [from, to] = [strip(oldFileName, 'a'), strip(newFileName, 'b')];
  if (isNew && isGone) return { refused: 'it changes no file' };
  if (!isNew && !isGone && from !== to) return { refused: `it renames ${from.slice(0, 200)}` };
  return { path: isNew ? to : from, isNew, isGone };
}

/** Why a path may not be changed; undefined where it may. */
export function findPathFault(path: string, tree: SourceTree): string | undefined {
  const parts = path.split('/');
  if (path === '' || path.length > 300 || /[\p{Cc}\p{Cf}\\]/u.test(path)) return 'is no plain path';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is an absolute path';
  if (parts.some((part) => part === '..' || part === '.' || part === '')) return 'is no path inside the service';
  const guarded = findGuardedKind(path);
  if (guarded) return `is ${guardedWords[guarded]}: a fix may change only what the service itself does`;
  const above = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  if (above.some((one) => tree.get(one)?.type === 'symlink')) return 'is, or lies behind, a symbolic link';
  if (above.slice(0, -1).some((one) => tree.has(one))) return 'lies below a file';
  return undefined;
}

/** A file that a command names is the check itself, whatever it is called. */
function findCommandFault(path: string, commands: readonly (readonly string[])[]): string | undefined {
  const isNamed = commands.flat().some((argument) => listNamed(argument).includes(path.toLowerCase()));
  return isNamed ? 'is named by a command that measures the fix' : undefined;
}

/**
 * What a file may do by being there: a runner takes up all that a folder holds, and an import finds what lies beside it first. The
 * files that are there already may be the service's own code, so a folder that a command names does not guard those.
 */
function findNewFault(path: string, commands: readonly (readonly string[])[]): string | undefined {
  if (shadowsPython(path)) return "is new and takes the place of a module of Python's own";
  const isTakenUp = commands.flat().some((argument) => listFolders(argument).some((one) => isBelow(path, one)));
  return isTakenUp ? 'is new in a folder that a command names which measures the fix' : undefined;
}

function isBelow(path: string, folder: string): boolean {
  return path.toLowerCase().startsWith(`${folder}/`);
}

/** `checks/`, `./checks/...` of Go, and `checks/` before the first `*`. */
function listFolders(argument: string): readonly string[] {
  return listNamed(argument).map((one) => one.replace(/\/(?:\.\.\.|[^/]*[*?[{].*)?$/, ''));
}

/** The paths that an argument may stand for: those in a shell's line and behind an option's name too, and Python's modules. */
function listNamed(argument: string): readonly string[] {
  const words = argument.toLowerCase().split(/[\s'"`;&|()<>=,]+|::/);
  return words.flatMap((word) => (word === '' ? [] : [posix.normalize(word), ...listModuleFiles(word)]));
}

/** `checks.orders.Orders` is a class in `checks/orders.py`, or a package that runs by its `__main__.py`. */
function listModuleFiles(word: string): readonly string[] {
  if (!/^[a-z_]\w*(?:\.[a-z_]\w*)*$/.test(word)) return [];
  const parts = word.split('.');
  const modules = parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}.py`);
  return [...modules, `${parts.join('/')}/__main__.py`];
}

/** The changed file; undefined where it is deleted; or in words why the patch does not apply. */
function applyOne(
  file: TreeFile | undefined,
  patch: StructuredPatch,
  { isNew, isGone }: Pick<Named, 'isNew' | 'isGone'>,
): TreeFile | undefined | string {
  if (isNew && file) return 'it is there already';
  if (!isNew && file?.type !== 'file') return 'there is no such file in what is deployed';
  const content = file?.type === 'file' ? file.content : Buffer.alloc(0);
  if (!isUtf8(content)) return 'it is no text';
  const text = applyPatch(content.toString(), patch, { fuzzFactor: 0 });
  if (text === false) return 'the diff does not fit what is deployed';
  if (isGone) return text === '' ? undefined : 'it is deleted, and the diff does not hold all of it';
  return { type: 'file', mode: file?.type === 'file' ? file.mode : 0o644, content: Buffer.from(text) };
}
