import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface FakeRepository {
  readonly folder: string;
  /** Writes the files, commits them at an ISO time, and returns the full SHA. */
  commit(at: string, subject: string, files: Readonly<Record<string, string>>): string;
  git(args: readonly string[], at?: string): string;
}

/** A real Git repository in a folder of the test's own, deaf to the machine's configuration. */
export function createRepository(folder: string): FakeRepository {
  mkdirSync(folder, { recursive: true });
  const git = (args: readonly string[], at = '2026-11-21T00:00:00Z') =>
    execFileSync('git', [...args], {
      cwd: folder,
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        GIT_CONFIG_NOSYSTEM: '1',
        GIT_AUTHOR_NAME: 'Ana',
        GIT_AUTHOR_EMAIL: 'ana@example.com',
        GIT_COMMITTER_NAME: 'Ana',
        GIT_COMMITTER_EMAIL: 'ana@example.com',
        GIT_AUTHOR_DATE: at,
        GIT_COMMITTER_DATE: at,
      },
    }).trim();
  git(['init', '--quiet', '--initial-branch=main']);
  return {
    folder,
    git,
    commit(at, subject, files) {
      for (const [name, content] of Object.entries(files)) {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), content);
      }
      git(['add', '--all']);
      git(['commit', '--quiet', '--allow-empty', '-m', subject], at);
      return git(['rev-parse', 'HEAD']);
    },
  };
}
