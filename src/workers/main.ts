import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client } from '@temporalio/client';
import { NativeConnection, Runtime, Worker, makeTelemetryFilterString } from '@temporalio/worker';
import { cacheFolder, loadTemporalConnection } from '../config.ts';
import { taskQueues, type TaskQueueRole } from '../domain/names.ts';
import { createLogger } from '../logger.ts';
import { createActivityInterceptors } from './heartbeat.ts';
import { createObserveActivities } from './observe.ts';
import { createParts, type RoleActivities, type WorkerParts } from './parts.ts';
import { createReasonActivities } from './reason.ts';
import { createRemediateActivities } from './remediate.ts';
import { createResidentActivities } from './resident.ts';
import { createSandboxActivities } from './sandbox.ts';
import { buildWorkflowBundle } from './workflow-bundle.ts';

// A worker process: node --import tsx src/workers/main.ts --config resident.yaml [--roles resident,observe,…]
// One process can hold every role; production gives each role a process, and so a set of credentials, of its own.

const logger = createLogger('worker');
const connectLimitMs = 60_000;
const connectEveryMs = 200;
/** Sandboxes are heavy, and actions come one at a time per target; the rest is waiting for answers. */
const activitiesAtOnce: Readonly<Record<TaskQueueRole, number>> = {
  resident: 50,
  observe: 50,
  reason: 20,
  sandbox: 2,
  remediate: 10,
};
/** A workflow task waits this long for the worker that knows the workflow; after a crash that is time lost. */
const stickyTimeoutMs = 2_000;
const maxCachedWorkflows = 500;

async function start(): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: 'string', default: 'resident.yaml' }, roles: { type: 'string' } },
  });
  const parts = createParts(values.config, logger);
  const temporal = loadTemporalConnection(parts.settings.temporal);
  if (!temporal) throw new Error('No Temporal: set TEMPORAL_ADDRESS or temporal.address, or start with `resident up`.');
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
  const roles = readRoles(values.roles);
  const [bundle, connection] = await Promise.all([
    buildWorkflowBundle(cacheFolder()),
    connectPatiently(temporal.connectionOptions),
  ]);
  const client = new Client({ connection, namespace: temporal.namespace });
  const workers = await Promise.all(
    roles.map(async (role) =>
      Worker.create({
        connection,
        namespace: temporal.namespace,
        taskQueue: taskQueues[role],
        activities: await createActivities(role, parts, client),
        interceptors: { activity: [createActivityInterceptors] },
        maxConcurrentActivityTaskExecutions: activitiesAtOnce[role],
        shutdownGraceTime: '5 seconds',
        ...(role === 'resident'
          ? {
              workflowBundle: { codePath: bundle },
              stickyQueueScheduleToStartTimeout: stickyTimeoutMs,
              maxCachedWorkflows,
            }
          : {}),
      }),
    ),
  );
  logger.info({ roles, temporal: temporal.address }, 'polling');
  process.send?.({ polling: roles });
  await runUntilTold(workers);
}

function readRoles(given: string | undefined): TaskQueueRole[] {
  const all = Object.keys(taskQueues) as TaskQueueRole[];
  if (given === undefined) return all;
  const wanted = given.split(',').map((name) => name.trim());
  const unknown = wanted.filter((name) => !all.includes(name as TaskQueueRole));
  if (unknown.length > 0) throw new Error(`Unknown role: ${unknown.join(', ')}. Roles: ${all.join(', ')}.`);
  return wanted as TaskQueueRole[];
}

function createActivities(
  role: TaskQueueRole,
  parts: WorkerParts,
  client: Client,
): Promise<RoleActivities> | RoleActivities {
  switch (role) {
    case 'resident':
      return createResidentActivities(parts, client);
    case 'observe':
      return createObserveActivities(parts);
    case 'reason':
      return createReasonActivities(parts);
    case 'sandbox':
      return createSandboxActivities(parts);
    case 'remediate':
      return createRemediateActivities(parts);
  }
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

start().then(
  () => process.exit(0),
  (error: unknown) => {
    logger.fatal({ error: error instanceof Error ? error.message : String(error) }, 'the worker cannot go on');
    process.exit(1);
  },
);
