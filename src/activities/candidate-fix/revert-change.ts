import { isUtf8 } from 'node:buffer';
import { applyPatch, structuredPatch } from 'diff';
import { isSameFile, type SourceTree, type TreeFile } from './source-tree.ts';

export interface Revert {
  /** The tree that runs now, from which the change is taken. */
  readonly deployed: SourceTree;
  /** The tree with the change, and the one before it. */
  readonly bad: SourceTree;
  readonly before: SourceTree;
}

/**
 * Takes one change out of a later tree, file by file and in memory: what nobody has touched since becomes what it was before; a
 * text that was touched gets the reverse of the change. Returns the file on which that does not work, as `git revert` would.
 */
export function revertChange({ deployed, bad, before }: Revert): SourceTree | { readonly conflict: string } {
  const fixed = new Map(deployed);
  const changed = [...new Set([...bad.keys(), ...before.keys()])].filter(
    (path) => !isSameFile(bad.get(path), before.get(path)),
  );
  for (const path of changed) {
    const wanted = before.get(path);
    const now = deployed.get(path);
    if (isSameFile(now, wanted)) continue;
    const file = isSameFile(now, bad.get(path)) ? wanted : undoIn(path, now, bad.get(path), wanted);
    if (file === 'conflict') return { conflict: path };
    if (file) fixed.set(path, file);
    else fixed.delete(path);
  }
  return fixed;
}

function undoIn(
  path: string,
  now: TreeFile | undefined,
  bad: TreeFile | undefined,
  before: TreeFile | undefined,
): TreeFile | 'conflict' {
  if (now?.type !== 'file' || bad?.type !== 'file' || before?.type !== 'file') return 'conflict';
  if (![now, bad, before].every(({ content }) => isUtf8(content))) return 'conflict';
  const patch = structuredPatch(path, path, bad.content.toString(), before.content.toString(), '', '', { context: 3 });
  const text = applyPatch(now.content.toString(), patch);
  return text === false ? 'conflict' : { ...now, content: Buffer.from(text) };
}
