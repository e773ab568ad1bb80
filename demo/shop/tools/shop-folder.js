import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Reads `shop.json`: what runs where. Throws with the next step when the folder is no shop. */
export function openShop(folder) {
  const file = path.join(folder, 'shop.json');
  if (!existsSync(file)) throw new Error(`${file} is not there: give the folder that createShop made.`);
  return { folder: path.resolve(folder), ...JSON.parse(readFileSync(file, 'utf8')) };
}

/** What the deploy tool last started for a service: `{ pid, revision, port, startedAt }`, or undefined. */
export function readState(shop, name) {
  try {
    return JSON.parse(readFileSync(stateFile(shop, name), 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the state in one step, so that a reader never sees half of it. */
export function writeState(shop, name, state) {
  const file = stateFile(shop, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(state));
  renameSync(`${file}.${process.pid}`, file);
}

/** Appends one line in one write, which does not interleave with another process's line. */
export function appendLine(shop, name, value) {
  appendFileSync(path.join(shop.folder, name), JSON.stringify(value) + '\n');
}

function stateFile(shop, name) {
  return path.join(shop.folder, 'run', `${name}.json`);
}
