import { createHash, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { pid } from 'node:process';
import type Docker from 'dockerode';
import {
  findDependencies,
  type DependencyChoice,
  type DependencySet,
  type FoundDependencies,
  type Manifests,
} from '../../domain/reproduction/dependencies.ts';
import { imageLanguages, type ImageLanguage } from '../../domain/reproduction/image-name.ts';
import { identifyProcess } from '../commands/process-identity.ts';
import { checkEngine, openEngine, type EngineAddress, type EngineFacts } from '../docker/engine.ts';
import type { ConnectedNetwork } from '../docker/policy.ts';
import { limitPool } from '../docker/pool-cgroup.ts';
import { reapContainers } from '../docker/reaper.ts';
import type { RemovalLogger } from '../docker/remove-container.ts';
import { findHeld, imageLabels, loadLayers, repository, type HeldImage } from '../image-builder/load.ts';
import { OutsideError } from '../outside-error.ts';
import { assertNoConflicts } from './layer-conflicts.ts';
import { createLayerStore, keyOf, type LayerStore, type PreparedLayer } from './layer-store.ts';
import { folderOf, prepareLayer, prepareLimits } from './prepare.ts';
import { dependencyRecipes } from './recipes.ts';
import { readRegistries, type Registries } from './registries.ts';

/** Folder of the user's cache that holds the layers. */
export const dependencyCacheName = 'dependencies';

export interface DependenciesOptions {
  readonly address: EngineAddress;
  /** Folder of the user's cache that holds the layers. */
  readonly folder: string;
  /** An OCI runtime that the engine knows, as for the runs; the engine's default one when left out. */
  readonly runtime?: string;
  /** Where packages come from; this machine's own settings without. */
  readonly registries?: (language: DependencySet['language']) => Promise<Registries>;
}

export interface PrepareOptions {
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
  /** The engine's bridge without. This machine's own network is only ever taken when it is named. */
  readonly network?: ConnectedNetwork;
  /** Path of the configuration that it is for. */
  readonly preparedFor: string;
}

export type Dependencies = ReturnType<typeof createDependencies>;

/** This process, told from an earlier one with the same number by the time of its start. */
const owner = identifyProcess(pid);

/** Layers of installed dependencies: prepared by a person outside an incident, put under reproductions without a network. */
export function createDependencies({ address, folder, runtime, registries = readRegistries }: DependenciesOptions) {
  const docker = openEngine(address);
  const store = createLayerStore(folder, randomUUID);
  return {
    store,
    /** What a tree depends on, as far as the image's language reads it, and the layer for it where one is prepared. */
    async find(imageId: string, manifests: Manifests, choice?: DependencyChoice): Promise<FoundLayer> {
      const held = await findHeld(docker, imageId);
      const found = findDependencies(manifests, held && languageOf(held), choice);
      if (found.kind !== 'set') return { found };
      const layer = await store.find(keyOf(found, imageId));
      return { found, ...(layer ? { layer } : {}) };
    },
    /** Prepares the layer unless it is there. Throws `Sandbox.DependenciesFailed` with the remedy. */
    async prepare(imageId: string, set: DependencySet, options: PrepareOptions): Promise<PreparedLayer> {
      const known = await store.find(keyOf(set, imageId));
      return (
        known ??
        prepare(
          { docker, address, store, ...(runtime ? { runtime } : {}) },
          { imageId, set, options, registries: await registries(set.language) },
        )
      );
    },
    /** Removes what a preparation that was killed left behind; returns the ids of the removed containers. */
    reap: () => reapContainers(docker, owner, { orphans: true }),
    imageWith: (imageId: string, layers: readonly PreparedLayer[]) => composeImage(docker, store, imageId, layers),
  };
}

export interface FoundLayer {
  readonly found: FoundDependencies;
  readonly layer?: PreparedLayer;
}

interface Place {
  readonly docker: Docker;
  readonly address: EngineAddress;
  readonly store: LayerStore;
  readonly runtime?: string;
}

interface Wanted {
  readonly imageId: string;
  readonly set: DependencySet;
  readonly options: PrepareOptions;
  readonly registries: Registries;
}

async function prepare(place: Place, { imageId, set, options, registries }: Wanted): Promise<PreparedLayer> {
  const { docker, address, store } = place;
  const preflight = await checkEngine(docker, address);
  if (!preflight.ok) throw new OutsideError(preflight.reason, { system: 'Docker', kind: 'Unfit', retryable: true });
  const network = options.network ?? (await demandBridge(docker));
  if (network === 'host') {
    options.onProgress(
      'Warning: install scripts run in the network of this machine, as asked, and reach its local services',
    );
  }
  for (const note of registries.notes) options.onProgress(`Note: ${note}`);
  const startedAt = performance.now();
  const key = keyOf(set, imageId);
  const file = await store.temporaryOf(key);
  const taken = await prepareLayer(await makeRunParts(place, preflight.engine, options), {
    ...{ set, network, registries, file, baseId: imageId, folder: folderOf(set.language, key) },
    ...{ signal: options.signal, onProgress: options.onProgress },
  }).catch(async (error: unknown) => {
    await rm(file, { force: true });
    throw error;
  });
  const layer: PreparedLayer = {
    ...{ key, language: set.language, lockfile: set.lockfile, baseId: imageId, ...taken, notes: [...taken.notes] },
    preparedFor: options.preparedFor,
    preparedAt: new Date().toISOString(),
    durationMs: Math.round(performance.now() - startedAt),
  };
  await store.keep(layer, file);
  return layer;
}

const poolProcesses = 1_024;

/** As for a run: the owner by which leftovers are told from work in progress, the runtime, and the second wall around all. */
async function makeRunParts(
  { docker, address, runtime }: Place,
  engine: EngineFacts,
  { onProgress }: Pick<PrepareOptions, 'onProgress'>,
) {
  const logger: RemovalLogger = { warn: (details, message) => onProgress(`${message} ${JSON.stringify(details)}`) };
  const limits = { memoryMb: prepareLimits.memoryMb, processes: poolProcesses };
  const pool = await limitPool({ address, engine, owner, limits });
  return {
    ...{ docker, engine, owner: JSON.stringify(owner), logger },
    ...(runtime ? { runtime } : {}),
    ...('cgroupParent' in pool ? { cgroupParent: pool.cgroupParent } : {}),
  };
}

/** Fails closed: what is installed must not reach this machine's local services because a bridge happens to be absent. */
async function demandBridge(docker: Docker): Promise<ConnectedNetwork> {
  const networks = await docker.listNetworks();
  if (networks.some(({ Name }) => Name === 'bridge')) return 'bridge';
  throw new OutsideError(
    'The Docker engine has no bridge network, so install scripts would run in the network of this machine and reach its local ' +
      'services. Give the engine a bridge, or accept that with `resident images build --network host`.',
    { system: 'Sandbox', kind: 'DependenciesFailed', retryable: false },
  );
}

/**
 * The image with the layers on top, loaded from the cache when the engine does not hold it; no network is needed. Where two layers
 * have a file of the same name, a run finds that of the earlier one.
 */
async function composeImage(
  docker: Docker,
  store: LayerStore,
  imageId: string,
  layers: readonly PreparedLayer[],
): Promise<string> {
  const named = createHash('sha256').update(JSON.stringify([imageId, layers.map(({ key }) => key)]));
  const tag = `${repository}/dependencies:${named.digest('hex').slice(0, 16)}`;
  const present = await findHeld(docker, tag);
  if (present) return present.Id;
  const base = await findHeld(docker, imageId);
  if (!base)
    throw new OutsideError(`The Docker engine lost the image ${imageId}.`, {
      system: 'Docker',
      kind: 'EngineLost',
      retryable: true,
    });
  // One order for their files, whatever the order in which they are looked through: the engine then keeps them once.
  const sorted = layers.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  for (const language of new Set(sorted.map((layer) => layer.language))) {
    const shared = sorted.filter((layer) => layer.language === language && dependencyRecipes[language].isShared);
    if (shared.length > 1)
      await assertNoConflicts(shared.map(({ key, lockfile }) => ({ lockfile, file: store.tarOf(key) })));
  }
  const files = sorted.map(({ key, bytes, diffId }) => ({ file: store.tarOf(key), bytes, diffId }));
  return loadLayers(docker, files, {
    tag,
    base: { diffIds: base.RootFS.Layers ?? [] },
    architecture: base.Architecture,
    env: mergeEnvironment(base.Config.Env ?? [], layers),
    labels: {
      [imageLabels.image]: 'dependencies',
      [imageLabels.base]: imageId,
      [imageLabels.layers]: sorted.map(({ key }) => key).join(' '),
    },
  });
}

function mergeEnvironment(own: readonly string[], layers: readonly PreparedLayer[]): string[] {
  const merged = new Map(own.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
  for (const language of new Set(layers.map((layer) => layer.language))) {
    const folders = layers.filter((layer) => layer.language === language).map(({ key }) => folderOf(language, key));
    for (const [name, value] of Object.entries(dependencyRecipes[language].environment([...new Set(folders)]))) {
      merged.set(name, name === 'PATH' && merged.has('PATH') ? `${value}:${merged.get('PATH')!}` : value);
    }
  }
  return [...merged].map(([name, value]) => `${name}=${value}`);
}

/** The language that an image is for; undefined for other people's images. */
function languageOf({ Config: { Labels } }: HeldImage): ImageLanguage | undefined {
  const named = [Labels?.[imageLabels.image], Labels?.[imageLabels.language]];
  return imageLanguages.find((language) => named.includes(language));
}
