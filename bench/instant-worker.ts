import { Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { AllActivities } from '../src/activities/contract.ts';
import { cacheFolder } from '../src/config.ts';
import { taskQueues } from '../src/domain/names.ts';
import { cannotRun, type SandboxRequest } from '../src/domain/reproduction/reproduction.ts';
import { createActivityInterceptors } from '../src/workers/heartbeat.ts';
import { buildWorkflowBundle } from '../src/workers/workflow-bundle.ts';
import { createFakeActivities, type FakeActivities } from '../test/fakes/activities.ts';

// The product's workflows and worker interceptors, on all five task queues as one process holds them, with sources,
// analyst and sandbox that answer at once.

const fakes = new Map<string, FakeActivities>();
const packed: SandboxRequest = {
  incidentId: '',
  runId: '',
  image: 'node',
  workService: 'none',
  setup: [],
  command: ['true'],
  suspectService: 'none',
  revisions: [],
  suspectIndex: 0,
  neighbours: [],
  limits: { memoryMb: 1, cpus: 1, timeoutMs: 1, outputBytes: 1 },
};

function fakesOf(workflowId: string): FakeActivities {
  const service = /^incident\/([^/]+)/.exec(workflowId)?.[1];
  if (service === undefined) throw new Error(`${workflowId} is no incident of the bench.`);
  const known = fakes.get(service);
  if (known) return known;
  const created = createFakeActivities(service, {
    overrides: { packSources: async () => packed, runReproduction: async () => cannotRun('This is the bench.') },
  });
  fakes.set(service, created);
  return created;
}

const names = Object.keys(createFakeActivities('any').activities) as (keyof AllActivities)[];
const activities = Object.fromEntries(
  names.map((name) => [
    name,
    async (input: never) => fakesOf(Context.current().info.workflowExecution?.workflowId ?? '').activities[name](input),
  ]),
);

const [address = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const codePath = await buildWorkflowBundle(cacheFolder());
const connection = await NativeConnection.connect({ address });
const workers = await Promise.all(
  Object.values(taskQueues).map((taskQueue) =>
    Worker.create({
      connection,
      taskQueue,
      activities,
      interceptors: { activity: [createActivityInterceptors] },
      ...(taskQueue === taskQueues.resident ? { workflowBundle: { codePath } } : {}),
    }),
  ),
);
process.on('disconnect', () => {
  for (const worker of workers) worker.shutdown();
});
process.send?.({ polling: true });
await Promise.all(workers.map((worker) => worker.run()));
process.exit(0);
