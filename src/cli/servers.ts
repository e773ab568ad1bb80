import path from 'node:path';
import { cacheFolder, childEnvironment } from '../config.ts';
import type { ResidentSettings } from '../domain/settings.ts';
import { ensureProgram, type Ensured } from '../setup/ensure-program.ts';
import { freePort } from '../setup/free-port.ts';
import { renderStep } from '../setup/progress.ts';
import { startDocker, startTemporal } from '../setup/servers.ts';
import type { ProgramName } from '../setup/programs.ts';
import { CommandEnd, exitCodes } from './exit.ts';
import type { StartServer } from './keep-server.ts';

export interface ServerOptions {
  readonly settings: ResidentSettings;
  readonly namespace: string;
  /** False with `--no-install`: what is not there stays away. */
  readonly mayInstall: boolean;
  readonly say: (text: string) => void;
}

/** How to start our own Temporal: its state file lies beside the configuration, so the next start goes on where it was. */
export function createStartTemporal(options: ServerOptions): StartServer {
  return async (before) => {
    const found = await ensure('temporal', options);
    if (found.status === 'missing' || found.path === undefined) {
      const why = found.status === 'missing' ? `${found.reason}. ${found.remedy}` : 'it has no program to start';
      throw new CommandEnd(exitCodes.failed, `No Temporal server: ${why}`);
    }
    const { stateFolder } = options.settings;
    return startTemporal({
      command: found.path,
      env: childEnvironment(),
      stateFile: path.join(stateFolder, 'temporal.db'),
      logFile: path.join(stateFolder, 'logs', 'temporal.log'),
      port: await portOf(before?.address),
      // The same one after a restart, so that links in reports and chats stay right.
      uiPort: await portOf(before?.uiAddress),
      namespace: options.namespace,
    });
  };
}

async function portOf(address: string | undefined): Promise<number> {
  return address === undefined ? freePort() : Number(address.slice(address.lastIndexOf(':') + 1));
}

/** An engine is started for nobody when no service names a sandbox. */
export function usesSandbox({ services }: Pick<ResidentSettings, 'services'>): boolean {
  return Object.values(services).some(({ sandbox }) => sandbox !== undefined);
}

export interface EngineAtHand {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** Started by a Resident, and ended by the last one that uses it. */
  readonly isOurs: boolean;
  stop(): Promise<void>;
}

/** A Docker engine for sandboxes: one that runs, or our own. Without one Resident works on, and says what is lost. */
export async function findDocker(options: EnsureOptions): Promise<EngineAtHand | undefined> {
  const found = await ensure('docker', options);
  if (found.status === 'missing') {
    options.say(`no Docker engine (${found.reason}): ${found.costs}`);
    return undefined;
  }
  if (found.address !== undefined) return { host: found.address, isOurs: false, stop: async () => undefined };
  if (found.path === undefined) return undefined;
  try {
    const dataRoot = path.join(cacheFolder(), 'docker');
    const engine = await startDocker({ command: found.path, env: childEnvironment(), dataRoot });
    return { host: engine.address, isOurs: true, stop: () => engine.stop() };
  } catch (error) {
    options.say(`no Docker engine: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

type EnsureOptions = Pick<ServerOptions, 'mayInstall' | 'say'>;

function ensure(name: ProgramName, options: EnsureOptions): Promise<Ensured> {
  return ensureProgram(name, {
    env: childEnvironment(),
    cacheFolder: cacheFolder(),
    mayFetch: options.mayInstall,
    onStep: (step) => options.say(renderStep(step)),
  });
}
