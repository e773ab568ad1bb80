import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const src = fileURLToPath(new URL('..', import.meta.url));

/**
 * Builds the workflow bundle, or takes it from the cache: webpack costs a second or more, and a restarted worker should be back
 * at once. The key is a digest of every source that can be in the bundle, and of the lockfile.
 * @returns path of the bundle
 */
export async function buildWorkflowBundle(cacheFolder: string): Promise<string> {
  const folder = path.join(cacheFolder, 'bundles');
  for (;;) {
    const digest = await digestSources();
    const file = path.join(folder, `workflows-${digest}.js`);
    const isBuilt = await readFile(file).then(
      () => true,
      () => false,
    );
    if (isBuilt) return file;
    const { code } = await bundleWorkflowCode({
      workflowsPath: path.join(src, 'workflows'),
      logger: new DefaultLogger('ERROR'),
    });
    // Sources that were edited meanwhile would lie under a digest that is not theirs.
    if ((await digestSources()) !== digest) continue;
    await mkdir(folder, { recursive: true });
    const unfinished = `${file}.${process.pid}`;
    await writeFile(unfinished, code);
    await rename(unfinished, file);
    return file;
  }
}

async function digestSources(): Promise<string> {
  const hash = createHash('sha256');
  const folders = [path.join(src, 'workflows'), path.join(src, 'domain')];
  const listed = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true, withFileTypes: true })));
  const files = listed
    .flat()
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  for (const file of [...files, path.join(src, '..', 'package-lock.json')]) {
    hash.update(path.relative(src, file)).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
}
