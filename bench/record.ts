import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import path from 'node:path';
import { packageFolder } from '../src/cli/program.ts';

/** What a reader of figures has to know of the machine that they come from. */
export function describeMachine() {
  const processors = cpus();
  return {
    processors: processors.length,
    model: processors[0]?.model ?? '',
    node: process.version,
    commit: execFileSync('git', ['rev-parse', 'HEAD'], { cwd: packageFolder, encoding: 'utf8' }).trim(),
    // Others at work on the machine blur every figure; a reader should see it.
    loadBefore: loadavg(),
  };
}

/** Writes raw results under bench/results and returns the file; `kind` tells the benches apart. */
export async function keepResults(raw: Readonly<Record<string, unknown>>, kind = ''): Promise<string> {
  const folder = path.join(packageFolder, 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${kind}${new Date().toISOString().replace(/[:.]/g, '-')}.json`);
  await writeFile(file, `${JSON.stringify(raw, undefined, 2)}\n`);
  return file;
}
