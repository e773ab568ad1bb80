#!/usr/bin/env node
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

/**
 * Starts each given checkout of a service, asks its `/healthz`, and runs its own tests, all in this one process: a
 * process for every test file of every commit would take minutes. Exit code 1 when one fails; the titles name it.
 */
const folders = process.argv.slice(2);
const clock = { now: () => 0, nowHours: () => 0 };

for (const folder of folders) {
  const name = path.basename(folder);
  const { startService } = await import(pathToFileURL(path.join(folder, 'src', 'service.js')));
  test(`${name} starts`, async (t) => {
    const service = await startService({ port: 0, clock });
    t.after(() => service.close());
    const answer = await fetch(`http://127.0.0.1:${service.port}/healthz`);
    if (answer.status !== 200) throw new Error(`/healthz answered ${answer.status}`);
  });
  for (const file of listTests(folder)) await import(pathToFileURL(file));
}

function listTests(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((file) => /^test.*\.test\.js$/.test(file))
    .map((file) => path.join(folder, file));
}
