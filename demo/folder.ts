import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endLeftovers } from '../src/cli/leftovers.ts';
import { readRunFile } from '../src/cli/run-file.ts';
import { commandLineOf, identityOf, isSameProcess, type ProcessIdentity } from '../src/setup/process-identity.ts';
import { waitUntil } from '../src/setup/wait-until.ts';
import { stopShop } from './run-shop.ts';

const base = path.resolve(import.meta.dirname, '../.resident');
const ownerFile = 'demo-owner.json';
const endLimitMs = 10_000;

/** Lessons outlive the shop: the next demo recalls what this one learned. */
export const lessonsFolder = path.join(base, 'demo-lessons');

/**
 * A clean folder for this demo. What earlier demos left running, because they were killed, is ended first; a demo that still
 * runs keeps its folder, and this one takes another.
 */
export async function claimFolder(say: (text: string) => void): Promise<string> {
  mkdirSync(base, { recursive: true });
  const isAlive = (folder: string): boolean => {
    const owner = readOwner(folder);
    return owner !== undefined && isSameProcess(owner);
  };
  const known = readdirSync(base).filter((name) => /^demo(-\d+)?$/.test(name));
  for (const folder of known.map((name) => path.join(base, name)).filter((known) => !isAlive(known))) {
    const ended = await endWhatIsLeft(folder);
    if (ended.length > 0) say(`ended what an earlier demo left running: ${ended.join(', ')}`);
  }
  for (let number = 1; ; number += 1) {
    const folder = path.join(base, number === 1 ? 'demo' : `demo-${number}`);
    if (isAlive(folder)) continue;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, ownerFile), JSON.stringify(identityOf(process.pid)));
    return folder;
  }
}

function readOwner(folder: string): ProcessIdentity | undefined {
  const file = path.join(folder, ownerFile);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity) : undefined;
}

async function endWhatIsLeft(folder: string): Promise<readonly string[]> {
  const ended = [...(await stopShop(folder)), ...endMonitoring(folder)];
  const run = readRunFile(path.join(folder, '.resident'));
  if (!run) return ended;
  const supervisor = run.supervisor;
  if (isSameProcess(supervisor)) {
    process.kill(supervisor.pid, 'SIGTERM');
    await waitUntil(() => !isSameProcess(supervisor), { limitMs: endLimitMs });
  }
  return [...ended, ...(await endLeftovers(run))];
}

/** By pid file, and only when the command line names this very folder: pids are given out again. */
function endMonitoring(folder: string): readonly string[] {
  return ['prometheus', 'alertmanager'].filter((name) => {
    const file = path.join(folder, 'monitoring', `${name}.pid`);
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (!(pid > 0) || !commandLineOf(pid).includes(`${folder}${path.sep}`)) return false;
    process.kill(pid, 'SIGTERM');
    return true;
  });
}
