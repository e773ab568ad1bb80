import type { ResidentSettings } from '../../domain/settings.ts';
import type { DoctorRow } from '../doctor.ts';
import { lookFor, type LookOptions } from '../look-for.ts';
import { resolveDeployedImages } from './deployed-images.ts';
import { listImages } from './list-images.ts';
import { createImageParts, listSandboxed } from './parts.ts';

/** For each service with a sandbox whether a reproduction could begin now, and what to run if not. Changes nothing. */
export async function inspectSandboxes(
  configured: ResidentSettings,
  options: LookOptions,
): Promise<readonly DoctorRow[]> {
  const settings = await resolveDeployedImages(configured);
  const sandboxed = listSandboxed(settings);
  const look = await lookFor('docker', options);
  const dockerHost = look.is === 'found' ? look.found.address : undefined;
  // Without an engine that runs there is nothing to ask; its own row says so.
  if (sandboxed.length === 0 || dockerHost === undefined) return [];
  const onProgress = () => undefined;
  const parts = createImageParts({ settings, dockerHost, cacheFolder: options.cacheFolder, onProgress });
  const rows: DoctorRow[] = [];
  for (const { service, sandbox } of sandboxed) {
    const { images, dependencies, isReady } = await listImages(parts, [service]);
    const problems = [...images, ...dependencies].flatMap(({ problem }) => (problem === '' ? [] : [problem]));
    const layers = dependencies.filter(({ state }) => state === 'ready').length;
    const ready = `${images[0]?.from ?? sandbox.image}${layers === 0 ? '' : `, dependencies of ${layers} lockfiles`}`;
    rows.push({
      name: `Sandbox of ${service}`,
      found: isReady,
      version: sandbox.image,
      where: isReady ? ready : problems.join(' '),
      costsWithout: 'a reproduction takes longer to begin, or fails for want of its dependencies',
      remedy: `run \`resident images build ${service}\`, before an incident needs it`,
    });
  }
  return rows;
}
