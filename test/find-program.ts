import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../src/config.ts';

/** The Temporal program for tests: from RESIDENT_TEST_TEMPORAL, the cache folder or the PATH. Undefined when there is none. */
export async function findTemporal(): Promise<string | undefined> {
  const given = process.env['RESIDENT_TEST_TEMPORAL'];
  return findFirst([
    ...(given ? [given] : []),
    path.join(cacheFolder(), 'bin', 'temporal-1.8.2'),
    ...onPath('temporal'),
  ]);
}

/** Jaeger for tests: from RESIDENT_TEST_JAEGER, the cache folder or the PATH. Undefined when there is none. */
export async function findJaeger(): Promise<string | undefined> {
  const given = process.env['RESIDENT_TEST_JAEGER'];
  return findFirst([...(given ? [given] : []), path.join(cacheFolder(), 'bin', 'jaeger-2.13.0'), ...onPath('jaeger')]);
}

export async function findProgram(...names: readonly string[]): Promise<string | undefined> {
  return findFirst(names.flatMap(onPath));
}

function onPath(name: string): string[] {
  return [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin'].map((folder) => path.join(folder, name));
}

async function findFirst(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  return undefined;
}
