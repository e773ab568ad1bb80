import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** The folder of this package: children are started from here, whatever folder the user is in. */
export const packageFolder = path.resolve(import.meta.dirname, '../..');

/** argv that runs one of our TypeScript files, and what its environment needs so that no foreign tsconfig is read. */
export function programFor(file: string, args: readonly string[]) {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return {
    command: process.execPath,
    args: ['--import', tsx, path.join(packageFolder, file), ...args],
    environment: { TSX_TSCONFIG_PATH: path.join(packageFolder, 'tsconfig.json') },
  };
}
