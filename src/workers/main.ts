import { cacheFolder } from '../config.ts';
import { createObserveActivities } from './observe.ts';
import { createReasonActivities } from './reason.ts';
import { createRemediateActivities } from './remediate.ts';
import { createResidentActivities } from './resident.ts';
import { createSandboxRole } from './sandbox.ts';
import { serve } from './serve.ts';
import { buildWorkflowBundle } from './workflow-bundle.ts';

// A worker process: node --import tsx src/workers/main.ts --config resident.yaml [--roles resident,observe,…]
// One process can hold every role; production gives each role a process, and so a set of credentials, of its own.

/** A workflow task waits this long for the worker that knows the workflow; after a crash that is time lost. */
const stickyTimeoutMs = 2_000;
const maxCachedWorkflows = 500;

// Actions come one at a time per target, and of sandboxes the configuration tells; the rest is waiting for answers.
serve('worker', {
  resident: async (parts) => {
    const [codePath, activities] = await Promise.all([
      buildWorkflowBundle(cacheFolder()),
      createResidentActivities(parts, parts.client),
    ]);
    return {
      activities,
      maxConcurrentActivityTaskExecutions: 50,
      workflowBundle: { codePath },
      stickyQueueScheduleToStartTimeout: stickyTimeoutMs,
      maxCachedWorkflows,
    };
  },
  observe: async (parts) => ({
    activities: createObserveActivities(parts),
    maxConcurrentActivityTaskExecutions: 50,
  }),
  reason: async (parts) => ({
    activities: await createReasonActivities(parts),
    maxConcurrentActivityTaskExecutions: 20,
  }),
  remediate: async (parts) => ({
    activities: await createRemediateActivities(parts),
    maxConcurrentActivityTaskExecutions: 10,
  }),
  sandbox: createSandboxRole,
});
