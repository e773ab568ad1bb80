import { changeRecords } from '../../adapters/image-builder/records.ts';
import { findSets, type DependencyRow, type FoundRow } from './find-sets.ts';
import { uniqueBy } from './list-images.ts';
import { listSandboxed, type ImageParts } from './parts.ts';

export interface BuildOptions {
  /** Services whose sandboxes are prepared; all without. */
  readonly services: readonly string[];
  /** Fetch official images of languages, and images that are named by digest. */
  readonly pull: boolean;
  /** Look the digests of official images up anew. */
  readonly refresh: boolean;
  readonly registry?: string;
  readonly network?: 'bridge' | 'host';
  readonly signal: AbortSignal;
}

export interface BuiltImage {
  readonly image: string;
  readonly id?: string;
  readonly tag?: string;
  readonly source?: 'built' | 'present' | 'given';
  readonly bytes?: number;
  readonly durationMs: number;
  /** Why it could not be made, and what to do; empty when it is there. */
  readonly problem: string;
}

export interface BuildReport {
  readonly images: readonly BuiltImage[];
  readonly dependencies: readonly (DependencyRow & { readonly durationMs: number })[];
  readonly isReady: boolean;
}

/** Makes everything that the sandboxes of the services need. One that fails is told, and the others are made all the same. */
export async function buildImages(parts: ImageParts, options: BuildOptions): Promise<BuildReport> {
  const removed = await parts.dependencies.reap();
  if (removed.length > 0) parts.onProgress(`Removed ${removed.length} sandboxes that nobody used any more`);
  const sandboxed = listSandboxed(parts.settings, options.services);
  const images: BuiltImage[] = [];
  const dependencies: (DependencyRow & { durationMs: number })[] = [];
  for (const image of new Set(sandboxed.map(({ sandbox }) => sandbox.image))) {
    const built = await buildOne(parts, image, options);
    images.push(built);
    if (built.id === undefined) continue;
    const users = sandboxed.filter(({ sandbox }) => sandbox.image === image);
    const rows = await Promise.all(users.map((user) => findSets(parts, user, built.id!)));
    const unique = uniqueBy(rows.flat(), ({ service, key, revision }) => key ?? `${service} ${revision}`);
    for (const row of unique) dependencies.push(await prepareOne(parts, row, options));
  }
  const isReady = [...images, ...dependencies].every(({ problem }) => problem === '');
  return { images, dependencies, isReady };
}

async function buildOne(parts: ImageParts, image: string, options: BuildOptions): Promise<BuiltImage> {
  const startedAt = performance.now();
  const durationMs = () => Math.round(performance.now() - startedAt);
  const onProgress = (step: string) => parts.onProgress(`${image}: ${step}`);
  try {
    if (options.pull && image !== 'deployed') {
      const rest = options.registry === undefined ? {} : { registry: options.registry };
      await parts.images.pullImage(image, { refresh: options.refresh, onProgress, ...rest });
    }
    const { id, tag, source } = await parts.images.ensureImage(image, onProgress);
    const { Size } = await parts.docker.getImage(id).inspect();
    const at = new Date().toISOString();
    await changeRecords(parts.recordsFile, (records) => ({
      ...records,
      made: { ...records.made, [image]: { id, tag, at } },
    }));
    return { image, id, tag, source, bytes: Size, durationMs: durationMs(), problem: '' };
  } catch (error) {
    return { image, durationMs: durationMs(), problem: error instanceof Error ? error.message : String(error) };
  }
}

async function prepareOne(parts: ImageParts, { set, imageId, ...row }: FoundRow, options: BuildOptions) {
  const startedAt = performance.now();
  const took = () => ({ durationMs: Math.round(performance.now() - startedAt) });
  if (!set) return { ...row, ...took() };
  const onProgress = (step: string) => parts.onProgress(`${row.service} ${row.revision.slice(0, 12)}: ${step}`);
  try {
    const { signal, network } = options;
    const layer = await parts.dependencies.prepare(imageId, set, {
      signal,
      onProgress,
      preparedFor: parts.settings.file,
      ...(network ? { network } : {}),
    });
    for (const note of layer.notes) onProgress(`Note: ${note}`);
    // Loaded now, so that the first run does not wait for it.
    await parts.dependencies.imageWith(imageId, [layer]);
    return { ...row, state: 'ready' as const, bytes: layer.bytes, problem: '', ...took() };
  } catch (error) {
    options.signal.throwIfAborted();
    return { ...row, problem: error instanceof Error ? error.message : String(error), ...took() };
  }
}
