import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Writes the tree of a revision into `folder`. */
export function checkOut(repository: string, revision: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GIT_INDEX_FILE: `${folder}.index` };
  execFileSync('git', ['-C', repository, 'read-tree', revision], { env });
  execFileSync('git', ['-C', repository, 'checkout-index', '--all', `--prefix=${folder}${path.sep}`], { env });
  return folder;
}
