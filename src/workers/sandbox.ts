import { createRunReproduction } from '../activities/run-reproduction.ts';
import { createDockerSandbox } from '../adapters/docker/sandbox.ts';
import { createImageBuilder } from '../adapters/image-builder/builder.ts';
import { readVariable } from '../config.ts';
import { cannotRun } from '../domain/reproduction.ts';
import type { RoleOptions, RoleParts } from './serve.ts';

const switchedOff = 'The sandbox is switched off (`resident up --no-docker`, or DOCKER_HOST=none).';
/** A cancel reaches an activity with the answer to a heartbeat, so a sandbox must not wait long for its next one. */
const maxHeartbeatThrottleInterval = '1 second';

/** Queue `sandbox`: the Docker socket. Containers that a killed worker left behind are removed before anything else. */
export async function createSandboxRole({ settings, store, logger, redact }: RoleParts): Promise<RoleOptions> {
  const dockerHost = readVariable('DOCKER_HOST');
  if (dockerHost === 'none') return { activities: { runReproduction: async () => cannotRun(switchedOff) } };
  const address = dockerHost ? { dockerHost } : {};
  const images = createImageBuilder({ address });
  const sandbox = createDockerSandbox({ address, images, logger, ...settings.sandbox });
  const preflight = await sandbox.preflight();
  if (preflight.ok) await sandbox.reap({ orphans: true });
  else logger.warn({ reason: preflight.reason }, 'No sandbox: plans will be marked as not reproduced.');
  return {
    activities: { runReproduction: createRunReproduction({ sandbox, store, redact }) },
    maxConcurrentActivityTaskExecutions: sandbox.concurrent,
    maxHeartbeatThrottleInterval,
  };
}
