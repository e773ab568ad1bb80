import type { SandboxRequest } from '../../src/domain/reproduction/reproduction.ts';

/** A request to run the tests of the service `app`, whose last revision is the suspect. */
export function makeSandboxRequest({
  revisions,
  ...rest
}: Pick<SandboxRequest, 'revisions'> & Partial<SandboxRequest>): SandboxRequest {
  return {
    ...{ incidentId: 'incident/app', runId: 'run-1', image: 'node', workService: 'app', suspectService: 'app' },
    ...{ setup: [], command: ['npm', 'test'], neighbours: [], revisions, suspectIndex: revisions.length - 1 },
    limits: { memoryMb: 256, cpus: 1, timeoutMs: 9_000, outputBytes: 1_000 },
    ...rest,
  };
}
