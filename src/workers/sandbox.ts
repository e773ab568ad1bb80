import type { SandboxActivities } from '../activities/contract.ts';
import { createRunReproduction } from '../activities/run-reproduction.ts';
import { createDockerSandbox } from '../adapters/docker/sandbox.ts';
import { createImageBuilder } from '../adapters/image-builder/builder.ts';
import { readVariable } from '../config.ts';
import { cannotRun } from '../domain/reproduction.ts';
import type { WorkerParts } from './parts.ts';

const switchedOff = 'The sandbox is switched off (`resident up --no-docker`, or DOCKER_HOST=none).';

/** Queue `sandbox`: the Docker socket. Containers that a killed worker left behind are removed before anything else. */
export async function createSandboxActivities({ store, logger, redact }: WorkerParts): Promise<SandboxActivities> {
  const dockerHost = readVariable('DOCKER_HOST');
  if (dockerHost === 'none') return { runReproduction: async () => cannotRun(switchedOff) };
  const address = dockerHost ? { dockerHost } : {};
  const sandbox = createDockerSandbox({ address, images: createImageBuilder({ address }), logger });
  const preflight = await sandbox.preflight();
  if (preflight.ok) await sandbox.reap({ orphans: true });
  else logger.warn({ reason: preflight.reason }, 'No sandbox: plans will be marked as not reproduced.');
  return { runReproduction: createRunReproduction({ sandbox, store, redact }) };
}
