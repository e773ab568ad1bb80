import path from 'node:path';
import { workFolder } from '../../../domain/reproduction/frames.ts';
import { addLibraries, addPath, addTree, findPrograms, print, printVersion, type FileSet } from '../file-set.ts';
import { pickVersion, type FillWork, type FindRuntime } from '../runtime.ts';
import { addCompiledLibrary, launcherFolder, type GoToolchain } from './go-cache.ts';

/** Go's own tests and documents. Sources of the standard library stay: Go compiles them. */
const unneeded = /^(test|api|doc|misc)(\/|$)|_test\.go$|(^|\/)testdata(\/|$)/;

/** A Go toolchain of this machine. */
export const findGo: FindRuntime = async (wanted) => {
  const found: { root: string; version: string }[] = [];
  for (const program of await findPrograms(['go'], { all: true })) {
    const version = await printVersion(program, ['env', 'GOVERSION'], /^go(\S+)/);
    if (version) found.push({ root: (await print(program, ['env', 'GOROOT'])).trim(), version });
  }
  const { root, version } = pickVersion('go', found, wanted);
  const env = [
    `GOROOT=${root}`,
    // Test programs are built and run in the temporary folder, and the sandbox's /tmp runs nothing.
    ...[`GOTMPDIR=${workFolder}`, `GOCACHE=${workFolder}/.cache/go-build`, `GOPATH=${workFolder}/.go`],
    ...['GOTOOLCHAIN=local', 'GOPROXY=off', 'GOSUMDB=off', 'GOTELEMETRY=off', 'CGO_ENABLED=0'],
  ];
  return {
    version,
    witnesses: [path.join(root, 'VERSION'), path.join(root, 'bin/go')],
    pathFolders: [launcherFolder, path.join(root, 'bin')],
    env,
    recipe: '1',
    fill: (files, work) => fillGo(files, { root, env }, work),
  };
};

async function fillGo(files: FileSet, go: GoToolchain, work: FillWork): Promise<void> {
  const { root } = go;
  await addPath(files, path.join(root, 'bin/go'));
  await addTree(files, root, (file) => unneeded.test(file));
  const programs = [...files.keys()].filter(
    (file) => /\/(bin|pkg\/tool\/[^/]+)\/[^/]+$/.test(file) && file.startsWith(root),
  );
  await addLibraries(files, programs);
  await addCompiledLibrary(files, go, work);
}
