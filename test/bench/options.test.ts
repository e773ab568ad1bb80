import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

test.each([
  ['main.ts', ['--help'], {}, 0, /--without KIND/],
  ['main.ts', ['--nothing'], {}, 2, /^Unknown option '--nothing'/],
  ['main.ts', ['--without', 'logz'], {}, 2, /^There is no kind logz to take away\. Kinds: logs, /],
  ['main.ts', [], { RESIDENT_YARDSTICKS: '/nope' }, 2, /^RESIDENT_YARDSTICKS names \/nope, which is no folder/],
  ['scale.ts', ['--help'], {}, 0, /--instances/],
  ['scale.ts', ['--lines', 'abc'], {}, 2, /^--lines is abc; write a whole number/],
] as const)('%s %j says what it takes, without a stack', (file, options, env, code, said) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', path.join(root, 'bench/diagnosis', file), ...options],
    { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } },
  );
  expect(stdout + stderr).toMatch(said);
  expect(stderr).not.toMatch(/\n +at /);
  expect(status).toBe(code);
});
