import { totalmem } from 'node:os';
import path from 'node:path';
import type { SandboxActivities } from '../activities/contract.ts';
import { createRunReproduction } from '../activities/sandbox/run-reproduction.ts';
import { createDockerSandbox, suggestConcurrent, type PoolLimits, type Sandbox } from '../adapters/docker/sandbox.ts';
import { createDependencies, dependencyCacheName } from '../adapters/dependencies/dependencies.ts';
import { withDependencies } from '../adapters/dependencies/with-dependencies.ts';
import { createImageBuilder } from '../adapters/image-builder/builder.ts';
import { rememberRuns } from '../adapters/remember-runs.ts';
import { createRunCache } from '../adapters/run-cache.ts';
import { cacheFolder, readVariable } from '../config.ts';
import { cannotRun } from '../domain/reproduction/reproduction.ts';
import type { ResidentSettings } from '../domain/settings.ts';
import { ensureReaperSchedule } from './reaper-schedule.ts';
import { parseSandboxRequest } from './sandbox-request.ts';
import type { RoleOptions, RoleParts } from './serve.ts';

const switchedOff = 'The sandbox is switched off (`resident up --no-docker`, or DOCKER_HOST=none).';
const withoutEngine: SandboxActivities = {
  runReproduction: async () => cannotRun(switchedOff),
  reapSandboxes: async () => ({ removed: 0, reason: switchedOff }),
};
/** A cancel reaches an activity with the answer to a heartbeat, so a sandbox must not wait long for its next one. */
const maxHeartbeatThrottleInterval = '1 second';

/** Queue `sandbox`: the Docker socket. Containers that a killed worker left behind are removed before anything else. */
export async function createSandboxRole(parts: RoleParts): Promise<RoleOptions> {
  const { settings, store, logger, redact, client } = parts;
  const dockerHost = readVariable('DOCKER_HOST');
  if (dockerHost === 'none') return { activities: withoutEngine };
  const address = dockerHost ? { dockerHost } : {};
  const images = createImageBuilder({ address, recordsFile: parts.stateFolder('images.json') });
  const concurrent = settings.sandbox.concurrent ?? suggestConcurrent();
  const poolLimits = limitTogether(settings, concurrent);
  const sandbox = createDockerSandbox({ address, images, logger, ...settings.sandbox, concurrent, poolLimits });
  const { reason } = await reap(sandbox);
  if (reason !== undefined) logger.warn({ reason }, 'No sandbox: plans will be marked as not reproduced.');
  // Without it leftovers wait for the next start of a worker, which is no reason not to start.
  ensureReaperSchedule(client).catch((error: unknown) =>
    logger.warn({ error }, 'The Schedule that removes leftovers could not be made.'),
  );
  const cache = createRunCache({ folder: parts.stateFolder('runs'), ...settings.sandbox });
  const remembering = rememberRuns(sandbox, { cache, store, logger });
  const dependencies = createDependencies({ address, folder: path.join(cacheFolder(), dependencyCacheName) });
  // Outermost: what is remembered belongs to the image with the layers.
  const equipped = withDependencies(remembering, dependencies, (service) => {
    return parts.currentSettings().services[service]?.sandbox?.dependencies;
  });
  const runReproduction = createRunReproduction({ sandbox: equipped, store, redact });
  return {
    activities: {
      runReproduction: (request) => runReproduction(parseSandboxRequest(request, listImages(parts.currentSettings()))),
      reapSandboxes: () => reap(sandbox),
    },
    maxConcurrentActivityTaskExecutions: sandbox.concurrent,
    maxHeartbeatThrottleInterval,
  };
}

/** An engine that is away has nothing to remove: that is an answer, not a failure. */
async function reap(sandbox: Sandbox): ReturnType<SandboxActivities['reapSandboxes']> {
  const preflight = await sandbox.preflight();
  if (!preflight.ok) return { removed: 0, reason: preflight.reason };
  return { removed: (await sandbox.reap({ orphans: true })).length };
}

const defaultMemoryMb = 512;
const mostOfMachine = 0.75;
const processesEach = 1_024;

/** One run may take a container for each service that has a source, so that a pool in good order never meets its limits. */
function limitTogether({ services }: ResidentSettings, concurrent: number): PoolLimits {
  const members = Object.values(services).filter(({ source }) => source !== undefined);
  const memoryMb = members.reduce((sum, { sandbox }) => sum + (sandbox?.memoryMb ?? defaultMemoryMb), defaultMemoryMb);
  return {
    memoryMb: Math.floor(Math.min(concurrent * memoryMb, (totalmem() / 1024 / 1024) * mostOfMachine)),
    processes: concurrent * (members.length + 1) * processesEach,
  };
}

function listImages({ services }: ResidentSettings): readonly string[] {
  return Object.values(services).flatMap(({ sandbox }) => (sandbox ? [sandbox.image] : []));
}
