import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

/** The full SHA of a revision of a service's repository; throws when there is none. */
export function resolveRevision(shop, service, revision) {
  const repository = shop.services[service].repository;
  try {
    return git(repository, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`]).trim();
  } catch {
    throw new Error(`${service} has no revision ${JSON.stringify(revision)} in ${repository}: see git log there.`);
  }
}

/** Writes the tree of a revision to its release folder, unless it is there, and returns the folder. */
export function checkOutRelease(shop, service, sha) {
  const folder = path.join(shop.folder, 'releases', service, sha);
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const draft = mkdtempSync(path.join(path.dirname(folder), '.draft-'));
  const env = { ...process.env, GIT_INDEX_FILE: path.join(draft, '.index') };
  const repository = shop.services[service].repository;
  git(repository, ['read-tree', sha], env);
  git(repository, ['checkout-index', '--all', `--prefix=${draft}/`], env);
  rmSync(env.GIT_INDEX_FILE);
  renameSync(draft, folder);
  return folder;
}

function git(repository, args, env = process.env) {
  return execFileSync('git', ['-C', repository, ...args], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
}
