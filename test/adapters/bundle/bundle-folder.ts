import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { BundleError } from '../../../src/adapters/bundle/faults.ts';
import { readBundle } from '../../../src/adapters/bundle/read.ts';
import { incidentFrom, window } from '../../domain/analysis/incident.ts';

/** The folder of the test that runs; it is empty at first, and gone afterwards. */
export let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'bundle-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

export const manifest = { bundle: 1, service: 'cart', window, incidentFrom };

/** Writes files below the folder; objects become JSON, lists of objects NDJSON. */
export async function put(files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    const text = Array.isArray(content)
      ? content.map((record) => `${JSON.stringify(record)}\n`).join('')
      : JSON.stringify(content);
    await writeFile(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : text);
  }
}

export async function readFaults(): Promise<readonly string[]> {
  const error: unknown = await readBundle(folder).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BundleError)) throw new Error(`The bundle was read, or failed otherwise: ${String(error)}`);
  return error.message.split('\n');
}
