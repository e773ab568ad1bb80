import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive, pause } from './processes.js';

const WAIT_MS = 30_000;

/** Runs `work` while no other command works on the same service. The lock of a command that was killed is taken over. */
export async function withLock(shop, name, work) {
  const file = path.join(shop.folder, 'locks', name);
  mkdirSync(path.dirname(file), { recursive: true });
  const deadline = Date.now() + WAIT_MS;
  while (!tryLock(file)) {
    if (Date.now() > deadline)
      throw new Error(`${file} is held by process ${readOwner(file)} since ${WAIT_MS / 1000} s.`);
    await pause(50);
  }
  try {
    return await work();
  } finally {
    unlinkSync(file);
  }
}

function tryLock(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    const owner = readOwner(file);
    if (owner > 0 && !isAlive(owner)) removeIfOwnedBy(file, owner);
    return false;
  }
}

function readOwner(file) {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function removeIfOwnedBy(file, owner) {
  if (readOwner(file) !== owner) return;
  try {
    unlinkSync(file);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}
