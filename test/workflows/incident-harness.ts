import { Context } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import type { AllActivities } from '../../src/activities/contract.ts';
import type { Alert } from '../../src/domain/incident/alert.ts';
import type { IncidentState } from '../../src/domain/incident/incident.ts';
import { incidentWorkflowId, taskQueues } from '../../src/domain/names.ts';
import { createActivityInterceptors } from '../../src/workers/heartbeat.ts';
import { createFakeActivities, type FakeActivities, type FakeOptions } from '../fakes/activities.ts';

export interface Running extends FakeActivities {
  readonly handle: WorkflowHandle;
  readonly service: string;
  state(): Promise<IncidentState>;
  /** Polls the state until it fits; throws with the last timeline after the limit. */
  until(fits: (state: IncidentState) => boolean): Promise<IncidentState>;
  result(): Promise<IncidentState>;
  signalAlert(partial?: Partial<Alert>): Promise<void>;
  /** Drops its fakes and all that they hold; for a test that opens hundreds of incidents, once this one is over. */
  forget(): void;
}

export interface Harness {
  readonly client: Client;
  /** Opens an incident on a service of its own, with fake activities. */
  open(options?: FakeOptions): Promise<Running>;
  /** Stops every worker and starts new ones, which know no workflow and replay each from its history. */
  restartWorkers(): Promise<void>;
}

const pollMs = 20;
const limitMs = 20_000;

/** Describes a group that runs on a dev server of its own; it is skipped where there is no Temporal program. */
export function describeWithServer(name: string, body: (harness: () => Harness) => void): void {
  const program = inject('temporalProgram');
  describe.skipIf(program === '')(name, () => {
    let harness: Harness | undefined;
    let stop = async (): Promise<void> => {};
    beforeAll(async () => {
      const started = await startHarness(program, inject('workflowBundle'));
      harness = started.harness;
      stop = started.stop;
    });
    afterAll(async () => stop());
    body(() => {
      if (!harness) throw new Error('The dev server did not start.');
      return harness;
    });
  });
}

export async function startTestServer(program: string): Promise<TestWorkflowEnvironment> {
  const keywords = ['Service', 'Severity', 'Phase', 'Outcome'];
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: program },
      extraArgs: [
        ...['--dynamic-config-value', 'history.transferProcessorMaxPollRPS=2000'],
        ...keywords.flatMap((keyword) => ['--search-attribute', `Resident${keyword}=Keyword`]),
        ...['--search-attribute', 'ResidentAwaitingApproval=Bool'],
      ],
    },
  });
}

/** A dev server and workers with fake activities; for tests, and for recording histories. */
export async function startHarness(
  program: string,
  bundle: string,
): Promise<{ harness: Harness; stop: () => Promise<void> }> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const environment = await startTestServer(program);
  const fakesByService = new Map<string, FakeActivities>();
  const start = () => startWorkers(environment, bundle, dispatchByService(fakesByService));
  let workers = await start();
  let counter = 0;
  const open = async (options: FakeOptions = {}): Promise<Running> => {
    counter += 1;
    const service = `svc${counter}`;
    const fakes = createFakeActivities(service, options);
    fakesByService.set(service, fakes);
    const handle = await environment.client.workflow.signalWithStart('incident', {
      workflowId: incidentWorkflowId(service),
      taskQueue: taskQueues.resident,
      args: [{ service }],
      signal: 'alert',
      signalArgs: [createAlert(service)],
    });
    return { ...fakes, ...follow(handle, service), forget: () => void fakesByService.delete(service) };
  };
  const stop = async (): Promise<void> => {
    await workers.stop();
    await environment.teardown();
  };
  const restartWorkers = async (): Promise<void> => {
    await workers.stop();
    workers = await start();
  };
  return { harness: { client: environment.client, open, restartWorkers }, stop };
}

/** Finds the fakes of the incident that an activity belongs to by its workflow's id. */
function dispatchByService(fakesByService: Map<string, FakeActivities>): AllActivities {
  const names = Object.keys(createFakeActivities('any').activities) as (keyof AllActivities)[];
  const serviceOf = (workflowId: string): string => /(svc\d+)/.exec(workflowId)?.[1] ?? '';
  const entries = names.map((name) => [
    name,
    async (input: never) => {
      const fakes = fakesByService.get(serviceOf(Context.current().info.workflowExecution?.workflowId ?? ''));
      if (!fakes) throw new Error('An activity belongs to no incident of this test.');
      return fakes.activities[name](input);
    },
  ]);
  return Object.fromEntries(entries) as AllActivities;
}

async function startWorkers(
  environment: TestWorkflowEnvironment,
  bundle: string,
  activities: AllActivities,
): Promise<{ stop: () => Promise<void> }> {
  const workers = await Promise.all(
    Object.values(taskQueues).map((taskQueue) =>
      Worker.create({
        connection: environment.nativeConnection,
        taskQueue,
        activities,
        interceptors: { activity: [createActivityInterceptors] },
        ...(taskQueue === taskQueues.resident ? { workflowBundle: { codePath: bundle } } : {}),
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  const stop = async (): Promise<void> => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  };
  return { stop };
}

function follow(handle: WorkflowHandle, service: string): Omit<Running, keyof FakeActivities | 'forget'> {
  const state = (): Promise<IncidentState> => handle.query<IncidentState>('state');
  return {
    handle,
    service,
    state,
    result: () => handle.result() as Promise<IncidentState>,
    signalAlert: (partial) => handle.signal('alert', createAlert(service, partial)),
    until: async (fits) => {
      const deadline = Date.now() + limitMs;
      for (;;) {
        const current = await state();
        if (fits(current)) return current;
        if (Date.now() > deadline) {
          throw new Error(
            `The state never fitted. Timeline:\n${current.timeline.map((entry) => entry.text).join('\n')}`,
          );
        }
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
    },
  };
}

export function createAlert(service: string, partial: Partial<Alert> = {}): Alert {
  return {
    id: 'alert-1',
    sender: 'test',
    fingerprint: 'f1',
    status: 'firing',
    name: 'ErrorsHigh',
    service,
    severity: 'critical',
    summary: 'many errors',
    labels: {},
    annotations: {},
    startsAt: new Date().toISOString(),
    receivedAt: new Date().toISOString(),
    ...partial,
  };
}
