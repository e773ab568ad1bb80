import path from 'node:path';
import {
  createDependencies,
  dependencyCacheName,
  type Dependencies,
} from '../../adapters/dependencies/dependencies.ts';
import { createDeployRecords, type DeployRecords } from '../../adapters/deploy-records.ts';
import { openEngine } from '../../adapters/docker/engine.ts';
import { createGit, type Git } from '../../adapters/git/git.ts';
import { createImageBuilder, type ImageBuilder } from '../../adapters/image-builder/builder.ts';
import type { ResidentSettings, SandboxSettings } from '../../domain/settings.ts';

/** What the commands about images work with. */
export interface ImageParts {
  readonly settings: ResidentSettings;
  readonly dockerHost: string;
  readonly docker: ReturnType<typeof openEngine>;
  readonly images: ImageBuilder;
  readonly dependencies: Dependencies;
  readonly git: Git;
  readonly deployRecords: DeployRecords;
  /** `.resident/images.json`. */
  readonly recordsFile: string;
  readonly onProgress: (step: string) => void;
}

export interface ImagePartsOptions {
  readonly settings: ResidentSettings;
  readonly dockerHost: string;
  readonly cacheFolder: string;
  readonly onProgress: (step: string) => void;
}

export function createImageParts({ settings, dockerHost, cacheFolder, onProgress }: ImagePartsOptions): ImageParts {
  const address = { dockerHost };
  const recordsFile = path.join(settings.stateFolder, 'images.json');
  return {
    ...{ settings, dockerHost, recordsFile, onProgress },
    docker: openEngine(address),
    images: createImageBuilder({ address, recordsFile }),
    dependencies: createDependencies({
      address,
      folder: path.join(cacheFolder, dependencyCacheName),
      ...(settings.sandbox.runtime === undefined ? {} : { runtime: settings.sandbox.runtime }),
    }),
    git: createGit({ cacheFolder: path.join(cacheFolder, 'git') }),
    deployRecords: createDeployRecords(),
  };
}

export interface SandboxedService {
  readonly service: string;
  readonly sandbox: SandboxSettings;
}

/** The services that name a sandbox; of these the wanted ones, or all. */
export function listSandboxed(
  { services }: ResidentSettings,
  wanted: readonly string[] = [],
): readonly SandboxedService[] {
  return Object.values(services).flatMap(({ name, sandbox }) => {
    return sandbox && (wanted.length === 0 || wanted.includes(name)) ? [{ service: name, sandbox }] : [];
  });
}
