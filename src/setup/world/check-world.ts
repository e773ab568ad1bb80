import type { FoundFault } from '../../config/check-references.ts';
import { asMapping } from '../../config/raw.ts';
import { checkCommands } from './check-commands.ts';
import { checkEngine } from './check-engine.ts';
import { checkFiles } from './check-files.ts';
import { checkImages } from './check-images.ts';
import type { HttpOptions } from '../../adapters/http-ask.ts';
import { checkPrometheus } from './check-prometheus.ts';
import { checkRepositories } from './check-repositories.ts';
import { checkSandboxes } from './check-sandboxes.ts';
import { checkTraces } from './check-traces.ts';

/** What to look at: resident.yaml as people wrote it, and where its names lead from. */
export interface World {
  readonly raw: unknown;
  /** The folder of resident.yaml. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cacheFolder: string;
  readonly prometheus?: HttpOptions;
  readonly jaeger?: HttpOptions;
}

/** A fault is what cannot work; a note is what may be meant, or may come later. */
export interface WorldFindings {
  readonly faults: readonly FoundFault[];
  readonly notes: readonly FoundFault[];
}

/**
 * Looks whether what resident.yaml names is there: files, repositories, programs, Prometheus, traces, images, the model's key. Nothing is changed,
 * started or fetched, and each look has a time limit of seconds. What has the wrong shape is passed over.
 */
export async function checkWorld(world: World): Promise<WorldFindings> {
  const services = Object.entries(asMapping(asMapping(world.raw)['services'])).map(
    ([name, entry]) => [name, asMapping(entry)] as const,
  );
  const found = await Promise.all([
    checkFiles(services, world),
    checkRepositories(services, world),
    checkCommands(services, world),
    checkImages(services, world),
    checkSandboxes(services, world),
    checkPrometheus(world),
    checkTraces(services, world),
  ]);
  found.push(checkEngine(world));
  return { faults: found.flatMap((one) => one.faults), notes: found.flatMap((one) => one.notes) };
}
