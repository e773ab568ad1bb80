import { execFileSync } from 'node:child_process';

/** Runs git as somebody of our own, deaf to the user's settings; returns its output without the last line's end. */
export function git(folder: string, ...args: readonly string[]): string {
  const person = { name: 'Ana', email: 'ana@example.com' };
  return execFileSync('git', [...args], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      ...{ GIT_AUTHOR_NAME: person.name, GIT_AUTHOR_EMAIL: person.email },
      ...{ GIT_COMMITTER_NAME: person.name, GIT_COMMITTER_EMAIL: person.email, GIT_CONFIG_GLOBAL: '/dev/null' },
    },
  }).trim();
}
