import { describeMissing } from '../../adapters/dependencies/with-dependencies.ts';
import { keyOf } from '../../adapters/dependencies/layer-store.ts';
import { readManifests } from '../../adapters/dependencies/manifests.ts';
import { findDeployAt } from '../../domain/evidence/deploys.ts';
import type { DependencySet, Manifests } from '../../domain/reproduction/dependencies.ts';
import { listReachable } from '../../domain/settings.ts';
import type { ImageParts, SandboxedService } from './parts.ts';

/** What one service depends on at one revision, in one image. */
export interface DependencyRow {
  readonly service: string;
  readonly revision: string;
  readonly image: string;
  readonly lockfile: string;
  readonly state: 'ready' | 'to-prepare' | 'none' | 'unsupported' | 'unknown';
  readonly key?: string;
  readonly bytes?: number;
  /** Empty when ready, or when there is nothing to prepare. */
  readonly problem: string;
}

export interface FoundRow extends DependencyRow {
  readonly imageId: string;
  readonly set?: DependencySet;
}

/** Deploys back from the one that runs: a rollback leads to the one before. */
const deploysLookedAt = 3;

/**
 * What a sandboxed service and the services that it calls depend on, at HEAD and at their last deploys, in the image that its
 * runs take. The same lockfile in the same image is one row.
 */
export async function findSets(
  parts: ImageParts,
  { service, sandbox }: SandboxedService,
  imageId: string,
): Promise<readonly FoundRow[]> {
  const { services } = parts.settings;
  const rows: FoundRow[] = [];
  const seen = new Set<string>();
  for (const name of listReachable(services, service)) {
    const source = services[name]?.source;
    if (source === undefined) continue;
    const base = { service: name, image: sandbox.image, imageId };
    try {
      for (const { revision, manifests } of await readRevisions(parts, name, source)) {
        const row = await look(parts, { ...base, revision }, manifests);
        const key = row.key ?? `${name} ${row.state} ${row.lockfile}`;
        if (seen.has(key)) continue;
        seen.add(key);
        rows.push(row);
      }
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      rows.push({ ...base, revision: 'HEAD', lockfile: '', state: 'unknown', problem });
    }
  }
  return rows;
}

async function look(
  { settings, dependencies }: ImageParts,
  base: Pick<FoundRow, 'service' | 'revision' | 'image' | 'imageId'>,
  manifests: Manifests,
): Promise<FoundRow> {
  const choice = settings.services[base.service]?.sandbox?.dependencies;
  const { found, layer } = await dependencies.find(base.imageId, manifests, choice);
  const problem = describeMissing(base.service, { found, ...(layer ? { layer } : {}) });
  switch (found.kind) {
    case 'none':
      return { ...base, lockfile: '', state: 'none', problem };
    case 'unsupported':
      return { ...base, lockfile: found.lockfile, state: 'unsupported', problem };
    case 'set': {
      const row = { ...base, lockfile: found.lockfile, key: keyOf(found, base.imageId), set: found, problem };
      return layer ? { ...row, state: 'ready', bytes: layer.bytes } : { ...row, state: 'to-prepare' };
    }
  }
}

interface RevisionManifests {
  readonly revision: string;
  readonly manifests: Manifests;
}

async function readRevisions(
  { settings, git, deployRecords }: ImageParts,
  name: string,
  source: string,
): Promise<readonly RevisionManifests[]> {
  const file = settings.services[name]?.deploysFile;
  const deploys = file === undefined ? [] : (await deployRecords.read(file, name)).deploys;
  const running = findDeployAt(deploys, new Date().toISOString());
  const until = running ? deploys.indexOf(running) + 1 : deploys.length;
  const deployed = deploys.slice(Math.max(0, until - deploysLookedAt), until).map(({ revision }) => revision);
  const ids = new Set([await git.resolve(source, 'HEAD')]);
  // A record may name what the repository does not hold any more; the run will say so, with its own words.
  for (const revision of deployed)
    await git.resolve(source, revision).then(
      (id) => ids.add(id),
      () => undefined,
    );
  const found: RevisionManifests[] = [];
  for (const revision of ids) {
    const { tar } = await git.archive(source, revision);
    found.push({ revision, manifests: (await readManifests(tar)).manifests });
  }
  return found;
}
