import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { findSets, type FoundRow } from './find-sets.ts';
import { uniqueBy } from './list-images.ts';
import type { ImageParts, SandboxedService } from './parts.ts';
import type { VerifiedImage } from './verify-images.ts';

const shortLength = 12;

/** Whether each layer of dependencies is there, and holds the bytes that were recorded when it was prepared. */
export async function verifyLayers(
  parts: ImageParts,
  users: readonly SandboxedService[],
  imageId: string,
): Promise<readonly VerifiedImage[]> {
  const rows = (await Promise.all(users.map((user) => findSets(parts, user, imageId)))).flat();
  const needed = uniqueBy(
    rows.filter(({ state }) => state !== 'none'),
    ({ service, key, revision }) => `${service} ${key ?? revision}`,
  );
  const verified: VerifiedImage[] = [];
  for (const row of needed) verified.push(await verifyLayer(parts, row));
  return verified;
}

async function verifyLayer(parts: ImageParts, row: FoundRow): Promise<VerifiedImage> {
  const { service, lockfile, revision, key, problem } = row;
  const image = `${service}${lockfile === '' ? '' : ` ${lockfile}`} at ${revision.slice(0, shortLength)}, on ${row.image}`;
  const layer = key === undefined ? undefined : await parts.dependencies.store.find(key);
  if (!layer) return { image, checks: [{ what: 'there', ok: false, detail: problem }], isRight: false };
  const check = await compareBytes(parts.dependencies.store.tarOf(layer.key), layer.diffId);
  return { image, id: layer.key, checks: [check], isRight: check.ok };
}

async function compareBytes(file: string, recorded: string): Promise<VerifiedImage['checks'][number]> {
  const remedy = `remove ${file} and the .json beside it, and run \`resident images build\``;
  try {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    const is = hash.digest('hex');
    const ok = is === recorded;
    return {
      what: 'recorded',
      ok,
      detail: ok ? `sha256:${is}` : `is sha256:${is}, recorded was ${recorded}; ${remedy}`,
    };
  } catch (error) {
    return {
      what: 'recorded',
      ok: false,
      detail: `${error instanceof Error ? error.message : String(error)}; ${remedy}`,
    };
  }
}
