import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, makeTelemetryFilterString, type WorkerOptions } from '@temporalio/worker';
import { loadTemporalConnection } from '../config.ts';
import { taskQueues, type TaskQueueRole } from '../domain/names.ts';
import { createLogger, type Logger } from '../logger.ts';
import { createActivityInterceptors } from './heartbeat.ts';
import { createParts, type RoleActivities, type WorkerParts } from './parts.ts';

/** What a role brings to its worker: its activities, and the options that are its own. */
export type RoleOptions = { readonly activities: RoleActivities } & Pick<
  WorkerOptions,
  | 'maxConcurrentActivityTaskExecutions'
  | 'maxHeartbeatThrottleInterval'
  | 'workflowBundle'
  | 'stickyQueueScheduleToStartTimeout'
  | 'maxCachedWorkflows'
>;

export interface RoleParts extends WorkerParts {
  readonly client: Client;
}

export type RoleFactories = Readonly<Partial<Record<TaskQueueRole, (parts: RoleParts) => Promise<RoleOptions>>>>;

const connectLimitMs = 60_000;
const connectEveryMs = 200;

/**
 * The main program of a worker process: `--config resident.yaml [--roles observe,reason,…]`. Serves the roles that it has
 * factories for, or those of them that are named, until a signal comes or the supervisor ends.
 */
export function serve(name: string, factories: RoleFactories): void {
  const logger = createLogger(name);
  start(logger, factories).then(
    () => process.exit(0),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.fatal({ error: reason }, 'the worker cannot go on');
      // The supervisor's terminal is where people look.
      if (process.send) process.send({ cannotStart: { reason } }, () => process.exit(1));
      else process.exit(1);
    },
  );
}

async function start(logger: Logger, factories: RoleFactories): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: 'string', default: 'resident.yaml' }, roles: { type: 'string' } },
  });
  const roles = readRoles(values.roles, Object.keys(factories) as TaskQueueRole[]);
  const parts = createParts(values.config, logger, { knowsSecrets: roles.some((role) => role !== 'sandbox') });
  const temporal = loadTemporalConnection(parts.settings.temporal);
  if (!temporal) throw new Error('No Temporal: set TEMPORAL_ADDRESS or temporal.address, or start with `resident up`.');
  installRuntime(logger);
  const connection = await connectPatiently(temporal.connectionOptions);
  const { namespace } = temporal;
  const client = new Client({ connection, namespace });
  const workers = await Promise.all(
    roles.map(async (role) =>
      Worker.create({
        connection,
        namespace,
        taskQueue: taskQueues[role],
        interceptors: { activity: [createActivityInterceptors] },
        shutdownGraceTime: '5 seconds',
        ...(await factories[role]?.({ ...parts, client })),
      }),
    ),
  );
  logger.info({ roles, temporal: temporal.address }, 'polling');
  process.send?.({ polling: roles });
  await runUntilTold(workers);
}

function readRoles(given: string | undefined, all: readonly TaskQueueRole[]): readonly TaskQueueRole[] {
  if (given === undefined) return all;
  const wanted = given.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !all.includes(name as TaskQueueRole));
  if (unknown.length > 0) throw new Error(`Unknown role: ${unknown.join(', ')}. Roles: ${all.join(', ')}.`);
  return wanted as TaskQueueRole[];
}

function installRuntime(logger: Logger): void {
  Runtime.install({
    logger: {
      // The SDK tells of each task with all its payloads here: they belong into the history, and not into a log as well.
      log: (level, message, meta) => {
        if (level === 'WARN') logger.warn(meta ?? {}, message);
        if (level === 'ERROR') logger.error(meta ?? {}, message);
      },
      trace: () => {},
      debug: () => {},
      info: () => {},
      warn: (message, meta) => logger.warn(meta ?? {}, message),
      error: (message, meta) => logger.error(meta ?? {}, message),
    },
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} },
    },
    // The supervisor's signals are handled below, with the end of the supervisor itself.
    shutdownSignals: [],
  });
}

/** The server may be starting again just now; a worker that gives up at once would only be started again. */
async function connectPatiently(options: Parameters<typeof NativeConnection.connect>[0]): Promise<NativeConnection> {
  const deadline = Date.now() + connectLimitMs;
  for (;;) {
    try {
      return await NativeConnection.connect(options);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(connectEveryMs);
    }
  }
}

/** Ends on a signal, or with the supervisor; activities at work get the grace time. */
async function runUntilTold(workers: readonly Worker[]): Promise<void> {
  const end = (): void => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  process.on('disconnect', end);
  await Promise.all(workers.map((worker) => worker.run()));
}
