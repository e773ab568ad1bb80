import { describe, expect, it } from 'vitest';
import { applyDiff } from '../../../src/activities/candidate-fix/apply-diff.ts';
import {
  readTree,
  writeTree,
  type SourceTree,
  type TreeFile,
} from '../../../src/activities/candidate-fix/source-tree.ts';
import { maxDiffLength } from '../../../src/domain/reproduction/written-proof.ts';

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
    ['the folder of Git', create('.git/hooks/pre-commit'), "Git's, CI's"],
    ['the folder of Git below', create('src/.git/config'), "Git's, CI's"],
    ['the folder of Git in capitals', create('.GIT/config'), "Git's, CI's"],
    ['a workflow of GitHub', create('.github/workflows/x.yml'), "Git's, CI's"],
    ['the pipeline of GitLab', create('.gitlab-ci.yml'), "Git's, CI's"],
    ['where packages come from', create('.npmrc'), 'part of the build'],
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

describe('a diff of an engine', () => {
  const shown = [
    ['node', '--test', './Check.js'],
    ['npm', 'run', 'build'],
  ];

  it.each([
    ...[
      'test/charge.test.js',
      'src/test/java/OrderIT.java',
      'src/charge.spec.ts',
      'pkg/charge_test.go',
      'test_charge.py',
    ],
    ...[
      'conftest.py',
      'spec/a.rb',
      'src/__tests__/a.js',
      'Tests/a.cs',
      'src/OrderTests.java',
      'app/tests.py',
      'test.js',
    ],
    ...[
      'package.json',
      'web/Package.json',
      'package-lock.json',
      'yarn.lock',
      '.yarnrc.yml',
      '.npmrc',
      'pyproject.toml',
    ],
    ...['setup.cfg', 'setup.py', 'tox.ini', 'pytest.ini', 'requirements-dev.txt', 'pom.xml', '.mvn/maven.config'],
    ...['build.gradle.kts', 'gradle/wrapper/gradle-wrapper.properties', 'go.mod', 'Cargo.toml', 'build.rs', 'Makefile'],
    ...[
      'rules.mk',
      'Dockerfile',
      'Dockerfile.prod',
      '.pre-commit-config.yaml',
      'vitest.config.ts',
      'node_modules/a/a.js',
    ],
    ...[
      'unittest.py',
      'pytest/__init__.py',
      'sitecustomize.py',
      'a.pth',
      'resident.yaml',
      'CMakeLists.txt',
      'pip.conf',
    ],
    ...['.ci/run', '.github/workflows/x.yml', '.gitlab-ci.yml', '.gitlab-ci-extra.yml', '.circleci/config.yml'],
    ...['.woodpecker.yml', '.woodpecker/x.yml', '.gitea/workflows/a.yml', '.forgejo/workflows/a.yml', 'ci/Jenkinsfile'],
    ...['Jenkinsfile.deploy', 'azure-pipelines-pr.yml', 'buildspec.yml', 'cloudbuild.yaml', 'bitbucket-pipelines.yml'],
    ...[
      '.travis.yml',
      'appveyor.yml',
      '.teamcity/settings.kts',
      '.semaphore/semaphore.yml',
      'OWNERS',
      'docs/CODEOWNERS',
    ],
    ...[
      '.git/config',
      '.GIT/hooks/pre-commit',
      'a/.git',
      '.git./config',
      'git~1/config',
      'GIT~2/hooks/x',
      '.git /config',
    ],
    ...['.env', 'web/.env.test', '.envrc'],
    'check.js',
  ])('may not write %s', (path) => {
    const refused = applyDiff(tree, create(path), shown);
    expect(refused).toEqual({ refused: expect.stringContaining(JSON.stringify(path)) as string });
  });

  it.each([
    ...['src/charge.js', 'src/latest.js', 'src/Latest.java', 'src/contest.py', 'src/testimony.go', 'src/attest/a.js'],
    ...['src/inspection.js', 'src/makefiles.py', 'src/owner.js', 'config/limits.json', 'src/gradient.py', 'build.js'],
    ...['src/configureStore.js', 'src/dockerfile_parser.py'],
  ])('may write %s', (path) => {
    expect(applyDiff(tree, create(path), shown)).toMatchObject({ paths: [path] });
  });

  it.each([
    ["in a shell's line", ['sh', '-c', 'sh ./scripts/verify.sh && echo done'], 'scripts/verify.sh'],
    ['as the value of an option', ['node', '--import=./lib/watch.mjs', '--test'], 'lib/watch.mjs'],
    ['as a module', ['python3', '-m', 'shopcheck'], 'shopcheck/__main__.py'],
    ['as a module of one file', ['python3', '-m', 'tools.verify'], 'tools/verify.py'],
    ['as a class of a module', ['python3', '-m', 'unittest', 'checks.orders.Orders.sums'], 'checks/orders.py'],
    ['with a part of it', ['pytest', 'checks/orders.py::Orders::sums'], 'checks/orders.py'],
  ])('may not write a file that a command names %s', (_how, command, path) => {
    expect(applyDiff(tree, create(path), [command])).toEqual({
      refused: expect.stringContaining('is named by a command') as string,
    });
    expect(applyDiff(tree, create(`src/${path}`), [command])).toHaveProperty('tree');
  });

  it.each([
    ['itself', ['node', '--test', 'checks/'], 'checks/more.mjs'],
    ['without a slash, at any depth', ['pytest', '-q', './checks'], 'checks/api/more.py'],
    ['with a pattern', ['sh', '-c', "node --test 'checks/**/*.mjs'"], 'checks/more.mjs'],
    ['with the dots of Go', ['go', 'test', './checks/...'], 'checks/more.go'],
  ])('may not add a file to a folder that a command names %s', (_how, command, path) => {
    expect(applyDiff(tree, create(path), [command])).toEqual({
      refused: expect.stringContaining('is new in a folder that a command names') as string,
    });
    expect(applyDiff(tree, create(`src/${path}`), [command, ['go', 'test', './...'], ['pytest', '.']])).toHaveProperty(
      'tree',
    );
    expect(applyDiff(tree, change('src/session.js'), [['node', '--test', 'src/']])).toHaveProperty('tree');
  });

  it.each(['json.py', 'src/random.py', 'datetime/__init__.py'])(
    "may not add %s, which takes the place of a module of Python's own",
    (path) => {
      expect(applyDiff(tree, create(path))).toEqual({
        refused: expect.stringContaining("a module of Python's own") as string,
      });
    },
  );

  it("may change a file that is named as a module of Python's own and was there", () => {
    const withQueue: SourceTree = new Map([...tree, ['shop/queue.py', text('// sessions\nexport const hours = 1;\n')]]);
    expect(applyDiff(withQueue, change('shop/queue.py'))).toHaveProperty('tree');
    expect(applyDiff(tree, create('shop/json_lines.py'))).toHaveProperty('tree');
  });

  it('may not delete or weaken a test that is there', () => {
    const withTest: SourceTree = new Map([...tree, ['test/a.test.js', text('assert(1)\n')]]);
    for (const to of [
      '+++ b/test/a.test.js\n@@ -1 +1 @@\n-assert(1)\n+1\n',
      '+++ /dev/null\n@@ -1 +0,0 @@\n-assert(1)\n',
    ]) {
      expect(applyDiff(withTest, `--- a/test/a.test.js\n${to}`)).toEqual({
        refused: expect.stringContaining('is a test') as string,
      });
    }
  });
});

describe('a source tree', () => {
  it('is the same after it was written and read', async () => {
    const again = await readTree(await writeTree(tree));
    expect(new Map([...again].sort())).toEqual(new Map([...tree].sort()));
    expect(await writeTree(again)).toEqual(await writeTree(tree));
  });
});
