#!/usr/bin/env node
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDetached, stopProcess, waitForHealth } from './processes.js';
import { openShop, readState, writeState } from './shop-folder.js';

const ENTRY = fileURLToPath(new URL('../acquirer/main.js', import.meta.url));

/** Starts the outside payment provider, which belongs to nobody in the shop. */
export async function startAcquirer(shop) {
  const port = shop.acquirerPort;
  const pid = startDetached({ name: 'acquirer', entry: ENTRY, env: { PORT: String(port) }, folder: shop.folder });
  writeState(shop, 'acquirer', { pid, port });
  if (!(await waitForHealth(port, (answer) => answer.pid === pid, 10_000)))
    throw new Error('The acquirer did not start.');
}

/** Stops it: from now on its port refuses connections. */
export async function stopAcquirer(shop) {
  const state = readState(shop, 'acquirer');
  if (state) await stopProcess(state.pid, path.join('acquirer', 'main.js'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [command, folder] = process.argv.slice(2);
  const run = { start: startAcquirer, stop: stopAcquirer }[command];
  if (!run || !folder) {
    console.error('usage: acquirer.js start|stop <shop folder>');
    process.exit(2);
  }
  await run(openShop(folder));
}
