import { describe, expect, it } from 'vitest';
import { findDependencies, isManifest } from '../../../src/domain/reproduction/dependencies.ts';

const lock = (packages: object) => JSON.stringify({ lockfileVersion: 3, packages });
const node = {
  'package.json': JSON.stringify({
    name: 'app',
    version: '1.0.0',
    scripts: { postinstall: 'x' },
    dependencies: { tally: '1' },
  }),
  'package-lock.json': lock({ '': {}, 'node_modules/tally': { version: '1.0.0' } }),
};

describe('the dependencies of a source tree', () => {
  it('of Node are what package-lock.json names, without the scripts of a source that is not there', () => {
    const found = findDependencies(node, 'node');
    expect(found).toMatchObject({
      kind: 'set',
      lockfile: 'package-lock.json',
      inputs: { 'package.json': '{"dependencies":{"tally":"1"}}' },
    });
    const released = { ...node, 'package.json': node['package.json'].replace('1.0.0', '1.0.1').replace('"x"', '"y"') };
    expect(findDependencies(released, 'node')).toEqual(found);
    expect(findDependencies({ ...node, 'package-lock.json': lock({ '': {} }) }, 'node')).toEqual({ kind: 'none' });
  });

  it('of Python are followed through every file that requirements.txt takes in', () => {
    const files = {
      'requirements.txt': '-r deps/requirements.txt\n',
      'deps/requirements.txt': 'a==1\n-c ../constraints.txt\n',
      'constraints.txt': 'b<2\n',
    };
    expect(findDependencies(files, 'python')).toMatchObject({ kind: 'set', inputs: files });
    expect(findDependencies({ 'requirements.txt': '-r gone.txt\na' }, 'python')).toMatchObject({
      kind: 'unsupported',
      why: expect.stringContaining('gone.txt') as string,
    });
    expect(findDependencies({ 'requirements.txt': '# nothing\n\n' }, 'python')).toEqual({ kind: 'none' });
  });

  it('are those of the lockfile that is chosen by name, and none where that is said', () => {
    const files = { 'requirements.txt': 'a\n', 'requirements-test.txt': '-r requirements.txt\nb\n' };
    expect(findDependencies(files, 'python', 'requirements-test.txt')).toMatchObject({ kind: 'set', inputs: files });
    expect(findDependencies(files, undefined, 'requirements-test.txt')).toMatchObject({
      kind: 'set',
      language: 'python',
    });
    expect(findDependencies(files, 'python', 'none')).toEqual({ kind: 'none' });
    expect(findDependencies(files, 'python', 'gone.txt')).toMatchObject({ kind: 'unsupported' });
  });

  it('are not looked for in an image of another or an unknown language', () => {
    expect(findDependencies(node, 'python')).toEqual({ kind: 'none' });
    expect(findDependencies(node, undefined)).toEqual({ kind: 'none' });
    expect(findDependencies(node, 'c')).toEqual({ kind: 'none' });
  });

  it.each([
    ['node', { 'yarn.lock': '' }, 'yarn.lock'],
    ['python', { 'poetry.lock': '' }, 'poetry.lock'],
    ['java', { 'build.gradle': '' }, 'build.gradle'],
    ['python', { 'requirements.txt': '-e .\n' }, 'requirements.txt'],
    ['node', { ...node, 'package.json': '{"workspaces":["a"]}' }, 'package-lock.json'],
    ['node', { ...node, 'package.json': 'broken' }, 'package-lock.json'],
    [
      'node',
      {
        ...node,
        'package-lock.json': '{"packages":{"":{},"lib":{},"node_modules/lib":{"resolved":"lib","link":true}}}',
      },
      'package-lock.json',
    ],
  ] as const)('of %s that cannot be prepared are named, with what to do (%o)', (language, files, lockfile) => {
    expect(findDependencies(files, language)).toMatchObject({
      kind: 'unsupported',
      lockfile,
      why: expect.stringMatching(/\w/) as string,
    });
  });

  it('of Go and Maven are those of go.sum and of every pom.xml', () => {
    expect(findDependencies({ 'go.mod': 'module a' }, 'go')).toEqual({ kind: 'none' });
    expect(findDependencies({ 'go.mod': 'module a', 'go.sum': 'x h1:y' }, 'go')).toMatchObject({ kind: 'set' });
    const poms = { 'pom.xml': '<project/>', 'part/pom.xml': '<project/>' };
    expect(findDependencies({ ...poms, 'package.json': '{}' }, 'java')).toMatchObject({ kind: 'set', inputs: poms });
  });

  it('are read from manifests alone, and never from what is installed already', () => {
    for (const path of ['package.json', 'go.sum', 'part/pom.xml', 'requirements-test.txt', 'requirements/base.txt'])
      expect(isManifest(path), path).toBe(true);
    for (const path of ['node_modules/a/package.json', 'src/index.js', 'docs/notes.txt', 'my-go.sum'])
      expect(isManifest(path), path).toBe(false);
  });
});

describe('a lockfile with a password in an address', () => {
  const find = (text: string) => findDependencies({ 'requirements.txt': text }, 'python');

  it.each([
    '--index-url https://user:secret@packages.example.com/simple\ntally==1.0',
    'tally @ https://token@packages.example.com/tally.whl',
    'tally @ git+https://${USER}:${TOKEN}@example.com/tally.git',
    'tally @ git+ssh://git:secret@example.com/tally.git',
  ])('is refused with the remedy, for install scripts could read it: %s', (text) => {
    expect(find(text)).toMatchObject({
      kind: 'unsupported',
      why: expect.stringMatching(/requirements.txt holds a user or a password.*take it out/) as string,
    });
  });

  it.each([
    'tally @ https://example.com/@scope/tally.whl',
    'tally @ git+ssh://git@example.com/tally.git',
    'tally==1.0 # ana@example.com',
  ])('is not taken for one by an @ elsewhere: %s', (text) => {
    expect(find(text)).toMatchObject({ kind: 'set' });
  });
});
