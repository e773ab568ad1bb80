import { describe, expect, it } from 'vitest';
import { findScriptFault, maxScriptLength } from '../../../src/domain/reproduction/written-proof.ts';

const script = {
  path: 'test/shows.test.js',
  text: 'process.exit(1)',
  command: ['node', '--test', 'test/shows.test.js'],
};

describe('findScriptFault', () => {
  it.each([
    ['node', script],
    ['python', { ...script, path: 'shows.py', command: ['python3', 'shows.py'] }],
    ['a shell', { ...script, path: 'shows.sh', command: ['sh', 'shows.sh'] }],
    ['go', { ...script, path: 'shows/main.go', command: ['go', 'run', 'shows/main.go'] }],
    ['java', { ...script, path: 'Shows.java', command: ['java', 'Shows.java'] }],
  ])('takes a script of %s', (_name, given) => {
    expect(findScriptFault(given)).toBeUndefined();
  });

  it.each([
    ['a path upwards', { ...script, path: '../x.js', command: ['node', '../x.js'] }, 'path'],
    ['an absolute path', { ...script, path: '/sandbox/x.js', command: ['node', '/sandbox/x.js'] }, 'path'],
    ['the folder of Git', { ...script, path: '.git/x.js', command: ['node', '.git/x.js'] }, 'path'],
    ['a path like an option', { ...script, path: '../-e.js', command: ['node', '-e.js'] }, 'path'],
    ['a path with a space', { ...script, path: 'a b.js', command: ['node', 'a b.js'] }, 'path'],
    ['no text', { ...script, text: ' ' }, 'empty'],
    ['too much text', { ...script, text: 'x'.repeat(maxScriptLength + 1) }, 'longer'],
    ['a NUL', { ...script, text: 'a\0b' }, 'no text'],
    ['another program', { ...script, command: ['curl', 'http://x', script.path] }, 'command'],
    ['code on the command line', { ...script, command: ['node', '-e', 'x', script.path] }, 'command'],
    ['a shell around it', { ...script, command: ['sh', '-c', `node ${script.path}`] }, 'command'],
    ['the interpreter of another language', { ...script, command: ['python3', script.path] }, 'command'],
    ['another file', { ...script, command: ['node', 'src/main.js'] }, 'command'],
    ['an unknown ending', { ...script, path: 'x.exe', command: ['x.exe'] }, 'ending is unknown'],
    ['no command', { ...script, command: [] }, 'command'],
  ])('refuses %s', (_name, given, why) => {
    expect(findScriptFault(given)).toContain(why);
  });
});
