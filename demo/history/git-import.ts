import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { CommitRecipe, Tree } from './recipe.ts';

export interface DatedCommit {
  readonly recipe: CommitRecipe;
  readonly tree: Tree;
  readonly at: Date;
}

/** Creates a Git repository with these commits on `main`, checked out, and returns their SHAs in the same order. */
export function importCommits(repository: string, commits: readonly DatedCommit[]): string[] {
  mkdirSync(repository, { recursive: true });
  git(repository, ['init', '--quiet', '--initial-branch=main']);
  const stream = commits.map((commit) => toFastImport(commit)).join('') + 'done\n';
  git(repository, ['fast-import', '--quiet', '--done'], stream);
  git(repository, ['reset', '--quiet', '--hard', 'main']);
  return git(repository, ['rev-list', '--reverse', 'main']).trim().split('\n');
}

/** The stream format of git-fast-import(1): every commit tells its whole tree. */
function toFastImport({ recipe, tree, at }: DatedCommit): string {
  const message = recipe.body ? `${recipe.subject}\n\n${recipe.body}\n` : `${recipe.subject}\n`;
  const who = `${recipe.author.name} <${recipe.author.email}> ${Math.floor(at.getTime() / 1000)} +0000`;
  const files = [...tree].map(([file, text]) => `M 100644 inline ${file}\n${data(text)}`).join('');
  return `commit refs/heads/main\nauthor ${who}\ncommitter ${who}\n${data(message)}deleteall\n${files}\n`;
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

function git(repository: string, args: readonly string[], input?: string): string {
  return execFileSync('git', ['-C', repository, ...args], {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(input === undefined ? {} : { input }),
  });
}
