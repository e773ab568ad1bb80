import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';

/** Where servers are kept that a plain user's PATH leaves out. */
export const systemFolders: readonly string[] = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The first executable file of one of these names on the PATH, then in `also`. */
export async function findOnPath(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  also: readonly string[] = systemFolders,
): Promise<string | undefined> {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  for (const folder of [...folders, ...also]) {
    for (const name of names) {
      const file = path.join(folder, name);
      if (await isExecutable(file)) return file;
    }
  }
  return undefined;
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false; // Not there, not ours to run, not readable: all mean "look further".
  }
}
