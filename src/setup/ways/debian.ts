import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Way } from '../programs.ts';
import { findOnPath } from '../find-on-path.ts';
import { runCommand } from '../run-command.ts';
import { pickFiles, WayNotOpen, type Workshop } from './workshop.ts';

const aptOptions = ['-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::https::Timeout=10', '-o', 'Acquire::Retries=1'];

/**
 * Fetches packages from the mirror that apt is configured for and unpacks them into the cache folder: no service is
 * started, no system file is written and root is not needed. Where the system has no package lists, or old ones, lists
 * of our own are fetched into the cache folder.
 */
export async function unpackDebianPackages(way: Way & { kind: 'debian' }, shop: Workshop): Promise<void> {
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (!(await findOnPath([tool], shop.env))) throw new WayNotOpen(`${tool} is not here: not a Debian or Ubuntu`);
  }
  const debs = path.join(shop.scratch, 'debs');
  await mkdir(debs);
  const first = await downloadPackages(way.packages, debs, [], shop);
  if (!first.ok) {
    const own = await updateOwnLists(shop);
    const second = await downloadPackages(way.packages, debs, own, shop);
    if (!second.ok) throw new Error(`apt-get download failed: ${second.reason}. ${lastLines(second.output)}`);
  }
  const unpacked = path.join(shop.scratch, 'unpacked');
  for (const deb of await readdir(debs)) {
    const done = await runCommand('dpkg-deb', ['-x', path.join(debs, deb), unpacked], {
      env: shop.env,
      limitMs: shop.limits.packagesMs,
    });
    if (!done.ok) throw new Error(`${deb} cannot be unpacked: ${done.reason}. ${lastLines(done.output)}`);
  }
  await pickFiles(unpacked, way.files, shop.out);
}

function downloadPackages(packages: readonly string[], debs: string, own: readonly string[], shop: Workshop) {
  return runCommand('apt-get', [...aptOptions, ...own, 'download', ...packages], {
    cwd: debs,
    env: shop.env,
    limitMs: shop.limits.packagesMs,
  });
}

/** `apt-get update` into our own folders; gives the options with which apt reads them. */
async function updateOwnLists(shop: Workshop): Promise<readonly string[]> {
  const lists = path.join(shop.aptFolder, 'lists');
  const cache = path.join(shop.aptFolder, 'cache');
  await mkdir(path.join(lists, 'partial'), { recursive: true });
  await mkdir(path.join(cache, 'archives', 'partial'), { recursive: true });
  const own = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${cache}`, '-o', 'APT::Sandbox::User=root'];
  const update = await runCommand('apt-get', [...aptOptions, ...own, 'update'], {
    env: shop.env,
    limitMs: shop.limits.packagesMs,
  });
  if (!update.ok) throw new Error(`apt-get update failed: ${update.reason}. ${lastLines(update.output)}`);
  return own;
}

function lastLines(output: string): string {
  return output.split('\n').slice(-3).join(' / ');
}
