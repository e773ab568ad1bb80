import path from 'node:path';
import { checkEngine, openEngine } from '../../adapters/docker/engine.ts';
import { checkRuntime } from '../../adapters/docker/sandbox.ts';
import type { ResidentSettings } from '../../domain/settings.ts';
import type { DoctorRow } from '../doctor.ts';
import { lookForEngine, type EngineOptions } from '../look-for-engine.ts';
import { resolveDeployedImages } from './deployed-images.ts';
import { explainImage } from './explain-image.ts';
import { listImages, type ImageList } from './list-images.ts';
import { createImageParts, listSandboxed, type SandboxedService } from './parts.ts';

/** For each service with a sandbox whether a reproduction could begin now, and what to do if not. Changes nothing. */
export async function inspectSandboxes(
  configured: ResidentSettings,
  options: EngineOptions,
): Promise<readonly DoctorRow[]> {
  const settings = await resolveDeployedImages(configured);
  const sandboxed = listSandboxed(settings);
  if (sandboxed.length === 0) return [];
  const dockerHost = (await lookForEngine(options))?.address;
  if (dockerHost === undefined) return inspectWithoutEngine(settings, sandboxed);
  const onProgress = () => undefined;
  const parts = createImageParts({ settings, dockerHost, cacheFolder: options.cacheFolder, onProgress });
  const rows = await inspectRuntime(settings, dockerHost);
  for (const each of sandboxed) rows.push(describeSandbox(each, await listImages(parts, [each.service])));
  return rows;
}

/** Nothing can be asked of an engine, and its own row says so; what cannot work with any engine is told all the same. */
async function inspectWithoutEngine(
  { stateFolder }: ResidentSettings,
  sandboxed: readonly SandboxedService[],
): Promise<readonly DoctorRow[]> {
  const rows: DoctorRow[] = [];
  for (const { service, sandbox } of sandboxed) {
    const where = await explainImage(sandbox.image, { recordsFile: path.join(stateFolder, 'images.json') });
    if (where !== undefined)
      rows.push({ ...rowOf(service, sandbox.image), found: false, where, remedy: correct(service) });
  }
  return rows;
}

async function inspectRuntime({ sandbox: { runtime } }: ResidentSettings, dockerHost: string): Promise<DoctorRow[]> {
  if (runtime === undefined) return [];
  const docker = openEngine({ dockerHost });
  const engine = await checkEngine(docker, { dockerHost });
  const checked = engine.ok ? await checkRuntime(docker, { dockerHost }, runtime, engine) : engine;
  return [
    {
      name: 'Sandbox runtime',
      found: checked.ok,
      version: runtime,
      where: checked.ok ? dockerHost : checked.reason,
      costsWithout: 'no reproduction: plans are marked as not reproduced',
      remedy: 'install the runtime where the engine runs, or correct `sandbox.runtime`',
    },
  ];
}

function describeSandbox(
  { service, sandbox }: SandboxedService,
  { images, dependencies, isReady }: ImageList,
): DoctorRow {
  const problems = [...images, ...dependencies].flatMap(({ problem }) => (problem === '' ? [] : [problem]));
  const layers = dependencies.filter(({ state }) => state === 'ready').length;
  const ready = `${images[0]?.from ?? sandbox.image}${layers === 0 ? '' : `, dependencies of ${layers} lockfiles`}`;
  return {
    ...rowOf(service, sandbox.image),
    found: isReady,
    where: isReady ? ready : problems.join(' '),
    remedy: chooseRemedy(service, { images, dependencies }),
  };
}

/** `resident images build` is told only where it makes what is missing. */
function chooseRemedy(service: string, { images, dependencies }: Pick<ImageList, 'images' | 'dependencies'>): string {
  const missing = images.filter(({ state }) => state !== 'ready');
  if (missing.some(({ madeBy }) => madeBy === undefined)) return correct(service);
  const build = `run \`resident images build ${service}`;
  if (missing.some(({ madeBy }) => madeBy === 'pull')) return `${build} --pull\`, before an incident needs it`;
  if (missing.length > 0 || dependencies.some(({ state }) => state === 'to-prepare')) {
    return `${build}\`, before an incident needs it`;
  }
  return 'do what the reason says; docs/sandbox.md tells what is read';
}

function correct(service: string): string {
  return `correct \`sandbox.image\` of ${service}, as the reason says`;
}

function rowOf(service: string, image: string) {
  return {
    name: `Sandbox of ${service}`,
    version: image,
    costsWithout: 'a reproduction takes longer to begin, or fails for want of its dependencies',
  };
}
