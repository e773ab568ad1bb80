import path from 'node:path';
import { lookFor, type LookOptions } from './look-for.ts';
import { dockerVersionAt } from './probe.ts';
import { dockerRunFolder } from './servers/docker.ts';

export interface EngineOptions extends LookOptions {
  /** Data root of the engine that we would start; in the cache folder when not given. */
  readonly dockerDataRoot?: string;
}

/** A Docker engine that answers now. */
export interface RunningEngine {
  /** For DOCKER_HOST. */
  readonly address: string;
  /** Empty where it was not asked. */
  readonly version: string;
  /** Started by a Resident that runs, and ended with the last one. */
  readonly isOurs: boolean;
}

/** Where the engine that Resident starts listens, while it runs. */
export function ownDockerHost({ cacheFolder, dockerDataRoot }: EngineOptions): string {
  const runFolder = dockerRunFolder(dockerDataRoot ?? path.join(cacheFolder, 'docker'));
  return `unix://${path.join(runFolder, 'docker.sock')}`;
}

/**
 * The engine that a sandbox would use now: DOCKER_HOST, else one at a usual socket, else Resident's own. Only for looking: whoever
 * works with our own takes a share of it (`startDocker`), or it may end in between. Undefined where none answers.
 */
export async function lookForEngine(options: EngineOptions): Promise<RunningEngine | undefined> {
  const look = await lookFor('docker', options);
  if (look.is === 'found' && look.found.address !== undefined) {
    return { address: look.found.address, version: look.found.version, isOurs: false };
  }
  // DOCKER_HOST is a choice: where that does not answer, no other is meant.
  if (options.env['DOCKER_HOST']) return undefined;
  const address = ownDockerHost(options);
  const version = await dockerVersionAt(address.slice('unix://'.length));
  return version === undefined ? undefined : { address, version, isOurs: true };
}
