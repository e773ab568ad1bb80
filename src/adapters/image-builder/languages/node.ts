import { realpath } from 'node:fs/promises';
import { execPath, version as ownVersion } from 'node:process';
import path from 'node:path';
import { addLibraries, addPath, addTree, findPrograms, printVersion } from '../file-set.ts';
import { pickVersion, type FindRuntime } from '../runtime.ts';

/** The Node that runs Resident, or another on the PATH, with npm where it is installed beside it. */
export const findNode: FindRuntime = async (wanted) => {
  const others = (await findPrograms(['node'], { all: true })).filter((program) => program !== execPath);
  const found = [{ program: execPath, version: ownVersion.slice(1) }];
  for (const program of others) {
    const version = await printVersion(program, ['--version'], /^v(\S+)/);
    if (version) found.push({ program, version });
  }
  const { program, version } = pickVersion('node', found, wanted);
  return {
    version,
    witnesses: [program],
    pathFolders: [path.dirname(program)],
    async fill(files) {
      await addPath(files, program);
      await addLibraries(files, [program]);
      for (const name of ['npm', 'npx']) {
        const script = await realpath(path.join(path.dirname(program), name)).catch(() => undefined);
        if (!script?.endsWith('.js')) continue;
        // The script is <package>/bin/npm-cli.js. The machine's own npmrc may hold tokens.
        await addTree(files, path.dirname(path.dirname(script)), (file) => /^(docs|man|npmrc)(\/|$)/.test(file));
        await addPath(files, path.join(path.dirname(program), name));
      }
    },
  };
};
