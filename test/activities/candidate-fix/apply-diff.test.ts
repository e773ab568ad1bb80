import { describe, expect, it } from 'vitest';
import { applyDiff, maxDiffLength } from '../../../src/activities/candidate-fix/apply-diff.ts';
import {
  readTree,
  writeTree,
  type SourceTree,
  type TreeFile,
} from '../../../src/activities/candidate-fix/source-tree.ts';

const text = (content: string, mode = 0o644) => ({ type: 'file', mode, content: Buffer.from(content) }) as const;
const tree: SourceTree = new Map<string, TreeFile>([
  ['src/session.js', text('// sessions\nexport const hours = 1;\n', 0o755)],
  ['src/old.js', text('one\n')],
  ['logo.png', { type: 'file', mode: 0o644, content: Buffer.from([0xff, 0xfe, 0x00]) }],
  ['link', { type: 'symlink', linkname: '/etc' }],
]);
const change = (path: string, from = path) =>
  `--- a/${from}\n+++ b/${path}\n@@ -1,2 +1,2 @@\n // sessions\n-export const hours = 1;\n+export const hours = 24;\n`;
const create = (path: string) => `--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+hello\n`;
const read = (result: ReturnType<typeof applyDiff>, path: string) => {
  const file = 'tree' in result ? result.tree.get(path) : undefined;
  return file?.type === 'file' ? file.content.toString() : undefined;
};

describe('applyDiff', () => {
  it('changes, adds and deletes files, with or without the words of git, and leaves the tree it was given', () => {
    const git = `diff --git a/src/session.js b/src/session.js\nindex 111..222 100755\n${change('src/session.js')}`;
    const result = applyDiff(
      tree,
      `${git}${create('src/new.js')}--- a/src/old.js\n+++ /dev/null\n@@ -1 +0,0 @@\n-one\n`,
    );
    expect(result).toMatchObject({ paths: ['src/session.js', 'src/new.js', 'src/old.js'] });
    expect(read(result, 'src/session.js')).toBe('// sessions\nexport const hours = 24;\n');
    expect('tree' in result && result.tree.get('src/session.js')).toMatchObject({ mode: 0o755 });
    expect(read(result, 'src/new.js')).toBe('hello\n');
    expect('tree' in result && result.tree.has('src/old.js')).toBe(false);
    expect(tree.get('src/session.js')).toMatchObject({
      content: Buffer.from('// sessions\nexport const hours = 1;\n'),
    });
  });

  it.each([
    ['a path upwards', create('../../etc/cron.d/x'), 'no path inside'],
    ['a path upwards in the middle', create('src/../../x'), 'no path inside'],
    ['an absolute path', '--- /dev/null\n+++ /etc/passwd\n@@ -0,0 +1 @@\n+x\n', 'absolute'],
    ['a path of Windows', create('C:/x'), 'absolute'],
    ['the folder of Git', create('.git/hooks/pre-commit'), 'Git, CI'],
    ['the folder of Git below', create('src/.git/config'), 'Git, CI'],
    ['the folder of Git in capitals', create('.GIT/config'), 'Git, CI'],
    ['a workflow of GitHub', create('.github/workflows/x.yml'), 'Git, CI'],
    ['the pipeline of GitLab', create('.gitlab-ci.yml'), 'Git, CI'],
    ['where packages come from', create('.npmrc'), 'Git, CI'],
    ['what lies behind a link', create('link/passwd'), 'symbolic link'],
    ['a link itself', change('link'), 'symbolic link'],
    ['what lies below a file', create('src/old.js/x'), 'below a file'],
    ['a control character in the name', create('src/a\u0007b'), 'no plain path'],
    ['a new link', `diff --git a/x b/x\nnew file mode 120000\n${create('x')}`, 'more than change'],
    ['a submodule', `diff --git a/x b/x\nnew file mode 160000\n${create('x')}`, 'more than change'],
    ['a changed mode', 'diff --git a/src/old.js b/src/old.js\nold mode 100644\nnew mode 100755\n', 'more than change'],
    ['a rename', change('src/other.js', 'src/session.js'), 'renames'],
    ['a binary', 'GIT binary patch\nliteral 3\n', 'more than change'],
    ['a file that is no text', change('logo.png'), 'no text'],
    ['a file that is not there', change('src/absent.js'), 'no such file'],
    ['a new file that is there', create('src/old.js'), 'there already'],
    ['a context that does not fit', change('src/old.js'), 'does not fit'],
    [
      'a context that fits but for one line',
      change('src/session.js').replace('// sessions', '// other'),
      'does not fit',
    ],
    ['text that is no diff', 'please set hours to 24', 'no unified diff'],
    ['a broken hunk', '--- a/src/old.js\n+++ b/src/old.js\n@@ -1,9 +1,9 @@\n-one\n', 'no unified diff'],
    ['nothing', '', 'no unified diff'],
    ['too much', create('x') + 'x'.repeat(maxDiffLength), 'longer than'],
    ['too many files', Array.from({ length: 21 }, (_, n) => create(`f${n}`)).join(''), 'more than 20 files'],
  ])('refuses %s', (_name, diff, reason) => {
    expect(applyDiff(tree, diff)).toEqual({ refused: expect.stringContaining(reason) as string });
  });
});

describe('a source tree', () => {
  it('is the same after it was written and read', async () => {
    const again = await readTree(await writeTree(tree));
    expect(new Map([...again].sort())).toEqual(new Map([...tree].sort()));
    expect(await writeTree(again)).toEqual(await writeTree(tree));
  });
});
