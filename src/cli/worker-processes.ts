import { workerEnvironment } from '../config.ts';
import { taskQueues, type TaskQueueRole } from '../domain/names.ts';

/** One worker process: as run.json and the log's file call it, what it does, and what it may see of our environment. */
export interface WorkerProcess {
  readonly name: 'worker' | 'sandbox-worker';
  readonly program: string;
  readonly roles: readonly TaskQueueRole[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface WorkerSurroundings {
  readonly temporalAddress: string;
  /** Undefined: the sandbox worker looks for an engine at the default socket. `none`: there is no sandbox. */
  readonly dockerHost?: string | undefined;
  /** What else the processes are told, for example how to run our TypeScript. */
  readonly extra?: Readonly<Record<string, string>>;
}

/**
 * Two processes: the Docker socket is root on its machine, so the one that holds it does nothing else and knows no other
 * secret, and all the others know nothing of the socket. Without a sandbox one process is enough: it says so itself.
 */
export function planWorkers({ temporalAddress, dockerHost, extra }: WorkerSurroundings): readonly WorkerProcess[] {
  const all = Object.keys(taskQueues) as TaskQueueRole[];
  const variables = { ...extra, TEMPORAL_ADDRESS: temporalAddress };
  const others = workerEnvironment('others', variables);
  const main = { name: 'worker', program: 'src/workers/main.ts' } as const;
  if (dockerHost === 'none') return [{ ...main, roles: all, environment: { ...others, DOCKER_HOST: 'none' } }];
  return [
    { ...main, roles: all.filter((role) => role !== 'sandbox'), environment: others },
    {
      name: 'sandbox-worker',
      program: 'src/workers/sandbox-main.ts',
      roles: ['sandbox'],
      environment: workerEnvironment('sandbox', { ...variables, ...(dockerHost ? { DOCKER_HOST: dockerHost } : {}) }),
    },
  ];
}
