import path from 'node:path';
import { findOnPath, isExecutable } from './find-on-path.ts';
import { answers, dockerVersionAt, expandSocket, isAtLeast, versionOf } from './probe.ts';
import { programs, type Program, type ProgramName, type Way } from './programs.ts';

export interface LookOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheFolder: string;
  /** Whether we are root; asked of the system when not given. */
  readonly isRoot?: boolean;
  /** Folders that are looked through after the PATH; the system's own for servers when not given. */
  readonly systemFolders?: readonly string[];
}

/** A program that can be used: a server that runs at `address`, or an executable at `path` for us to start. */
export interface Found {
  readonly how: Way['kind'];
  readonly address?: string;
  readonly path?: string;
  readonly version: string;
}

/** What looking gave: found, chosen by the user but not to be used (nothing else may be tried), or nothing yet. */
export type Look =
  | { readonly is: 'found'; readonly found: Found }
  | { readonly is: 'blocked'; readonly reason: string }
  | { readonly is: 'absent'; readonly reasons: readonly string[] };

/** Goes through the ways that only look, in the table's order. Nothing is changed, started or fetched. */
export async function lookFor(name: ProgramName, options: LookOptions): Promise<Look> {
  const program = programs[name];
  const reasons: string[] = [];
  for (const way of program.ways) {
    const look = await tryLooking(way, program, options);
    if (look.is !== 'absent') return look;
    reasons.push(...look.reasons);
  }
  return { is: 'absent', reasons };
}

async function tryLooking(way: Way, program: Program, options: LookOptions): Promise<Look> {
  switch (way.kind) {
    case 'environment':
      return lookInEnvironment(way.variable, options);
    case 'running':
      return lookForRunning(way.sockets, options);
    case 'path': {
      const file = await findOnPath(way.commands, options.env, options.systemFolders);
      return file ? judgeFile(file, 'path', program, options) : absent(`${way.commands.join(', ')} not on the PATH`);
    }
    case 'cache': {
      const file = cachedFile(program, options.cacheFolder);
      return (await isExecutable(file))
        ? judgeFile(file, 'cache', program, options)
        : absent('not in the cache folder');
    }
    case 'download':
    case 'debian':
    case 'go':
      return absent();
  }
}

export function cachedFile(program: Program, cacheFolder: string): string {
  return path.join(cacheFolder, 'bin', program.cached);
}

async function lookInEnvironment(variable: string, { env }: LookOptions): Promise<Look> {
  const address = env[variable];
  if (!address) return absent(`${variable} is not set`);
  if (await answers(address).catch(() => false)) {
    return { is: 'found', found: { how: 'environment', address, version: '' } };
  }
  return {
    is: 'blocked',
    reason: `${variable} points to ${address}, which does not answer: start it, or unset ${variable}`,
  };
}

async function lookForRunning(sockets: readonly string[], { env }: LookOptions): Promise<Look> {
  for (const each of sockets) {
    const socket = expandSocket(each, env);
    const version = socket && (await dockerVersionAt(socket));
    if (version) return { is: 'found', found: { how: 'running', address: `unix://${socket}`, version } };
  }
  return absent('no engine answers');
}

async function judgeFile(file: string, how: Way['kind'], program: Program, options: LookOptions): Promise<Look> {
  if (program.needsRoot && !(options.isRoot ?? process.getuid?.() === 0)) {
    return { is: 'blocked', reason: `${file} is there, but only root can start it` };
  }
  const version = await versionOf(file, program, options.env);
  if (version === undefined) return absent(`${file} does not run here`);
  if (program.atLeast && !isAtLeast(version, program.atLeast)) {
    return absent(`${file} is ${version}, and at least ${program.atLeast} is needed`);
  }
  return { is: 'found', found: { how, path: file, version } };
}

function absent(...reasons: string[]): Look {
  return { is: 'absent', reasons };
}
