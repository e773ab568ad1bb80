import { spawn } from 'node:child_process';
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { addFolders, type FileSet } from '../file-set.ts';
import { cannotBuild, type FillWork } from '../runtime.ts';

/** A Go toolchain, and the variables that it has in the sandbox, as `NAME=value`. */
export interface GoToolchain {
  readonly root: string;
  readonly env: readonly string[];
}

const home = '/opt/resident/go';
/** What was compiled, in the layout of Go's own cache. */
const cacheFolder = `${home}/cache`;
/** Comes first on the PATH. */
export const launcherFolder = `${home}/bin`;

const compileLimitMs = 15 * 60_000;
const shownComplaint = 1_000;
/** How often the compilation is heard of, in packages; there are about 350. */
const packagesAStep = 50;

/**
 * Compiles the standard library with exactly the settings of the sandbox and adds it to the image: without it every run would
 * compile it anew, for a minute. Go keys what it compiles by content and settings and not by place, and its compiler writes
 * the same bytes each time, so the same toolchain adds the same files.
 * Throws `Sandbox.ImageNotBuilt` with Go's own words.
 */
export async function addCompiledLibrary(files: FileSet, go: GoToolchain, work: FillWork): Promise<void> {
  const cache = await compileLibrary(go, work);
  const dropped = new Set<string>();
  const indexes: { name: string; text: string }[] = [];
  for (const name of await readdir(cache, { recursive: true })) {
    const from = path.join(cache, name);
    const found = await stat(from);
    if (!found.isFile()) continue;
    if (name.endsWith('-a')) indexes.push({ name, text: await readFile(from, 'utf8') });
    else if (name.endsWith('-d')) {
      if (await isSourceIndex(from)) dropped.add(path.basename(name, '-d'));
      else addCached(files, name, { kind: 'copy', from, bytes: found.size, mode: 0o644, mtimeMs: 0 });
    }
  }
  for (const { name, text } of indexes) {
    const { output, undated } = readIndex(name, text);
    if (!dropped.has(output)) addCached(files, name, { kind: 'text', text: undated });
  }
  addFolders(files, launcherFolder);
  files.set(`${launcherFolder}/go`, { kind: 'text', mode: 0o755, text: launcher(path.join(go.root, 'bin/go')) });
}

function addCached(files: FileSet, name: string, entry: Parameters<FileSet['set']>[1]): void {
  const file = path.join(cacheFolder, name);
  addFolders(files, path.dirname(file));
  files.set(file, entry);
}

/**
 * Go writes into its cache, and the image is read-only, so the first `go` of a run makes a cache of links, within a twentieth of
 * a second. It gets its place by a rename: of two that start together one wins, and neither sees half of it. Go would remove what
 * has not been used for days, which is what files of an image look like, unless it believes that it did so today.
 */
function launcher(program: string): string {
  return `#!/bin/sh
case "$GOCACHE" in /*)
  if [ ! -e "$GOCACHE" ]; then
    new="$GOCACHE.$$"
    mkdir -p "\${GOCACHE%/*}" && cp -rs ${cacheFolder} "$new" && date +%s >"$new/trim.txt" &&
      mv -T "$new" "$GOCACHE" 2>/dev/null || rm -rf "$new"
  fi
esac
exec ${program} "$@"
`;
}

/** Returns the folder of Go's cache: the whole library for programs, and the facts that `go test` and `go vet` ask of it. */
async function compileLibrary(go: GoToolchain, { folder, onProgress }: FillWork): Promise<string> {
  const cache = path.join(folder, 'cache');
  for (const each of ['home', 'tmp']) await mkdir(path.join(folder, each));
  const run = (args: readonly string[], onLine?: () => void) =>
    runGo(go, args, { folder, env: placeIn(folder, cache), ...(onLine ? { onLine } : {}) });
  const packages = (await run(['list', 'std'])).split('\n').filter((line) => line !== '');
  let compiled = 0;
  await run(['build', '-v', 'std'], () => {
    if (compiled++ % packagesAStep !== 0) return;
    onProgress(`Compiling Go's standard library, once for all runs: ${compiled - 1} of ${packages.length} packages`);
  });
  onProgress("Examining Go's standard library, as `go test` and `go vet` would in each run");
  const overlay = await writeImporter(go, folder, packages);
  await run(['test', overlay, '-count=1', '-run=^$', importerFolder]);
  await run(['vet', overlay, importerFolder]);
  return cache;
}

/** It has no tests of its own, and only the programs that `go test` makes import it. */
const importerFolder = 'testing/internal/testdeps';

/**
 * A test that imports the library, so that Go examines all of it. It lies in a package of the library, by an overlay: elsewhere
 * the name of the temporary folder would be part of what is kept of it. Returns the option that Go needs for it.
 */
async function writeImporter({ root }: GoToolchain, folder: string, packages: readonly string[]): Promise<string> {
  const [importer, overlay] = [path.join(folder, 'importer.go'), path.join(folder, 'overlay.json')];
  const names = packages.filter((name) => !/(^|\/)internal(\/|$)|^vendor\//.test(name)).map((name) => `_ "${name}"`);
  await writeFile(importer, `package testdeps_test\n\nimport (\n\t${names.join('\n\t')}\n)\n`);
  const file = path.join(root, 'src', importerFolder, 'resident_test.go');
  await writeFile(overlay, JSON.stringify({ Replace: { [file]: importer } }));
  return `-overlay=${overlay}`;
}

function placeIn(folder: string, cache: string): Readonly<Record<string, string>> {
  return {
    ...{ HOME: path.join(folder, 'home'), GOTMPDIR: path.join(folder, 'tmp'), GOCACHE: cache },
    // Settings of people of this machine do not belong into an image.
    ...{ GOPATH: path.join(folder, 'home/go'), GOENV: 'off', GOWORK: 'off' },
  };
}

/** Runs Go with nothing of this process's environment. Returns what it prints on standard output. */
function runGo(
  { root, env }: GoToolchain,
  args: readonly string[],
  options: {
    readonly folder: string;
    readonly env: Readonly<Record<string, string>>;
    /** Called for each line of standard error. */
    readonly onLine?: () => void;
  },
): Promise<string> {
  const own = Object.fromEntries(env.map((each) => each.split(/=(.*)/s, 2) as [string, string]));
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(root, 'bin/go'), args, {
      cwd: options.folder,
      env: { PATH: path.join(root, 'bin'), ...own, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: compileLimitMs,
    });
    let printed = '';
    let complaint = '';
    child.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()));
    createInterface({ input: child.stderr }).on('line', (line) => {
      complaint = `${complaint}${line}\n`.slice(-shownComplaint);
      options.onLine?.();
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(printed);
      const how = signal ? `was ended by ${signal} (limit: ${compileLimitMs / 60_000} min)` : `ended with ${code}`;
      reject(cannotBuild(`\`go ${args.join(' ')}\` ${how}: ${(complaint + printed).trim()}`));
    });
  });
}

const sourceIndexMark = 'go index ';

/** Indexes of source folders are keyed by the times and names of files, tests included, which the image does not have. */
async function isSourceIndex(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(sourceIndexMark.length), 0, sourceIndexMark.length, 0);
    return buffer.toString('latin1', 0, bytesRead) === sourceIndexMark;
  } finally {
    await handle.close();
  }
}

/** `v1 <action> <output> <size> <nanoseconds>`, numbers filled up to 20 places: cmd/go/internal/cache, putIndexEntry. */
const indexEntry = /^(v1 [0-9a-f]{64} ([0-9a-f]{64}) [ \d]{20} )[ \d]{20}\n$/;

function readIndex(name: string, text: string): { readonly output: string; readonly undated: string } {
  const [, start, output] = indexEntry.exec(text) ?? [];
  if (start === undefined || output === undefined) {
    throw cannotBuild(`this Go writes its cache in a form that we do not know (${name}: ${text.slice(0, 100)})`);
  }
  return { output, undated: `${start}${'0'.padStart(20)}\n` };
}
