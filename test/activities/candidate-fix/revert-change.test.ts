import { describe, expect, it } from 'vitest';
import { revertChange } from '../../../src/activities/candidate-fix/revert-change.ts';
import type { SourceTree, TreeFile } from '../../../src/activities/candidate-fix/source-tree.ts';

const lines = (changed: Readonly<Record<number, string>> = {}) =>
  Array.from({ length: 30 }, (_, n) => changed[n] ?? `line ${n}`).join('\n') + '\n';
const makeTree = (files: Readonly<Record<string, string>>): SourceTree =>
  new Map(
    Object.entries(files).map(([path, text]): [string, TreeFile] => [
      path,
      { type: 'file', mode: 0o644, content: Buffer.from(text) },
    ]),
  );
const show = (tree: SourceTree | { readonly conflict: string }) =>
  'conflict' in tree
    ? tree
    : Object.fromEntries([...tree].map(([path, file]) => [path, 'content' in file ? file.content.toString() : file]));

describe('revertChange', () => {
  it('brings back what the change touched, and leaves what came later', () => {
    const before = makeTree({ a: 'old', gone: 'x', same: '1' });
    const bad = makeTree({ a: 'new', added: 'y', same: '1' });
    const deployed = makeTree({ a: 'new', added: 'y', same: '2', later: 'z' });
    expect(show(revertChange({ deployed, bad, before }))).toEqual({ a: 'old', gone: 'x', same: '2', later: 'z' });
  });

  it('takes the change out of a file that was changed elsewhere since', () => {
    const before = makeTree({ a: lines() });
    const bad = makeTree({ a: lines({ 3: 'bad' }) });
    const deployed = makeTree({ a: lines({ 3: 'bad', 25: 'later' }) });
    expect(show(revertChange({ deployed, bad, before }))).toEqual({ a: lines({ 25: 'later' }) });
  });

  it('names the file on which it does not work', () => {
    const before = makeTree({ a: lines() });
    const bad = makeTree({ a: lines({ 3: 'bad' }) });
    expect(revertChange({ deployed: makeTree({ a: lines({ 3: 'worse' }) }), bad, before })).toEqual({ conflict: 'a' });
    expect(revertChange({ deployed: makeTree({}), bad, before })).toEqual({ conflict: 'a' });
  });

  it('has nothing to do where the change was taken back already', () => {
    const [before, bad] = [makeTree({ a: 'old' }), makeTree({ a: 'new' })];
    expect(show(revertChange({ deployed: before, bad, before }))).toEqual({ a: 'old' });
  });
});
